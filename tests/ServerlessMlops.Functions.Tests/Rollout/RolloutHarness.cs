using System.Text.Json;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Engine;
using Microsoft.Extensions.Logging.Abstractions;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Monitoring;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Rollout;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Functions.Scoring;
using ServerlessMlops.Functions.Tests.Scoring;
using ServerlessMlops.Offline.Tests.Durable;
using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Functions.Tests.Rollout;

/// <summary>The rollout orchestration with its own activities on a durable engine, a registry and windows in memory, and a clock that the test moves.</summary>
internal sealed class RolloutHarness : IAsyncDisposable
{
    private readonly DurableHost _host;
    private readonly List<string> _ids = [];

    /// <param name="twice">Whether every activity runs twice, as it may after a crash.</param>
    public RolloutHarness(bool twice = false)
    {
        Registry = new MemoryRegistry(Time);
        Windows = new ScriptedWindows(Time);
        var counters = new WindowCounters("0123abcd");
        var ends = new RunEnds(Runs, Alerts, Time);
        var runActivities = new RunActivities(Runs, ends);
        var evidence = new EvidenceReader(Models, Windows, new WindowFlusher(counters, Windows, Time, NullLogger<WindowFlusher>.Instance), [Outcomes], Time);
        var rollout = new RolloutActivities(
            Registry, Runs, ends, new SpecReader(Specs), new ModelLoader(Models, AnyPredictor.Read, counters), evidence, Time, NullLogger<RolloutActivities>.Instance);
        _host = new DurableHost(
            new MemoryInstanceStore(new MemoryHub()),
            new EngineSettings { Replay = DurableHost.Replay, PollInterval = TimeSpan.FromDays(1), FaultDelay = TimeSpan.FromMilliseconds(5) },
            time: Time);
        _host.Functions.AddOrchestrator(nameof(RolloutOrchestrator), async context =>
        {
            await RolloutOrchestrator.Run(context);
            return null;
        });
        Add<Run, object?>(nameof(RunActivities.StartRun), async run =>
        {
            await runActivities.StartRun(run, default);
            return null;
        });
        Add<RolloutInput, RolloutPlan>(nameof(RolloutActivities.BeginRollout), input => rollout.BeginRollout(input, _host.Client, default));
        Add<StepLook, StepJudgement?>(nameof(RolloutActivities.JudgeStep), look => rollout.JudgeStep(look, default));
        Add<RolloutMove, bool>(nameof(RolloutActivities.AdvanceRollout), move => rollout.AdvanceRollout(move, default));
        Add<RolloutMove, bool>(nameof(RolloutActivities.PromoteVersion), move => rollout.PromoteVersion(move, default));
        Add<RolloutMove, bool>(nameof(RolloutActivities.WithdrawVersion), move => rollout.WithdrawVersion(move, default));
        Add<RolloutMove, object?>(nameof(RolloutActivities.AbandonRollout), async move =>
        {
            await rollout.AbandonRollout(move, default);
            return null;
        });

        void Add<TInput, TOutput>(string name, Func<TInput, Task<TOutput>> run) => _host.Activity<TInput, TOutput>(name, async input =>
        {
            TOutput first = await run(input);
            return twice ? await run(input) : first;
        });
    }

    public ManualTimeProvider Time { get; } = new();

    public MemoryRegistry Registry { get; }

    public ScriptedWindows Windows { get; }

    public MemoryRuns Runs { get; } = new();

    public MemorySpecs Specs { get; } = new();

    public MemoryModels Models { get; } = new();

    public KeptAlerts Alerts { get; } = new();

    /// <summary>What labels tell; nothing, until a script says otherwise.</summary>
    public ScriptedOutcomes Outcomes { get; } = new();

    public DurableTaskClient Client => _host.Client;

    /// <summary>Makes a person's move.</summary>
    public Task MoveAsync(Func<RegistryHead, MoveReason, DateTimeOffset, RegistryChange?> move, MoveReason reason) =>
        Registry.MoveAsync("flights", (head, at) => move(head, reason, at), default);

    public async Task<string> StartAsync(int version)
    {
        if (!_host.Engine.IsOwner)
        {
            await _host.StartAsync();
        }

        var input = new RolloutInput("flights", version, "training train-flights-1 passed every gate", "train-flights-1");
        await _host.Client.ScheduleNewOrchestrationInstanceAsync(nameof(RolloutOrchestrator), input, new StartOrchestrationOptions(input.RunId));
        _ids.Add(input.RunId);
        return input.RunId;
    }

    /// <summary>Lets time pass until the condition holds: ten seconds at a stroke, each after every rollout has gone to sleep.</summary>
    public async Task UntilAsync(Func<bool> condition, TimeSpan most)
    {
        DateTimeOffset end = Time.GetUtcNow() + most;
        while (true)
        {
            await SettleAsync();
            if (condition())
            {
                return;
            }

            Time.GetUtcNow().ShouldBeLessThan(end, $"waited {most} of its own time");
            Time.Advance(TimeSpan.FromSeconds(10));
        }
    }

    /// <summary>Waits until the rollout's run has ended while the clock stands still: only an event can have brought it about.</summary>
    public async Task<Run> EndAtOnceAsync(string runId)
    {
        await Eventually.HoldsAsync(() => Run(runId) is { IsEnded: true }, $"the end of {runId} by an event");
        return Run(runId)!;
    }

    /// <summary>Lets time pass until the rollout's run has ended; the run.</summary>
    public async Task<Run> EndAsync(string runId, TimeSpan most)
    {
        await UntilAsync(() => Run(runId) is { IsEnded: true }, most);
        return Run(runId)!;
    }

    public Run? Run(string runId) => Runs.GetAsync("flights", runId, default).Result;

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    // A rollout sleeps when its status names a look that is still to come. One that retries or is just being woken shows no such time, so the wait
    // for it is bounded.
    private async Task SettleAsync()
    {
        long started = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromMilliseconds(250))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
            bool asleep = true;
            foreach (string id in _ids)
            {
                OrchestrationMetadata? instance = await Client.GetInstanceAsync(id, getInputsAndOutputs: true);
                asleep &= instance is { IsCompleted: true } || (instance?.SerializedCustomStatus is { Length: > 0 } status
                    && JsonSerializer.Deserialize<RolloutProgress>(status, MlopsJson.Options)!.NextLookAt > Time.GetUtcNow());
            }

            if (asleep)
            {
                return;
            }
        }
    }
}
