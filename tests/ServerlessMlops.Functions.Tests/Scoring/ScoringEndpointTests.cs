using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Functions.Scoring;

namespace ServerlessMlops.Functions.Tests.Scoring;

public sealed class ScoringEndpointTests : IAsyncLifetime
{
    private ScoringApp _app = null!;
    private FakeModels _models = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _app = await ScoringApp.StartAsync();
        _models = _app.Models;
        _client = _app.Client;
    }

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [Fact]
    public async Task Post_GoodRows_AnswersPredictionsThatCanBeLookedUp()
    {
        using HttpResponseMessage response = await PostAsync("""{"dataframe_split":{"columns":["speed","flight_id"],"data":[[30,"k1"],[60,"k2"]]}}""");
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.ToString().ShouldBe("application/json; charset=utf-8");
        JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        answer.GetProperty("version").GetInt32().ShouldBe(1);
        answer.GetProperty("predictions")[1].GetProperty("decision").GetString().ShouldBe("yes");
        string id = answer.GetProperty("predictions")[1].GetProperty("inferenceId").GetString()!;

        (PredictionEvidence? found, _) = await Lookup.FindAsync(id, null, 1, default);
        found.ShouldNotBeNull().Prediction.GetProperty("key").GetString().ShouldBe("k2");
        found.Model!.DatasetId.ShouldBe("data-1");
        found.Model.Gates.Single().Passed.ShouldBeTrue();
        found.Promotions.Single().Actor.ShouldBe("ann");
    }

    [Fact]
    public async Task Post_WithACallersId_IsLookedUpByPipeline()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/models/flights/invocations") { Content = Json("""{"instances":[[30]]}""") };
        request.Headers.Add("Inference-Id", "order-4711");
        using HttpResponseMessage response = await _client.SendAsync(request);
        (await response.Content.ReadAsStringAsync()).ShouldContain("\"inferenceId\":\"order-4711\"");

        (await Lookup.FindAsync("order-4711", null, 24, default)).Problem!.Status.ShouldBe(400);
        (await Lookup.FindAsync("order-4712", "flights", 2, default)).Problem!.Status.ShouldBe(404);
        (PredictionEvidence? found, _) = await Lookup.FindAsync("order-4711", "flights", 2, default);
        found.ShouldNotBeNull().Prediction.GetProperty("features").GetProperty("speed").GetSingle().ShouldBe(30);
    }

    [Fact]
    public async Task Post_Csv_IsRead()
    {
        using HttpResponseMessage response = await _client.PostAsync("/models/flights/invocations", new StringContent("speed\n30\n", Encoding.UTF8, "text/csv"));
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("""{"instances":[["fast"]]}""", "application/json", 400)]
    [InlineData("not json", "application/json", 400)]
    [InlineData("<xml/>", "application/xml", 415)]
    [InlineData("{}", "application/jsonlines", 415)]
    public async Task Post_BadBodies_AreProblems(string body, string type, int status)
    {
        using HttpResponseMessage response = await _client.PostAsync("/models/flights/invocations", new StringContent(body, Encoding.UTF8, type));
        await ShouldBeProblemAsync(response, status);
    }

    [Fact]
    public async Task Post_TooLarge_Is413WithAndWithoutALength()
    {
        string rows = $$"""{"instances":[{{string.Join(',', Enumerable.Repeat("[1]", 501))}}]}""";
        await ShouldBeProblemAsync(await PostAsync(rows), 413);
        string big = """{"instances":[[1""" + new string(' ', 70_000) + "]]}";
        await ShouldBeProblemAsync(await PostAsync(big), 413);
        using var chunked = new HttpRequestMessage(HttpMethod.Post, "/models/flights/invocations") { Content = Json(big) };
        chunked.Headers.TransferEncodingChunked = true;
        await ShouldBeProblemAsync(await _client.SendAsync(chunked), 413);
    }

    [Fact]
    public async Task Post_BadHeaderId_Is400()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/models/flights/invocations") { Content = Json("""{"instances":[[30]]}""") };
        request.Headers.Add("Inference-Id", "no spaces");
        await ShouldBeProblemAsync(await _client.SendAsync(request), 400);
    }

    [Fact]
    public async Task Post_UnknownPipeline_Is404() =>
        await ShouldBeProblemAsync(await _client.PostAsync("/models/none-such/invocations", Json("{}")), 404);

    [Fact]
    public async Task Post_FuzzedBodies_NeverBreakTheServer()
    {
        var random = new Random(42);
        byte[] seed = """{"dataframe_split":{"columns":["speed","flight_id"],"data":[[30,"k1"],[60,"k2"]]}}"""u8.ToArray();
        for (int i = 0; i < 300; i++)
        {
            byte[] body = [.. seed];
            for (int edits = random.Next(1, 5); edits > 0; edits--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            using var content = new ByteArrayContent(body);
            content.Headers.Add("Content-Type", "application/json");
            using HttpResponseMessage response = await _client.PostAsync("/models/flights/invocations", content);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                await ShouldBeProblemAsync(response, 400);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Post_CallerHangsUpHalfWay_LeavesNothingBehindAndIsNoFaultOfTheModel(bool resets)
    {
        (await PostAsync("""{"instances":[[30]]}""")).StatusCode.ShouldBe(HttpStatusCode.OK);
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(resets, 0) })
        {
            await socket.ConnectAsync(IPAddress.Loopback, _client.BaseAddress!.Port);
            await socket.SendAsync("POST /models/flights/invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"inst"u8.ToArray());
            await Eventually.HoldsAsync(() => Endpoint.RequestsInFlight == 1, "the request");
        }

        await Eventually.HoldsAsync(() => Endpoint.RequestsInFlight == 0, "its end");
        (await PostAsync("""{"instances":[[30]]}""")).StatusCode.ShouldBe(HttpStatusCode.OK);
        var counted = new long[StatusClasses.Count];
        await Eventually.HoldsAsync(() => Count() == 3, "all in the model's counts");
        counted[StatusClasses.ServerFault].ShouldBe(0);

        long Count()
        {
            foreach (WindowCounter counter in _app.Services.GetRequiredService<WindowCounters>().All)
            {
                long[] statuses = counter.TakeSnapshot(DateTimeOffset.UnixEpoch)?.Sums.Statuses ?? new long[StatusClasses.Count];
                counted = [.. counted.Zip(statuses, (a, b) => a + b)];
            }

            return counted.Sum();
        }
    }

    [Fact]
    public async Task Post_WhileVersionsAreSwapped_NeverFailsAndEachAnswerIsOfOneVersion()
    {
        using var done = new CancellationTokenSource();
        Task swapper = Task.Run(async () =>
        {
            for (int version = 2; version <= 4; version++)
            {
                _models.Serve(version);
                await Eventually.HoldsAsync(() => _app.Services.GetRequiredService<ModelCache>().States().Any(s => s.Version == version), $"version {version}");
            }

            await done.CancelAsync();
        });
        int answers = 0;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                using HttpResponseMessage response = await PostAsync("""{"instances":[[30],[60],[null]]}""");
                response.StatusCode.ShouldBe(HttpStatusCode.OK);
                JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>();
                float thousandths = answer.GetProperty("version").GetInt32() / 1000f;
                foreach ((JsonElement prediction, float expected) in answer.GetProperty("predictions").EnumerateArray().Zip([0.3f, 0.6f, 0f]))
                {
                    prediction.GetProperty("probability").GetSingle().ShouldBe(expected + thousandths, 1e-6f);
                }

                Interlocked.Increment(ref answers);
            }
        })));
        await swapper;
        answers.ShouldBeGreaterThan(50);
    }

    private static Task ShouldBeProblemAsync(HttpResponseMessage response, int status) => ScoringApp.ShouldBeProblemAsync(response, status);

    private ScoringEndpoint Endpoint => _app.Services.GetRequiredService<ScoringEndpoint>();

    private PredictionLookup Lookup => _app.Services.GetRequiredService<PredictionLookup>();

    private Task<HttpResponseMessage> PostAsync(string body) => _client.PostAsync("/models/flights/invocations", Json(body));

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");
}
