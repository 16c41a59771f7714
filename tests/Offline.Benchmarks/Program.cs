using System.Diagnostics;
using System.Globalization;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Converters;
using Microsoft.DurableTask.Engine;
using Microsoft.DurableTask.Engine.History;
using Microsoft.DurableTask.Engine.Replay;
using Microsoft.DurableTask.Engine.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using ServerlessMlops.Offline.Benchmarks;
using ServerlessMlops.TestSupport.Azurite;

if (args is ["serve", var kind])
{
    return HttpServers.Run(kind);
}

if (args is ["http", ..])
{
    return await HttpRatio.RunAsync(seconds: args is [_, "--seconds", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : 3, rounds: 5);
}

// Orchestrations per second on Azurite, storage calls per activity, and the cost of replaying an episode by the length of its history.
var replay = new ReplaySettings { DataConverter = JsonDataConverter.Default };
await OrchestrationsAsync(sequential: 20, concurrent: 200, inFlight: 32);
foreach (var activities in new[] { 5, 50, 500 })
{
    ReplayCost(activities);
}

return 0;

async Task OrchestrationsAsync(int sequential, int concurrent, int inFlight)
{
    var azurite = new AzuriteFixture();
    await azurite.InitializeAsync();
    try
    {
        var calls = new CallCounter();
        var options = new TableClientOptions();
        options.AddPolicy(calls, HttpPipelinePosition.PerRetry);
        var functions = new TaskFunctions();
        functions.AddOrchestrator("Five", async context =>
        {
            for (var i = 0; i < 5; i++)
            {
                await context.CallActivityAsync("Nothing");
            }

            return null;
        });
        functions.AddActivity("Nothing", (_, _) => Task.FromResult<string?>(null));
        var store = new TableInstanceStore(
            new TableServiceClient(azurite.ConnectionString, options), new BlobServiceClient(azurite.ConnectionString), "bench", TimeProvider.System);
        await using var engine = new DurableEngine(
            store, new SoleOwnerLease(), functions, new EngineSettings { Replay = replay }, TimeProvider.System, NullLoggerFactory.Instance);
        var client = new EngineClient("bench", engine);
        await engine.StartAsync(CancellationToken.None);
        await RunAsync(client);

        var before = calls.Count;
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < sequential; i++)
        {
            await RunAsync(client);
        }

        Print($"one after the other: {watch.Elapsed.TotalMilliseconds / sequential:F1} ms per orchestration with 5 no-op activities");
        Print($"table calls: {(calls.Count - before) / (double)sequential:F1} per orchestration, {(calls.Count - before) / 5.0 / sequential:F2} per activity");

        watch.Restart();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, concurrent), new ParallelOptions { MaxDegreeOfParallelism = inFlight }, async (_, _) => await RunAsync(client));
        Print($"{inFlight} in flight: {concurrent / watch.Elapsed.TotalSeconds:F0} orchestrations/s");
    }
    finally
    {
        await azurite.DisposeAsync();
    }
}

static async Task RunAsync(DurableTaskClient client)
{
    var id = await client.ScheduleNewOrchestrationInstanceAsync("Five");
    var ended = await client.WaitForInstanceCompletionAsync(id);
    if (ended.RuntimeStatus != OrchestrationRuntimeStatus.Completed)
    {
        throw new InvalidOperationException(ended.ToString());
    }
}

void ReplayCost(int activities)
{
    var start = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    List<HistoryEvent> history = [new OrchestratorStarted { Timestamp = start }, new ExecutionStarted("F", string.Empty, null, null)];
    for (var i = 0; i < activities; i++)
    {
        history.Add(new TaskScheduled("Nothing", string.Empty, null) { EventId = i });
        history.Add(new TaskCompleted(i, null));
    }

    OrchestratorFunction function = async context =>
    {
        for (var i = 0; i < activities; i++)
        {
            await context.CallActivityAsync("Nothing");
        }

        return null;
    };
    var rounds = 100_000 / activities;
    for (var warm = 0; warm < 2; warm++)
    {
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < rounds; i++)
        {
            Episode.Run("bench", history, [new OrchestratorStarted { Timestamp = start }], function, replay, NullLoggerFactory.Instance);
        }

        if (warm == 1)
        {
            var microseconds = watch.Elapsed.TotalMicroseconds / rounds;
            Print($"replay of {2 * activities} events: {microseconds:F1} us per episode, {1000 * microseconds / activities / 2:F0} ns per event");
        }
    }
}

static void Print(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

/// <summary>Counts what goes over the wire.</summary>
internal sealed class CallCounter : HttpPipelineSynchronousPolicy
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public override void OnSendingRequest(HttpMessage message) => Interlocked.Increment(ref _count);
}
