using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Tests.Scoring;

namespace ServerlessMlops.Functions.Tests.Rollout;

/// <summary>A registry in memory that moves as the real one does.</summary>
internal sealed class MemoryRegistry(TimeProvider time) : IModelRegistry
{
    private readonly Lock _gate = new();

    public RegistryHead Head { get; private set; } = new() { Pipeline = "flights" };

    public List<LedgerEntry> Ledger { get; } = [];

    public IEnumerable<(LedgerAction Action, int? Version)> Moves => Ledger.Select(e => (e.Action, e.Version));

    public void Have(int versions, int? live) => Head = Head with
    {
        LastVersion = versions, Live = live is { } version ? new LivePointer(version, time.GetUtcNow(), null) : null,
    };

    /// <summary>Until when storage does not answer.</summary>
    public DateTimeOffset AwayUntil { get; set; }

    public Task<RegistryHead> GetHeadAsync(string pipeline, CancellationToken cancellation) =>
        time.GetUtcNow() < AwayUntil ? throw new IOException("storage is away") : Task.FromResult(Head);

    public Task<RegistryHead> MoveAsync(string pipeline, Func<RegistryHead, DateTimeOffset, RegistryChange?> move, CancellationToken cancellation)
    {
        if (time.GetUtcNow() < AwayUntil)
        {
            throw new IOException("storage is away");
        }

        lock (_gate)
        {
            if (move(Head, time.GetUtcNow()) is { } change)
            {
                Head = change.Head;
                Ledger.Add(change.Entry);
            }

            return Task.FromResult(Head);
        }
    }

    public Task<RegistryHead> PromoteAsync(string pipeline, int version, MoveReason reason, CancellationToken cancellation) =>
        MoveAsync(pipeline, (head, at) => RegistryMoves.Promote(head, version, reason, at), cancellation);

    public Task<RegistryHead> RollBackAsync(string pipeline, int version, MoveReason reason, CancellationToken cancellation) =>
        MoveAsync(pipeline, (head, at) => RegistryMoves.RollBack(head, version, reason, at), cancellation);

    public Task<Page<LedgerEntry>> ListLedgerAsync(string pipeline, int pageSize, string? continuation, CancellationToken cancellation) =>
        Task.FromResult(new Page<LedgerEntry>([.. Enumerable.Reverse(Ledger).Take(pageSize)], null));

