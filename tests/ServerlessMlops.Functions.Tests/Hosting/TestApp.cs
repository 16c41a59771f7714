using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Extensions.DurableTask;
using Microsoft.Azure.Functions.Worker.Offline;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Training;
using ServerlessMlops.TestSupport;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Functions.Tests.Hosting;

/// <summary>The whole app in this process, on an Azurite of its own, with all its functions and timers that do not fire by themselves.</summary>
public class TestApp : IAsyncLifetime
{
    /// <summary>A spec whose model is learned at once and passes.</summary>
    public const string Spec = "target: heavy\nkey: id\ntrain: {candidates: [baseline, linear]}\ngates: [auc >= 0.6]\nretrain: {onUpload: true, nightly: true}\n";

    private readonly AzuriteFixture _azurite = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("mlops-app-").FullName;
    private StartingHost _host = null!;

    /// <summary>The app over HTTP.</summary>
    public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromSeconds(60) };

    /// <summary>The features of every request that was scored, as the model got them.</summary>
    public ConcurrentQueue<float[]> ScoredFeatures { get; } = new();

    /// <summary>The app's services.</summary>
    public IServiceProvider Services => _host.Services;

    /// <summary>The app's orchestrations.</summary>
    public DurableTaskClient Durable => Services.GetRequiredService<DurableTaskHub>().Client;

    public string ConnectionString => _azurite.ConnectionString;

    internal DurableTaskHub Hub => Services.GetRequiredService<DurableTaskHub>();

    public string NewPipeline(string prefix = "birds") => _azurite.UniqueName(prefix);

    public async Task InitializeAsync()
    {
        await _azurite.InitializeAsync();
        File.Copy(Path.Combine(RepositoryRoot.Find(), "host.json"), Path.Combine(_folder, "host.json"));
        File.WriteAllText(Path.Combine(_folder, "local.settings.json"), JsonSerializer.Serialize(new
        {
            Values = new Dictionary<string, string>
            {
                ["AzureWebJobsStorage"] = _azurite.ConnectionString,
                ["RETRAIN_SCHEDULE"] = Schedule("RETRAIN_SCHEDULE"),
                ["MONITOR_SCHEDULE"] = Schedule("MONITOR_SCHEDULE"),
                ["RECONCILE_SCHEDULE"] = Schedule("RECONCILE_SCHEDULE"),
                ["Runs__Grace"] = "00:00:00",
            },
        }));
        FunctionsApplicationBuilder builder = FunctionsApplication.CreateBuilder(["--port", "0"], _folder, typeof(TrainingOrchestrator).Assembly);
        builder.ConfigureFunctionsWebApplication();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<PredictorReader>(onnx => new WatchedPredictor(OnnxPredictor.Read(onnx), ScoredFeatures));
        builder.Services.AddServerlessMlops(builder.Configuration);
        Configure(builder);
        _host = (StartingHost)builder.Build();
        await _host.StartAsync();
        Http.BaseAddress = _host.Address;
        await Hub.Engine.Ready;
    }

    public virtual async Task DisposeAsync()
    {
        Http.Dispose();
        await _host.StopAsync();
        await _host.DisposeAsync();
        await _azurite.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>When the timers of a setting fire: as good as never, so that tests fire them themselves.</summary>
    protected virtual string Schedule(string setting) => "0 0 0 29 2 *";

    /// <summary>What else the app gets.</summary>
    protected virtual void Configure(FunctionsApplicationBuilder builder)
    {
    }

    /// <summary>Puts the spec, uploads rows and waits until the training that they ask for has ended.</summary>
    public async Task<Run> TrainAsync(string pipeline, string spec, int rows = 600, int seed = 1)
    {
        await PutSpecAsync(pipeline, spec);
        await UploadAsync($"{pipeline}/rows-{seed}.csv", Rows(rows, seed));
        return await RunAsync(pipeline, "the training has ended", run => run is { Kind: RunKind.Training, IsEnded: true });
    }

    public async Task PutSpecAsync(string pipeline, string yaml)
    {
        using var body = new StringContent(yaml, Encoding.UTF8, "text/yaml");
        using HttpResponseMessage answer = await Http.PutAsync($"api/pipelines/{pipeline}", body);
        answer.IsSuccessStatusCode.ShouldBeTrue(await answer.Content.ReadAsStringAsync());
    }

    public async Task UploadAsync(string path, string csv)
    {
        BlobContainerClient container = new BlobServiceClient(ConnectionString).GetBlobContainerClient("uploads");
        await container.CreateIfNotExistsAsync();
        await container.GetBlobClient(path).UploadAsync(BinaryData.FromString(csv), overwrite: true);
    }

    /// <summary>Waits for a run of the pipeline.</summary>
    public async Task<Run> RunAsync(string pipeline, string what, Func<Run, bool> condition)
    {
        Run[] seen = [];
        Run? found = null;
        await EventuallyAsync(async () =>
        {
            seen = (await GetAsync<Page<Run>>($"api/pipelines/{pipeline}/runs?top=1000")).Items.ToArray();
            found = Array.Find(seen, run => condition(run));
            return found is not null;
        }, () => $"{what}; runs: {string.Join("\n", seen.Select(r => $"{r.Id} {r.Status} {r.Stage} {r.Reason}"))}");
        return found!;
    }

    public async Task<T> GetAsync<T>(string path)
    {
        using HttpResponseMessage answer = await Http.GetAsync(path);
        answer.IsSuccessStatusCode.ShouldBeTrue($"{path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        return (await answer.Content.ReadFromJsonAsync<T>(MlopsJson.Options))!;
    }

    public async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(HttpMethod method, string path, object? body = null, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body, options: MlopsJson.Options) };
        request.Headers.Add("X-Actor", "ada");
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        using HttpResponseMessage answer = await Http.SendAsync(request);
        string text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }

    /// <summary>Waits until the condition holds; fails after a minute.</summary>
    public static async Task EventuallyAsync(Func<Task<bool>> condition, Func<string> what)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition())
        {
            deadline.IsCancellationRequested.ShouldBeFalse($"waited for: {what()}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    /// <summary>Rows whose target a straight line tells, mostly; another seed, other rows.</summary>
    public static string Rows(int count, int seed)
    {
        var random = new Random(seed);
        var csv = new StringBuilder("id,weight,height,colour,heavy\n");
        for (int i = 0; i < count; i++)
        {
            double weight = random.NextDouble() * 10;
            double height = random.NextDouble();
            bool heavy = weight + (random.NextDouble() * 2) > 6;
            csv.Append(CultureInfo.InvariantCulture, $"b{seed}-{i},{weight:0.###},{height:0.###},{(i % 3 == 0 ? "red" : "blue")},{(heavy ? "yes" : "no")}\n");
        }

        return csv.ToString();
    }
}

/// <summary>The tests that share one app; each works on a pipeline of its own.</summary>
[CollectionDefinition(Name)]
public sealed class TestAppCollection : ICollectionFixture<TestApp>
{
    public const string Name = "app";
}
