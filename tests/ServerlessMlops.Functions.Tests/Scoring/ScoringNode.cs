using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Scoring;

namespace ServerlessMlops.Functions.Tests.Scoring;

/// <summary>One instance of the scoring app on a real storage account, over HTTP; its models are <see cref="VersionedPredictor"/>s.</summary>
internal sealed class ScoringNode : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ScoringNode(WebApplication app)
    {
        _app = app;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()), Timeout = TimeSpan.FromSeconds(60) };
    }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public IModelRegistry Registry => Services.GetRequiredService<IModelRegistry>();

    private HealthFunctions HealthFunctions => ActivatorUtilities.CreateInstance<HealthFunctions>(Services);

    /// <summary>The body of <c>/health</c>.</summary>
    public JsonElement Health => JsonSerializer.Deserialize<JsonElement>(((ContentResult)HealthFunctions.Health(new DefaultHttpContext().Request)).Content!);

    public string Status => Health.GetProperty("status").GetString()!;

    /// <summary>The status of <c>/v2/health/ready</c>.</summary>
    public int Ready => ((ContentResult)HealthFunctions.Ready(new DefaultHttpContext().Request)).StatusCode!.Value;

    public static async Task<ScoringNode> StartAsync(string connection)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["AzureWebJobsStorage"] = connection;
        builder.Configuration["Scoring:RefreshAfter"] = "00:00:01";
        builder.Configuration["Scoring:WaitForRefreshAfter"] = "00:00:02";
        builder.Configuration["Scoring:LogFlushInterval"] = "00:00:01";
        builder.Services.AddMlopsStorage(builder.Configuration);
        builder.Services.AddSingleton<PredictorReader>(onnx => onnx.Length == 1 ? new VersionedPredictor(onnx.Span[0]) : throw new InvalidDataException("no model")).AddScoring();
        WebApplication app = builder.Build();
        app.MapPost("/models/{pipeline}/invocations", (HttpContext http, string pipeline, ScoringEndpoint endpoint) =>
            endpoint.AnswerAsync(http, pipeline, null, MlflowProtocol.For(http.Request), http.RequestAborted));
        await app.StartAsync();
        return new ScoringNode(app);
    }

    /// <summary>Registers the next version and stores its model.</summary>
    public async Task<int> AddVersionAsync(string pipeline)
    {
        int version = (await Registry.GetHeadAsync(pipeline, default)).LastVersion + 1;
        byte[] onnx = [(byte)version];
        ModelCard card = FakeModels.CardOf(version) with { Pipeline = pipeline, ModelId = ContentAddress.Of(onnx) };
        await Services.GetRequiredService<IModelStore>().SaveVersionAsync(pipeline, version, onnx, card, default);
        var registration = new ModelRegistration
        {
            ModelId = card.ModelId, DatasetId = card.DatasetId, SpecHash = card.SpecHash, Candidate = card.Candidate, RunId = $"run-{version}", Metrics = card.Metrics,
        };
        (await Registry.RegisterAsync(pipeline, registration, Because, default)).Version.ShouldBe(version);
        return version;
    }

    public static MoveReason Because { get; } = new("unverified:ada", "test", "test");

    /// <summary>Scores a row; the status, the version that answered and the row's id.</summary>
    public async Task<(HttpStatusCode Status, int Version, string Id)> ScoreAsync(string pipeline, string key = "k")
    {
        using var body = new StringContent($$"""{"dataframe_split":{"columns":["speed","flight_id"],"data":[[30,"{{key}}"]]} }""", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await Client.PostAsync($"/models/{pipeline}/invocations", body);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            return (response.StatusCode, 0, await response.Content.ReadAsStringAsync());
        }

        JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        JsonElement row = answer.GetProperty("predictions")[0];
        int version = answer.GetProperty("version").GetInt32();
        ((int)Math.Round(row.GetProperty("probability").GetDouble() * 1000) % 10).ShouldBe(version, "the version that is named is the one that answered");
        return (response.StatusCode, version, row.GetProperty("inferenceId").GetString()!);
    }

    /// <summary>Scores until the condition holds; every answer on the way must be good. The last version that answered.</summary>
    public async Task<int> ScoreUntilAsync(string pipeline, Func<int, bool> condition, string what)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            (HttpStatusCode status, int version, string id) = await ScoreAsync(pipeline);
            status.ShouldBe(HttpStatusCode.OK, id);
            if (condition(version))
            {
                return version;
            }

            deadline.IsCancellationRequested.ShouldBeFalse($"waited for: {what}; version {version} answers; {Health}");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }

    /// <summary>Asks and ends as the host does: requests under way are answered, the log is written.</summary>
    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
