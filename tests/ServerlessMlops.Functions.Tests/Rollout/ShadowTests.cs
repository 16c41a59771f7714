using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Predictions;
using ServerlessMlops.Functions.Rollout;
using ServerlessMlops.Functions.Scoring;
using ServerlessMlops.Functions.Tests.Scoring;

namespace ServerlessMlops.Functions.Tests.Rollout;

/// <summary>A challenger in the shadow over real HTTP: callers see nothing of it, whatever it does.</summary>
public sealed class ShadowTests : IAsyncLifetime
{
    private const string Row = """{"dataframe_split":{"columns":["speed","flight_id"],"data":[[30,"k1"],[60,"k2"]]}}""";
    private readonly FakeModels _models = new();
    private readonly FakePredictions _predictions = new();
    private readonly HttpClient _client = new();
    private readonly ManualResetEventSlim _gate = new(initialState: true);
    private WebApplication _app = null!;

    private ShadowScorer Shadows => _app.Services.GetRequiredService<ShadowScorer>();

    public async Task InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services
            .AddSingleton<IModelRegistry>(_models).AddSingleton<IModelStore>(_models).AddSingleton<IPredictionStore>(_predictions)
            .AddSingleton<PredictorReader>(onnx => onnx.Span[0] switch { 8 => new Troubled(_gate, throws: false), 9 => new Troubled(_gate, throws: true), byte version => new VersionedPredictor(version) })
            .AddScoring();
        _app = builder.Build();
        _app.MapPost("/models/{pipeline}/invocations", (HttpContext http, string pipeline, ScoringEndpoint endpoint) =>
            endpoint.AnswerAsync(http, pipeline, null, MlflowProtocol.Instance, http.RequestAborted));
        await _app.StartAsync();
        _client.BaseAddress = new Uri(_app.Urls.Single());
        _models.Serve(1);
    }

    public async Task DisposeAsync()
    {
        _gate.Set();
        _client.Dispose();
        await _app.DisposeAsync();
        _gate.Dispose();
    }

    [Fact]
    public async Task Shadow_Sound_CallersGetTheChampionAndBothAnswersAreLogged()
    {
        _models.Challenge(2, 0, DeployStrategy.Shadow);
        for (int i = 0; i < 20; i++)
        {
            (await PostAsync(Row, $"order-{i}")).GetProperty("version").GetInt32().ShouldBe(1);
        }

        JsonElement minted = await PostAsync(Row, null);
        await Eventually.HoldsAsync(() => Shadows.Waiting == 0, "the shadows");
        await _app.Services.GetRequiredService<PredictionLog>().FlushAsync("flights", default);
        await Eventually.HoldsAsync(() => Lines().Length == 84, "the log");

        JsonElement[] lines = Lines();
        string id = minted.GetProperty("predictions")[1].GetProperty("inferenceId").GetString()!;
        Of(lines, id).GetProperty("version").GetInt32().ShouldBe(1);
        JsonElement shadow = Of(lines, $"{id}:shadow");
        shadow.GetProperty("version").GetInt32().ShouldBe(2);
        shadow.GetProperty("shadow").GetBoolean().ShouldBeTrue();
        shadow.GetProperty("key").GetString().ShouldBe("k2");
        shadow.GetProperty("outputs")[0].GetSingle().ShouldBe(0.602f, 1e-6f);
        Of(lines, "order-3.0:shadow").GetProperty("outputs")[0].GetSingle().ShouldBe(0.302f, 1e-6f);
    }

    [Fact]
    public async Task Shadow_ChallengerThrows_CallersAreAnsweredAndItIsCountedAgainstIt()
    {
        _models.Challenge(9, 0, DeployStrategy.Shadow);
        for (int i = 0; i < 30; i++)
        {
            (await PostAsync(Row, null)).GetProperty("version").GetInt32().ShouldBe(1);
        }

        await Eventually.HoldsAsync(() => Failures(9) == 30, "the failures of the challenger");
        Failures(1).ShouldBe(0);
    }

    [Fact]
    public async Task Shadow_ChallengerHangs_NobodyWaitsAndTheRestIsDropped()
    {
        _gate.Reset();
        _models.Challenge(8, 0, DeployStrategy.Shadow);
        const int Requests = ShadowScorer.MostRequests + 200;
        for (int i = 0; i < Requests; i++)
        {
            (await PostAsync(Row, null)).GetProperty("version").GetInt32().ShouldBe(1);
        }

        await Eventually.HoldsAsync(() => Shadows.Dropped >= 199, "what was too much");
        Shadows.Waiting.ShouldBeLessThanOrEqualTo(ShadowScorer.MostRequests);
        _gate.Set();
        await Eventually.HoldsAsync(() => Shadows.Waiting == 0, "what was kept");
    }

    private static JsonElement Of(JsonElement[] lines, string id) => lines.Single(line => line.GetProperty("inferenceId").GetString() == id);

    private JsonElement[] Lines() => [.. _predictions.Lines.Select(line => JsonDocument.Parse(line).RootElement)];

    private long Failures(int version)
    {
        ModelLookup found = _app.Services.GetRequiredService<ModelCache>().GetAsync("flights", $"{version}", default).AsTask().GetAwaiter().GetResult();
        return found.Model!.Failures();
    }

    private async Task<JsonElement> PostAsync(string body, string? id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/models/flights/invocations") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (id is not null)
        {
            request.Headers.Add("Inference-Id", id);
        }

        using HttpResponseMessage response = await _client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        ((int)response.StatusCode).ShouldBe(200, text);
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>Warms up, on rows of missing values, like any other; hangs or throws at a caller's row.</summary>
    private sealed class Troubled(ManualResetEventSlim gate, bool throws) : IRowPredictor
    {
        public int FeatureCount => 1;

        public int OutputCount => 1;

        public float EncodeCategory(int input, ReadOnlySpan<byte> utf8) => 0;

        public float EncodeMissingCategory(int input) => 0;

        public void Predict(ReadOnlySpan<float> features, Span<float> outputs)
        {
            outputs.Fill(0.5f);
            if (float.IsNaN(features[0]))
            {
                return;
            }

            gate.Wait();
            if (throws)
            {
                throw new InvalidOperationException("trouble");
            }
        }
    }
}

internal static class CountedTraffic
{
    private static readonly System.Runtime.CompilerServices.ConditionalWeakTable<WindowCounter, WindowSums> Taken = [];

    /// <summary>Requests of the model that ended as our fault, since it was loaded.</summary>
    public static long Failures(this LiveModel model)
    {
        WindowSums sums = Taken.GetValue(model.Counter!, _ => WindowSums.Empty(model.Model.Card));
        if (model.Counter!.TakeSnapshot(DateTimeOffset.UnixEpoch) is { } row)
        {
            sums.Add(row.Sums);
        }

        return sums.Statuses[StatusClasses.ServerFault];
    }
}
