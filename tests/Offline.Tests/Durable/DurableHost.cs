using System.Text.Json;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Converters;
using Microsoft.DurableTask.Engine;
using Microsoft.DurableTask.Engine.Replay;
using Microsoft.DurableTask.Engine.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ServerlessMlops.Offline.Tests.Durable;

/// <summary>An engine with functions given as lambdas: what the Functions host does, without it.</summary>
internal sealed class DurableHost : IAsyncDisposable
{
    public static readonly JsonDataConverter Converter = new(new JsonSerializerOptions { PropertyNameCaseInsensitive = true });

    public DurableHost(
        IInstanceStore? store = null, EngineSettings? settings = null, IHubLease? lease = null, TimeProvider? time = null, ILoggerFactory? loggers = null)
    {
        Settings = settings ?? new EngineSettings { Replay = Replay, FaultDelay = TimeSpan.FromMilliseconds(5) };
        Engine = new DurableEngine(
            store ?? new MemoryInstanceStore(new MemoryHub()),
            lease ?? new SoleOwnerLease(),
            Functions,
            Settings,
            time ?? TimeProvider.System,
            loggers ?? NullLoggerFactory.Instance);
        Client = new EngineClient("test", Engine);
    }

    public static ReplaySettings Replay { get; } = new() { DataConverter = Converter };

    public TaskFunctions Functions { get; } = new();

    public EngineSettings Settings { get; }

    public DurableEngine Engine { get; }

    public DurableTaskClient Client { get; }

    public static OrchestratorFunction Typed<TInput, TOutput>(Func<TaskOrchestrationContext, TInput, Task<TOutput>> run) =>
        async context => await run(context, context.GetInput<TInput>()!);

    public DurableHost Orchestrator<TInput, TOutput>(string name, Func<TaskOrchestrationContext, TInput, Task<TOutput>> run)
    {
        Functions.AddOrchestrator(name, Typed(run));
        return this;
    }

    public DurableHost Activity<TInput, TOutput>(string name, Func<TInput, Task<TOutput>> run)
    {
        Functions.AddActivity(name, async (invocation, _) => Converter.Serialize(await run(Converter.Deserialize<TInput>(invocation.SerializedInput)!)));
        return this;
    }

    public async Task<DurableHost> StartAsync()
    {
        await Engine.StartAsync(CancellationToken.None);
        await Engine.Ready;
        return this;
    }

    public async Task<OrchestrationMetadata> RunAsync(string name, object? input = null, StartOrchestrationOptions? options = null)
    {
        var id = await Client.ScheduleNewOrchestrationInstanceAsync(name, input, options);
        return await EndAsync(id);
    }

    public async Task<OrchestrationMetadata> EndAsync(string instanceId)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await Client.WaitForInstanceCompletionAsync(instanceId, getInputsAndOutputs: true, deadline.Token);
    }

    /// <summary>Waits until the instance looks as asked.</summary>
    public async Task<OrchestrationMetadata> UntilAsync(string instanceId, Func<OrchestrationMetadata, bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var change = Engine.Watch.NextChange(instanceId);
            if (await Client.GetInstanceAsync(instanceId, getInputsAndOutputs: true, deadline.Token) is { } metadata && condition(metadata))
            {
                return metadata;
            }

            await change.WaitAsync(deadline.Token);
        }
    }

    /// <summary>Waits until the engine owns the hub and has looked for work once.</summary>
    public async Task UntilIdleAsync(MemoryHub hub)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!Engine.IsOwner || !hub.Operations.ContainsKey("signals"))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, deadline.Token);
        }
    }

    public ValueTask DisposeAsync() => Engine.DisposeAsync();
}
