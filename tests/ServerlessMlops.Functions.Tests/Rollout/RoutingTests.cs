using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Predictions;
using ServerlessMlops.Functions.Scoring;
using ServerlessMlops.Functions.Tests.Scoring;

namespace ServerlessMlops.Functions.Tests.Rollout;

/// <summary>Which version answers, over real HTTP, while a rollout runs.</summary>
public sealed class RoutingTests : IAsyncLifetime
{
    private readonly FakeModels _models = new();
    private readonly HttpClient _client = new();
    private WebApplication _app = null!;

    public async Task InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["Scoring:RefreshAfter"] = "00:00:01";
        builder.Services
            .AddSingleton<IModelRegistry>(_models).AddSingleton<IModelStore>(_models).AddSingleton<IPredictionStore>(new FakePredictions())
            .AddSingleton<PredictorReader>(onnx => new VersionedPredictor(onnx.Span[0]))
            .AddScoring();
        _app = builder.Build();
        _app.MapPost("/models/{pipeline}/invocations", (HttpContext http, string pipeline, ScoringEndpoint endpoint) =>
            endpoint.AnswerAsync(http, pipeline, null, MlflowProtocol.Instance, http.RequestAborted));
        _app.MapPost("/v2/models/{pipeline}/versions/{version}/infer", (HttpContext http, string pipeline, string version, ScoringEndpoint endpoint) =>
            endpoint.AnswerAsync(http, pipeline, version, new OpenInferenceProtocol(), http.RequestAborted));
        await _app.StartAsync();
        _client.BaseAddress = new Uri(_app.Urls.Single());
        _models.Serve(1);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
    }

    [Fact]
    public async Task Canary_ByKey_ShareWithinBinomialBoundsAndKeysStay()
    {
        const int Keys = 2000;
        const double Share = 0.25;
        _models.Challenge(2, Share);

        int[] first = await Task.WhenAll(Enumerable.Range(0, Keys).Select(i => VersionOfAsync($"customer-{i}")));
        int[] again = await Task.WhenAll(Enumerable.Range(0, Keys).Select(i => VersionOfAsync($"customer-{i}")));

        first.Count(v => v == 2).ShouldBeInRange(
            (int)(Keys * Share - 5 * Math.Sqrt(Keys * Share * (1 - Share))), (int)(Keys * Share + 5 * Math.Sqrt(Keys * Share * (1 - Share))));
        again.ShouldBe(first);

        _models.Challenge(2, 0.5);
        await UntilAsync(async () => (await VersionsAsync(Keys)).Count(v => v == 2) > Keys * 0.4);
        int[] grown = await VersionsAsync(Keys);
        Enumerable.Range(0, Keys).All(i => first[i] != 2 || grown[i] == 2).ShouldBeTrue("whoever was on the challenger stays there");
    }

    [Fact]
    public async Task Canary_WithoutKeys_SharesRequestsAndOneVersionAnswersAllRows()
    {
        _models.Challenge(2, 0.25);
        const int Requests = 1000;
        int challenger = 0;
        for (int i = 0; i < Requests; i++)
        {
            JsonElement answer = await PostAsync("""{"instances":[[10],[20],[30]]}""", null);
            int version = VersionOf(answer);
            challenger += version == 2 ? 1 : 0;
        }

        challenger.ShouldBeInRange(180, 320);
    }

    [Fact]
    public async Task Canary_RowsOfSeveralKeys_GoByTheFirst()
    {
        _models.Challenge(2, 0.5);
        for (int i = 0; i < 50; i++)
        {
            int alone = await VersionOfAsync($"k{i}");
            JsonElement several = await PostAsync($$"""{"dataframe_split":{"columns":["speed","flight_id"],"data":[[30,"k{{i}}"],[60,"other-{{i}}"],[70,"third"]]} }""", null);
            VersionOf(several).ShouldBe(alone);
        }
    }

    [Fact]
    public async Task Canary_CallersId_KeepsARetryOnItsVersion()
    {
        _models.Challenge(2, 0.5);
        for (int i = 0; i < 50; i++)
        {
            int first = VersionOf(await PostAsync("""{"instances":[[10]]}""", $"order-{i}"));
            VersionOf(await PostAsync("""{"instances":[[10]]}""", $"order-{i}")).ShouldBe(first);
        }
    }

    [Fact]
    public async Task Challenger_WithoutAShare_AnswersOnlyWhoAsksForIt()
    {
        _models.Challenge(2, 0, DeployStrategy.BlueGreen);
        (await VersionsAsync(200)).ShouldAllBe(v => v == 1);
        using HttpResponseMessage asked = await _client.PostAsync(
            "/v2/models/flights/versions/2/infer", Json("""{"inputs":[{"name":"speed","shape":[1],"datatype":"FP32","data":[30]}]}"""));
        asked.EnsureSuccessStatusCode();
        (await asked.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("model_version").GetString().ShouldBe("2");

        using HttpResponseMessage unknown = await _client.PostAsync(
            "/v2/models/flights/versions/3/infer", Json("""{"inputs":[{"name":"speed","shape":[1],"datatype":"FP32","data":[30]}]}"""));
        ((int)unknown.StatusCode).ShouldBe(404);
        (await unknown.Content.ReadAsStringAsync()).ShouldContain("version 2 is being rolled out");
    }

    [Theory]
    [InlineData("flights@1", 1)]
    [InlineData("flights@2", 2)]
    [InlineData("flights@champion", 1)]
    [InlineData("flights@challenger", 2)]
    [InlineData("flights@blue", 1)]
    [InlineData("flights@green", 2)]
    [InlineData("flights@oldest", 3)]
    [InlineData("flights@3", 3)]
    [InlineData("flights@4", 404)]
    [InlineData("flights@nobody", 404)]
    [InlineData("flights@", 404)]
    [InlineData("flights@damaged", 503)]
    public async Task Invocations_OfAVersionOrAlias_AreAnsweredByIt(string address, int versionOrStatus)
    {
        _models.Damaged[5] = new InvalidDataException("half a file");
        _models.Serve(5);
        _models.Serve(1);
        _models.Challenge(2, 0, DeployStrategy.BlueGreen);
        _models.Head = _models.Head with
        {
            Aliases = [.. _models.Head.Aliases, new ModelAlias("damaged", 5, default, 1), new ModelAlias("oldest", 3, default, 1)],
        };
        foreach (string path in (string[])[$"/models/{address}/invocations", $"/v2/models/flights/versions/{address.Split('@')[1]}/infer"])
        {
            bool isV2 = path.StartsWith("/v2", StringComparison.Ordinal);
            using HttpResponseMessage response = await _client.PostAsync(
                path, Json(isV2 ? """{"inputs":[{"name":"speed","shape":[1],"datatype":"FP32","data":[30]}]}""" : """{"instances":[[30]]}"""));
            string text = await response.Content.ReadAsStringAsync();
            if (versionOrStatus >= 400)
            {
                ((int)response.StatusCode).ShouldBe(versionOrStatus, text);
                continue;
            }

            JsonElement answer = JsonDocument.Parse(text).RootElement;
            (isV2 ? answer.GetProperty("model_version").GetString() : $"{VersionOf(answer)}").ShouldBe($"{versionOrStatus}", text);
        }
    }

    [Fact]
    public async Task BlueGreen_Switch_MovesTheTrafficAndLeavesThePlacesWhereTheyAre()
    {
        _models.Challenge(2, 0, DeployStrategy.BlueGreen);
        (await VersionsAsync(20)).ShouldAllBe(v => v == 1);
        (await PlaceAsync("blue"), await PlaceAsync("green")).ShouldBe((1, 2));

        _models.Head = RolloutMoves.Advance(_models.Head, "rollout-flights-2", 1, 1, new MoveReason("test", "test", "test"), DateTimeOffset.UnixEpoch)!.Head;
        await UntilAsync(async () => (await VersionsAsync(1))[0] == 2);
        (await VersionsAsync(20)).ShouldAllBe(v => v == 2);
        (await PlaceAsync("blue"), await PlaceAsync("green"), await PlaceAsync("champion")).ShouldBe((1, 2, 2));

        async Task<int> PlaceAsync(string place) => VersionOf(await PostAsync("""{"instances":[[10]]}""", null, $"flights@{place}"));
    }

    [Fact]
    public async Task Challenger_ThatCannotBeLoaded_LeavesEveryRequestToTheChampion()
    {
        _models.Damaged[2] = new InvalidDataException("the bytes are not those");
        _models.Challenge(2, 0.5);
        (await VersionsAsync(200)).ShouldAllBe(v => v == 1);
        _app.Services.GetRequiredService<ModelCache>().States().Single().Fault!.ShouldContain("not those");
    }

    [Fact]
    public async Task Swaps_UnderFullLoad_FailNoRequestAndMixNoVersions()
    {
        await VersionOfAsync("warm");
        using var stop = new CancellationTokenSource();
        long answered = 0;
        var seen = new System.Collections.Concurrent.ConcurrentDictionary<int, int>();
        Task[] callers = [.. Enumerable.Range(0, 16).Select(caller => Task.Run(async () =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                // Throws on any status but 200, and on an answer whose rows are not all of the version it names.
                int version = VersionOf(await PostAsync($$"""{"dataframe_split":{"columns":["speed","flight_id"],"data":[[30,"c{{caller}}-{{i}}"],[60,"x"],[90,"y"]]} }""", null));
                seen.AddOrUpdate(version, 1, (_, n) => n + 1);
                Interlocked.Increment(ref answered);
            }
        }))];

        foreach (Action move in (Action[])
                 [() => _models.Challenge(2, 0.25), () => _models.Challenge(2, 0.5), () => _models.Serve(2), () => _models.Serve(1), () => _models.Challenge(3, 0.5), () => _models.Serve(3)])
        {
            move();
            int before = _models.HeadReads;
            await UntilAsync(() => Task.FromResult(_models.HeadReads >= before + 2 || callers.Any(c => c.IsFaulted)));
        }

        await stop.CancelAsync();
        await Task.WhenAll(callers);
        seen.Keys.Order().ShouldBe([1, 2, 3]);
        Interlocked.Read(ref answered).ShouldBeGreaterThan(1000);
    }

    private async Task<int[]> VersionsAsync(int keys) => await Task.WhenAll(Enumerable.Range(0, keys).Select(i => VersionOfAsync($"customer-{i}")));

    private async Task<int> VersionOfAsync(string key) =>
        VersionOf(await PostAsync($$"""{"dataframe_split":{"columns":["speed","flight_id"],"data":[[30,"{{key}}"]]} }""", null));

    // The probability carries the version in its thousandths (see VersionedPredictor), so rows of another version would be found out.
    private static int VersionOf(JsonElement answer)
    {
        int version = answer.GetProperty("version").GetInt32();
        foreach (JsonElement row in answer.GetProperty("predictions").EnumerateArray())
        {
            int thousandths = (int)Math.Round(row.GetProperty("probability").GetDouble() * 1000);
            (thousandths % 10).ShouldBe(version);
        }

        return version;
    }

    private async Task<JsonElement> PostAsync(string body, string? id, string address = "flights")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/models/{address}/invocations") { Content = Json(body) };
        if (id is not null)
        {
            request.Headers.Add("Inference-Id", id);
        }

        using HttpResponseMessage response = await _client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        ((int)response.StatusCode).ShouldBe(200, text);
        return JsonDocument.Parse(text).RootElement.Clone();
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            deadline.IsCancellationRequested.ShouldBeFalse("waited too long for a swap to take effect");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }
}
