using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace ServerlessMlops.Functions.Tests.Scoring;

public sealed class HealthFunctionsTests : IAsyncLifetime
{
    private ScoringApp _app = null!;

    public async Task InitializeAsync() => _app = await ScoringApp.StartAsync();

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [Fact]
    public async Task Ping_Always_Is200()
    {
        _app.Models.HeadFails = new IOException("storage is down");
        (await _app.Client.GetAsync("/ping")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Version_Always_IsTheAppsVersionAsText()
    {
        using HttpResponseMessage response = await _app.Client.GetAsync("/version");
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/plain");
        (await response.Content.ReadAsStringAsync()).ShouldMatch(@"^\d+\.\d+\.\d+");
    }

    [Fact]
    public async Task Health_ModelThatCannotBeLoaded_IsDegradedAndTellsWhy()
    {
        (await GetAsync("/health", 200)).GetProperty("status").GetString().ShouldBe("healthy");
        _app.Models.Damaged[1] = new InvalidDataException("The model is damaged.");
        (await _app.PostAsync("""{"instances":[[30]]}""")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);

        JsonElement health = await GetAsync("/health", 200);
        health.GetProperty("status").GetString().ShouldBe("degraded");
        health.GetProperty("models")[0].GetProperty("fault").GetString().ShouldBe("The model is damaged.");
        (await GetAsync("/v2/health/ready", 503)).GetProperty("ready").GetBoolean().ShouldBeFalse();
        (await GetAsync("/v2/health/live", 200)).GetProperty("live").GetBoolean().ShouldBeTrue();
        (await _app.Client.GetAsync("/v2/models/flights/ready")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task Health_LogThatCannotBeWritten_IsDegradedAndReadyUntilItCan()
    {
        await using ScoringApp quick = await ScoringApp.StartAsync(("LogFlushInterval", "00:00:00.1"));
        quick.Predictions.Fails = new IOException("the container is locked");
        (await quick.PostAsync("""{"instances":[[30]]}""")).StatusCode.ShouldBe(HttpStatusCode.OK);

        await Eventually.HoldsAsync(() => quick.Log.Fault is not null, "the first try");
        JsonElement health = await quick.Client.GetFromJsonAsync<JsonElement>("/health");
        health.GetProperty("status").GetString().ShouldBe("degraded");
        health.GetProperty("logFault").GetString().ShouldBe("the container is locked");
        health.GetProperty("logBufferedBytes").GetInt64().ShouldBeGreaterThan(0);
        (await quick.Client.GetAsync("/v2/health/ready")).StatusCode.ShouldBe(HttpStatusCode.OK, "it answers all the same");

        quick.Predictions.Fails = null;
        await Eventually.HoldsAsync(() => quick.Log is { Fault: null, BufferedBytes: 0 }, "the next try");
        (await quick.Client.GetFromJsonAsync<JsonElement>("/health")).GetProperty("status").GetString().ShouldBe("healthy");
    }

    [Fact]
    public async Task ServerMetadata_Always_NamesServerVersionAndExtensions()
    {
        JsonElement metadata = await GetAsync("/v2", 200);
        metadata.GetProperty("name").GetString().ShouldBe("serverless-mlops");
        metadata.GetProperty("version").GetString().ShouldNotBeNullOrEmpty();
        metadata.GetProperty("extensions").GetArrayLength().ShouldBe(0);
    }

    [Theory]
    [InlineData("/v2/models/flights")]
    [InlineData("/v2/models/flights/versions/1")]
    public async Task ModelMetadata_OfWhatServes_ListsTensors(string path)
    {
        JsonElement metadata = await GetAsync(path, 200);
        metadata.GetProperty("name").GetString().ShouldBe("flights");
        metadata.GetProperty("versions").EnumerateArray().Select(v => v.GetString()).ShouldBe(["1"]);
        metadata.GetProperty("platform").GetString().ShouldBe("onnx_onnxv1");
        JsonElement input = metadata.GetProperty("inputs").EnumerateArray().Single();
        (input.GetProperty("name").GetString(), input.GetProperty("datatype").GetString(), input.GetProperty("shape")[0].GetInt32()).ShouldBe(("speed", "FP32", -1));
        metadata.GetProperty("outputs").EnumerateArray().Select(o => o.GetProperty("name").GetString()).ShouldBe(["decision", "probability", "inferenceId"]);
        (await GetAsync(path + "/ready", 200)).GetProperty("ready").GetBoolean().ShouldBeTrue();
    }

    [Theory]
    [InlineData("/v2/models/none-such")]
    [InlineData("/v2/models/none-such/ready")]
    [InlineData("/v2/models/flights/versions/7")]
    [InlineData("/v2/models/flights/versions/7/ready")]
    public async Task Model_ThatDoesNotServe_Is404WithAnError(string path)
    {
        using HttpResponseMessage response = await _app.Client.GetAsync(path);
        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString().ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task Infer_WithIdAndVersion_EchoesBothAndRefusesAnother()
    {
        const string Body = """{"id":"a-42","inputs":[{"name":"speed","shape":[1],"datatype":"FP32","data":[30]}],"outputs":[{"name":"probability"}]}""";
        foreach (string path in (string[])["/v2/models/flights/infer", "/v2/models/flights/versions/1/infer"])
        {
            using HttpResponseMessage response = await _app.PostAsync(Body, path: path);
            JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>();
            answer.GetProperty("id").GetString().ShouldBe("a-42");
            answer.GetProperty("model_name").GetString().ShouldBe("flights");
            answer.GetProperty("model_version").GetString().ShouldBe("1");
            answer.GetProperty("outputs").EnumerateArray().Single().GetProperty("data")[0].GetSingle().ShouldBe(0.301f, 1e-6f);
        }

        await ScoringApp.ShouldBeProblemAsync(await _app.PostAsync(Body, path: "/v2/models/flights/versions/2/infer"), 404);
    }

    [Theory]
    [InlineData(ScoringApp.Path, "application/json", """{"dataframe_split":{"columns":["speed","flight_id"],"data":[[30,"k1"],[60,"k2"]]}}""")]
    [InlineData(ScoringApp.Path, "text/csv", "speed,flight_id\r\n30,\"k\"\"1\"\n60,k2\n")]
    [InlineData("/v2/models/flights/infer", "application/json", """{"id":"42","inputs":[{"name":"speed","shape":[2,1],"datatype":"FP32","data":[[30],[60]],"parameters":{"a":1}}],"outputs":[{"name":"decision"}]}""")]
    public async Task Post_FuzzedBodies_AreAnsweredByRowsOrAProblem(string path, string type, string seed)
    {
        var random = new Random(7);
        byte[] bytes = Encoding.UTF8.GetBytes(seed);
        for (int i = 0; i < 250; i++)
        {
            List<byte> body = [.. bytes];
            for (int edits = random.Next(1, 5); edits > 0 && body.Count > 0; edits--)
            {
                int at = random.Next(body.Count);
                switch (random.Next(4))
                {
                    case 0:
                        body[at] = (byte)random.Next(256);
                        break;
                    case 1:
                        body.RemoveRange(at, Math.Min(random.Next(1, 12), body.Count - at));
                        break;
                    case 2:
                        body.InsertRange(at, body.GetRange(at, Math.Min(random.Next(1, 30), body.Count - at)));
                        break;
                    default:
                        body.InsertRange(at, Enumerable.Repeat((byte)"[{\"9"[random.Next(4)], random.Next(1, 40)));
                        break;
                }
            }

            using var content = new ByteArrayContent([.. body]);
            content.Headers.Add("Content-Type", type);
            using HttpResponseMessage response = await _app.Client.PostAsync(path, content);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                ((int)response.StatusCode).ShouldBeInRange(400, 413, Convert.ToBase64String([.. body]));
                await ScoringApp.ShouldBeProblemAsync(response, (int)response.StatusCode);
            }
        }
    }

    [Fact]
    public async Task Post_FuzzedLines_AreEachAnsweredByARowOrAProblem()
    {
        var random = new Random(11);
        for (int i = 0; i < 60; i++)
        {
            byte[] body = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 8).Select(k => $$"""{"speed":{{k}},"flight_id":"k{{k}}"}""" + "\n")));
            for (int edits = random.Next(1, 8); edits > 0; edits--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            using var content = new ByteArrayContent(body);
            content.Headers.Add("Content-Type", "application/x-ndjson");
            using HttpResponseMessage response = await _app.Client.PostAsync(ScoringApp.Path, content);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            foreach (string line in (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                JsonElement answer = JsonDocument.Parse(line).RootElement;
                if (answer.TryGetProperty("problem", out JsonElement problem))
                {
                    problem.GetProperty("status").GetInt32().ShouldBeInRange(400, 499);
                }
                else
                {
                    answer.GetProperty("version").GetInt32().ShouldBe(1);
                }
            }
        }
    }

    private async Task<JsonElement> GetAsync(string path, int status)
    {
        using HttpResponseMessage response = await _app.Client.GetAsync(path);
        ((int)response.StatusCode).ShouldBe(status);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }
}
