using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Predictions;
using ServerlessMlops.Functions.Scoring;

namespace ServerlessMlops.Functions.Tests.Scoring;

/// <summary>Scoring over HTTP, on models and a prediction log in memory; version 1 of pipeline <c>flights</c> serves.</summary>
internal sealed class ScoringApp(WebApplication app, FakeModels models, FakePredictions predictions) : IAsyncDisposable
{
    public const string Path = "/models/flights/invocations";

    public FakeModels Models { get; } = models;

    public FakePredictions Predictions { get; } = predictions;

    public IServiceProvider Services => app.Services;

    public HttpClient Client { get; } = new() { BaseAddress = new Uri(app.Urls.Single()), Timeout = TimeSpan.FromSeconds(60) };

    public PredictionLog Log => Services.GetRequiredService<PredictionLog>();

    public ScoringEndpoint Endpoint => Services.GetRequiredService<ScoringEndpoint>();

    public static Task<ScoringApp> StartAsync(params (string Name, string Value)[] settings) => StartAsync(static _ => { }, settings);

    public static async Task<ScoringApp> StartAsync(Action<IServiceCollection> configure, params (string Name, string Value)[] settings)
    {
        var models = new FakeModels();
        var predictions = new FakePredictions();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        foreach ((string name, string value) in ((string, string)[])[("MaxBodyBytes", "65536"), ("MaxRows", "500"), ("RefreshAfter", "00:00:01"), .. settings])
        {
            builder.Configuration[$"Scoring:{name}"] = value;
        }

        builder.Services
            .AddSingleton<IModelRegistry>(models).AddSingleton<IModelStore>(models).AddSingleton<IPredictionStore>(predictions)
            .AddSingleton<PredictorReader>(VersionedPredictor.Read)
            .AddScoring()
            .AddMvcCore();
        configure(builder.Services);
        WebApplication app = builder.Build();
        app.MapFunctions<ScoreFunctions>();
        app.MapFunctions<HealthFunctions>();
        await app.StartAsync();
        models.Serve(1);
        return new ScoringApp(app, models, predictions);
    }

    public Task<HttpResponseMessage> PostAsync(string body, string type = "application/json", string path = Path) =>
        Client.PostAsync(path, new StringContent(body, Encoding.UTF8, type));

    /// <summary>The answer is a problem document of that status.</summary>
    public static async Task ShouldBeProblemAsync(HttpResponseMessage response, int status)
    {
        ((int)response.StatusCode).ShouldBe(status);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        JsonElement problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        problem.GetProperty("status").GetInt32().ShouldBe(status);
        problem.GetProperty("detail").GetString().ShouldNotBeNullOrEmpty();
        response.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await app.DisposeAsync();
    }
}
