using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Functions.Scoring;

namespace ServerlessMlops.Functions.Tests.Scoring;

/// <summary>What callers and operators see when there is too much to do, or storage does not answer.</summary>
public sealed class ScoringOverloadTests
{
    private const string Row = """{"instances":[[30]]}""";

    [Fact]
    public async Task Post_MoreAtOnceThanAllowed_Is429WithRetryAfterAndTheNextIsAnswered()
    {
        await using ScoringApp app = await ScoringApp.StartAsync(("MaxConcurrentRequests", "1"));
        (await app.PostAsync(Row)).StatusCode.ShouldBe(HttpStatusCode.OK);
        using (var slow = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            await slow.ConnectAsync(IPAddress.Loopback, app.Client.BaseAddress!.Port);
            await slow.SendAsync(Encoding.ASCII.GetBytes($"POST {ScoringApp.Path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"inst"));
            await Eventually.HoldsAsync(() => app.Endpoint.RequestsInFlight == 1, "the slow request");
            foreach (string type in (string[])["application/json", RecordLinesProtocol.MediaType])
            {
                HttpResponseMessage refused = await app.PostAsync(Row, type);
                refused.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
                await ScoringApp.ShouldBeProblemAsync(refused, 429);
            }
        }

        await Eventually.HoldsAsync(() => app.Endpoint.RequestsInFlight == 0, "its end");
        (await app.PostAsync(Row)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Post_StorageDownAfterTheModelWasLoaded_GoesOnAnsweringAndHealthSaysDegraded()
    {
        await using ScoringApp app = await ScoringApp.StartAsync();
        (await app.PostAsync(Row)).StatusCode.ShouldBe(HttpStatusCode.OK);
        Health(app).GetProperty("status").GetString().ShouldBe("healthy");

        app.Models.HeadFails = new IOException("storage is down");
        var deadline = System.Diagnostics.Stopwatch.StartNew();
        while (Health(app).GetProperty("status").GetString() != "degraded" && deadline.Elapsed < TimeSpan.FromSeconds(30))
        {
            (await app.PostAsync(Row)).StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        JsonElement health = Health(app);
        health.GetProperty("status").GetString().ShouldBe("degraded");
        health.GetProperty("models")[0].GetProperty("fault").GetString().ShouldBe("storage is down");
        health.GetProperty("models")[0].GetProperty("version").GetInt32().ShouldBe(1);
        Ready(app).ShouldBe(200);

        app.Models.HeadFails = null;
        while (Health(app).GetProperty("status").GetString() != "healthy" && deadline.Elapsed < TimeSpan.FromSeconds(60))
        {
            (await app.PostAsync(Row)).StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        Health(app).GetProperty("status").GetString().ShouldBe("healthy");
    }

    [Fact]
    public async Task Post_NewVersionsBlobIsDamaged_OldOneAnswersAndReadyStaysTrue()
    {
        await using ScoringApp app = await ScoringApp.StartAsync();
        (await app.PostAsync(Row)).StatusCode.ShouldBe(HttpStatusCode.OK);
        app.Models.Damaged[2] = new InvalidDataException("version 2 is half a file");
        app.Models.Serve(2);
        var deadline = System.Diagnostics.Stopwatch.StartNew();
        while (Health(app).GetProperty("status").GetString() != "degraded" && deadline.Elapsed < TimeSpan.FromSeconds(30))
        {
            (await (await app.PostAsync(Row)).Content.ReadAsStringAsync()).ShouldContain("\"version\":1");
        }

        Health(app).GetProperty("models")[0].GetProperty("fault").GetString().ShouldBe("version 2 is half a file");
        Ready(app).ShouldBe(200);
    }

    [Fact]
    public async Task Post_StorageDownFromTheStart_Is503AndReadySaysNo()
    {
        await using ScoringApp app = await ScoringApp.StartAsync();
        app.Models.HeadFails = new IOException("storage is down");
        HttpResponseMessage refused = await app.PostAsync(Row);
        refused.Headers.RetryAfter.ShouldNotBeNull();
        await ScoringApp.ShouldBeProblemAsync(refused, 503);
        Ready(app).ShouldBe(503);
        Health(app).GetProperty("status").GetString().ShouldBe("degraded");
    }

    [Theory]
    [InlineData("""{"inputs":[{"name":"speed","shape":[2],"datatype":"FP32","data":[30,60]}]}""")]
    [InlineData("""{"id":"r1","inputs":[{"name":"input","shape":[2,1],"datatype":"FP64","data":[[30],[60]]}],"outputs":[{"name":"probability"}]}""")]
    public async Task Infer_FuzzedBodies_AreAnsweredOrProblems(string good)
    {
        await using ScoringApp app = await ScoringApp.StartAsync();
        var random = new Random(99);
        for (int i = 0; i < 200; i++)
        {
            byte[] body = Encoding.UTF8.GetBytes(good);
            for (int edits = random.Next(1, 5); edits > 0; edits--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            using var content = new ByteArrayContent(body[..random.Next(body.Length / 2, body.Length + 1)]);
            content.Headers.Add("Content-Type", "application/json");
            HttpResponseMessage response = await app.Client.PostAsync("/v2/models/flights/infer", content);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                ((int)response.StatusCode).ShouldBeInRange(400, 499);
                await ScoringApp.ShouldBeProblemAsync(response, (int)response.StatusCode);
            }
        }
    }

    private static JsonElement Health(ScoringApp app) => JsonSerializer.Deserialize<JsonElement>(((ContentResult)Functions(app).Health(Request)).Content!);

    private static int Ready(ScoringApp app) => ((ContentResult)Functions(app).Ready(Request)).StatusCode!.Value;

    private static HttpRequest Request => new DefaultHttpContext().Request;

    private static HealthFunctions Functions(ScoringApp app) => ActivatorUtilities.CreateInstance<HealthFunctions>(app.Services);
}