    public Task<ModelVersion> MoveVersionAsync(
        string pipeline, int version, Func<RegistryHead, ModelVersion, DateTimeOffset, RegistryChange?> move, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<RegistryHead> ChangeSpecAsync(string pipeline, string specHash, MoveReason reason, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<ModelVersion?> GetVersionAsync(string pipeline, int version, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<Page<ModelVersion>> ListVersionsAsync(string pipeline, int pageSize, string? continuation, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<ModelVersion?> FindByModelAsync(string pipeline, string modelId, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<ModelVersion> RegisterAsync(string pipeline, ModelRegistration model, MoveReason reason, CancellationToken cancellation) => throw new NotSupportedException();
}

/// <summary>Runs in memory.</summary>
internal sealed class MemoryRuns : IRunLog
{
    private readonly ConcurrentDictionary<string, Run> _runs = new();

    public Task<Run> StartAsync(Run run, CancellationToken cancellation) => Task.FromResult(_runs.GetOrAdd(run.Id, run));

    public Task<Run> UpdateAsync(string pipeline, string id, Func<Run, Run> change, CancellationToken cancellation) => Task.FromResult(
        _runs.AddOrUpdate(id, _ => throw new InvalidOperationException($"no run {id}"), (_, run) => change(run) is var after && run.IsEnded && after.Status != RunStatus.Running ? run : after));

    public Task<Run?> GetAsync(string pipeline, string id, CancellationToken cancellation) => Task.FromResult(_runs.GetValueOrDefault(id));

    public Task<Page<Run>> ListAsync(string pipeline, int pageSize, string? continuation, CancellationToken cancellation) => throw new NotSupportedException();

    public IAsyncEnumerable<Run> ListOpenAsync(string pipeline, CancellationToken cancellation) => throw new NotSupportedException();
}

/// <summary>One spec that may be changed.</summary>
internal sealed class MemorySpecs : IPipelineStore
{
    private readonly ConcurrentDictionary<string, string> _kept = new();

    public string? Yaml { get; set; }

    public Task<StoredSpec?> GetAsync(string pipeline, CancellationToken cancellation) => Task.FromResult(Yaml is { } yaml ? new StoredSpec(pipeline, yaml, "1") : null);

    public Task<StoredSpec?> GetVersionAsync(string pipeline, string specHash, CancellationToken cancellation) =>
        Task.FromResult(_kept.TryGetValue(specHash, out string? yaml) ? new StoredSpec(pipeline, yaml, null) : null);

    public Task KeepVersionAsync(string pipeline, string specHash, string yaml, CancellationToken cancellation)
    {
        _kept[specHash] = yaml;
        return Task.CompletedTask;
    }

    public Task<string?> PutAsync(string pipeline, string yaml, string? ifMatch, string actor, CancellationToken cancellation) => throw new NotSupportedException();

    public IAsyncEnumerable<string> ListAsync(CancellationToken cancellation) => throw new NotSupportedException();
}

/// <summary>Model cards whose outputs were spread evenly over 0 to 1.</summary>
internal sealed class MemoryModels : IModelStore
{
    public static readonly ModelCard Card = FakeModels.CardOf(1) with
    {
        OutputReference = new FeatureGroups("output", FeatureKind.Number, [0.25, 0.5, 0.75], [], [500, 500, 500, 500, 0]),
    };

    public HashSet<int> Damaged { get; } = [];

    public Task<ModelCard?> LoadCardAsync(string pipeline, int version, CancellationToken cancellation) => Task.FromResult<ModelCard?>(Card);

    public Task<ReadOnlyMemory<byte>> LoadModelAsync(string pipeline, int version, ModelCard card, CancellationToken cancellation) =>
        Damaged.Contains(version) ? throw new InvalidDataException("the bytes are not those") : Task.FromResult<ReadOnlyMemory<byte>>(new[] { (byte)version });

    public Task<string> SaveCandidateAsync(string pipeline, string runId, string candidate, ReadOnlyMemory<byte> onnx, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<ReadOnlyMemory<byte>> LoadCandidateAsync(string pipeline, string runId, string candidate, string modelId, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<string> SaveSearchAsync(string pipeline, string runId, SearchRecord search, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<ReadOnlyMemory<byte>?> LoadIncomingAsync(string pipeline, string name, string etag, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<SearchRecord?> LoadSearchAsync(string pipeline, string runId, CancellationToken cancellation) => throw new NotSupportedException();

    public Task DeleteModelAsync(string pipeline, ModelVersion version, CancellationToken cancellation) => throw new NotSupportedException();

    public Task SaveVersionAsync(string pipeline, int version, ReadOnlyMemory<byte> onnx, ModelCard card, CancellationToken cancellation) => throw new NotSupportedException();
}

/// <summary>Requests of one minute to one version.</summary>
/// <param name="Requests">How many.</param>
/// <param name="Failed">How many of them failed on our side.</param>
internal readonly record struct Minute(int Requests, int Failed);

/// <summary>Traffic by a script: every minute that has begun has its row.</summary>
internal sealed class ScriptedWindows(TimeProvider time) : IWindowStore
{
    /// <summary>The requests of a version in a minute.</summary>
    public Func<int, DateTimeOffset, Minute> Script { get; set; } = (_, _) => default;

    /// <summary>Rows of files, beside the requests.</summary>
    public List<WindowRow> Files { get; } = [];

    public Task<bool> AppendAsync(WindowRow row, CancellationToken cancellation) => Task.FromResult(true);

    public async IAsyncEnumerable<WindowRow> ReadAsync(
        string pipeline, int version, DateTimeOffset from, DateTimeOffset until, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.CompletedTask;
        foreach (WindowRow file in Files.Where(f => f.Version == version && f.Minute >= from && f.Minute < until))
        {
            yield return file;
        }

        DateTimeOffset first = from.AddTicks(-(from.UtcTicks % TimeSpan.TicksPerMinute));
        for (DateTimeOffset minute = first < from ? first.AddMinutes(1) : first; minute < until && minute <= time.GetUtcNow(); minute = minute.AddMinutes(1))
        {
            Minute traffic = Script(version, minute);
            if (traffic.Requests > 0)
            {
                WindowSums sums = WindowSums.Empty(MemoryModels.Card);
                sums.Statuses[StatusClasses.Answered] = traffic.Requests - traffic.Failed;
                sums.Statuses[StatusClasses.ServerFault] = traffic.Failed;
                sums.Latencies[10] = traffic.Requests;
                for (int i = 0; i < traffic.Requests - traffic.Failed; i++)
                {
                    int group = (minute.Minute + i) % 4;
                    sums.Outputs[group]++;
                    sums.OutputSums[group] += 0.125 + (0.25 * group);
                }

                yield return new WindowRow(pipeline, version, "i", 1, minute, sums);
            }
        }
    }

    public Task<int> DeleteBeforeAsync(string pipeline, int version, DateTimeOffset before, CancellationToken cancellation) => throw new NotSupportedException();
}

/// <summary>Labels by a script.</summary>
internal sealed class ScriptedOutcomes : IOutcomeReader
{
    public Func<int, LabelledOutcomes?> Script { get; set; } = _ => null;

    public Task<LabelledOutcomes?> ReadAsync(string pipeline, int version, DateTimeOffset from, DateTimeOffset until, CancellationToken cancellation) =>
        Task.FromResult(Script(version));
}

/// <summary>Keeps what was raised.</summary>
internal sealed class KeptAlerts : IAlertSink
{
    public ConcurrentQueue<AlertEvent> Raised { get; } = new();

    public Task RaiseAsync(IReadOnlyList<AlertEvent> events, CancellationToken cancellation)
    {
        foreach (AlertEvent occurred in events)
        {
            Raised.Enqueue(occurred);
        }

        return Task.CompletedTask;
    }
}

/// <summary>A predictor that answers anything.</summary>
internal static class AnyPredictor
{
    public static IRowPredictor Read(ReadOnlyMemory<byte> onnx) => new VersionedPredictor(onnx.Span[0]);
}
