using System.Text.Json;
using Azure.Data.Tables;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Converters;
using Microsoft.DurableTask.Engine;
using Microsoft.DurableTask.Engine.Replay;
using Microsoft.DurableTask.Engine.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Azure.Functions.Worker.Extensions.DurableTask;

/// <summary>The app's task hub: its functions, the engine that runs them, and the client.</summary>
internal sealed class DurableTaskHub : IAsyncDisposable
{
    public DurableTaskHub(DurableTaskHostOptions options, IOptions<JsonSerializerOptions> json, TimeProvider time, ILoggerFactory loggerFactory)
    {
        Options = options;

        // As the worker serialises: System.Text.Json's defaults, names read without regard to case, and what the app configured.
        Converter = new JsonDataConverter(new JsonSerializerOptions(json.Value) { PropertyNameCaseInsensitive = true });
        var settings = new EngineSettings
        {
            Replay = new ReplaySettings
            {
                DataConverter = Converter,
                DefaultVersion = options.DefaultVersion,
                Properties = new Dictionary<string, object?> { ["defaultVersion"] = options.DefaultVersion },
            },
            VersionMatchStrategy = options.VersionMatchStrategy,
            VersionFailureStrategy = options.VersionFailureStrategy,
            MaxConcurrentActivities = options.MaxConcurrentActivityFunctions,
            MaxConcurrentOrchestrators = options.MaxConcurrentOrchestratorFunctions,
            PollInterval = options.MaxQueuePollingInterval,
        };

        // The engine stands in for the host, whose storage calls are no part of the app's traces.
        var untraced = new TableClientOptions { Diagnostics = { IsDistributedTracingEnabled = false } };
        var blobs = options.Storage.Blobs();
        var tables = options.Storage.ConnectionString is { } text
            ? new TableServiceClient(text, untraced)
            : new TableServiceClient(options.Storage.Address("table"), options.Storage.Credential, untraced);
        var store = new TableInstanceStore(tables, blobs, options.HubName, time);
        Engine = new DurableEngine(store, new BlobHubLease(blobs, options.HubName, time, loggerFactory), Functions, settings, time, loggerFactory);
        Client = new EngineClient(options.HubName, Engine);
    }

    public DurableTaskHostOptions Options { get; }

    public JsonDataConverter Converter { get; }

    public TaskFunctions Functions { get; } = new();

    public DurableEngine Engine { get; }

    public DurableTaskClient Client { get; }

    public ValueTask DisposeAsync() => Engine.DisposeAsync();
}
