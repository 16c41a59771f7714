using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Predictions;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Functions.Tests.Scoring;

/// <summary>A model of one number (others are ignored): probability = speed / 100, plus the version in thousandths, so that an answer tells who gave it.</summary>
internal sealed class VersionedPredictor(int version, int width = 1) : IRowPredictor
{
    public int FeatureCount => width;

    public int OutputCount => 1;

    public float EncodeCategory(int input, ReadOnlySpan<byte> utf8) => 0;

    public float EncodeMissingCategory(int input) => 0;

    public void Predict(ReadOnlySpan<float> features, Span<float> outputs)
    {
        for (int row = 0; row < features.Length / width; row++)
        {
            float x = features[row * width];
            outputs[row] = ((float.IsNaN(x) ? 0 : x) / 100) + (version / 1000f);
        }
    }

    public string? ExplanationFault => null;

    public double Explain(ReadOnlySpan<float> row, int output, Span<double> contributions)
    {
        contributions.Clear();
        contributions[0] = row[0] / 100;
        return version / 1000.0;
    }

    /// <summary>Reads <see cref="FakeModels"/>' bytes: the version, and the number of inputs.</summary>
    public static IRowPredictor Read(ReadOnlyMemory<byte> bytes) => new VersionedPredictor(bytes.Span[0], bytes.Length > 1 ? bytes.Span[1] : 1);
}

/// <summary>Registry and store in memory, which can be made to fail.</summary>
internal sealed class FakeModels : IModelRegistry, IModelStore
{
    public RegistryHead Head { get; set; } = new() { Pipeline = "flights" };

    public Exception? HeadFails { get; set; }

    public ConcurrentDictionary<int, Exception> Damaged { get; } = new();

    public int HeadReads;

    /// <summary>What the models take; loaded with the next version.</summary>
    public IReadOnlyList<FeatureSignature> Inputs { get; set; } = [new FeatureSignature("speed", FeatureKind.Number)];

    public TaskCompletionSource? Gate { get; set; }

    public void Serve(int version) =>
        Head = Head with { LastVersion = Math.Max(Head.LastVersion, version), Live = new LivePointer(version, DateTimeOffset.UnixEpoch, null) };

    /// <summary>Puts a challenger beside what serves, with a share of 0 to 1.</summary>
    public void Challenge(int version, double share, DeployStrategy strategy = DeployStrategy.Canary)
    {
        Head = Head with { LastVersion = Math.Max(Head.LastVersion, version), Live = Head.Live! with { Rollout = null } };
        Head = RolloutMoves.Begin(Head, new RolloutStart($"rollout-flights-{version}", version, strategy, share), new MoveReason("test", "test", "test"), DateTimeOffset.UnixEpoch)!.Head;
    }

    public static ModelCard CardOf(int version) => new()
    {
        Pipeline = "flights",
        ModelId = new string((char)('0' + version), 64),
        Task = LearningTask.Binary,
        Target = "delayed",
        Candidate = "boosting",
        Inputs = [new FeatureSignature("speed", FeatureKind.Number)],
        Classes = ["no", "yes"],
        Key = "flight_id",
        Metrics = new Dictionary<string, double> { ["auc"] = 0.8 },
        Candidates = [],
        Gates = [new GateVerdict("auc >= 0.7", ServerlessMlops.Core.Evaluation.Verdict.Passed, "0.8")],
        DatasetId = "data-1",
        SpecHash = "spec-1",
        RunId = "run-1",
        Seed = 1,
        TrainRows = 1,
        HoldoutRows = 1,
        Reference = [new FeatureGroups("speed", FeatureKind.Number, [], [], [0, 0])],
        OutputReference = new FeatureGroups("output", FeatureKind.Number, [], [], [0, 0]),
    };

    public async Task<RegistryHead> GetHeadAsync(string pipeline, CancellationToken cancellation)
    {
        Interlocked.Increment(ref HeadReads);
        if (Gate is { } gate)
        {
            await gate.Task.WaitAsync(cancellation);
        }

        return HeadFails is { } failure ? throw failure : pipeline == "flights" ? Head : new RegistryHead { Pipeline = pipeline };
    }

    public Task<ModelCard?> LoadCardAsync(string pipeline, int version, CancellationToken cancellation) => Task.FromResult<ModelCard?>(CardOf(version) with
    {
        Inputs = Inputs,
        Reference = [.. Inputs.Select(i => new FeatureGroups(i.Name, i.Kind, [], [], i.Kind == FeatureKind.Number ? [0, 0] : [0, 0, 0]))],
    });

    public Task<ReadOnlyMemory<byte>> LoadModelAsync(string pipeline, int version, ModelCard card, CancellationToken cancellation) =>
        Damaged.TryGetValue(version, out Exception? damage) ? throw damage : Task.FromResult<ReadOnlyMemory<byte>>(new[] { (byte)version, (byte)Inputs.Count });

    public Task<Page<LedgerEntry>> ListLedgerAsync(string pipeline, int pageSize, string? continuation, CancellationToken cancellation) => Task.FromResult(new Page<LedgerEntry>(
        [new LedgerEntry { Number = 1, At = DateTimeOffset.UnixEpoch, Action = LedgerAction.Promoted, Actor = "ann", Version = 1, Why = "better", Evidence = "run-1", PreviousHash = LedgerEntry.Genesis }], null));

    public Task<ModelVersion?> GetVersionAsync(string pipeline, int version, CancellationToken cancellation) => Task.FromResult<ModelVersion?>(null);

    public Task<Page<ModelVersion>> ListVersionsAsync(string pipeline, int pageSize, string? continuation, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<ModelVersion?> FindByModelAsync(string pipeline, string modelId, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<ModelVersion> RegisterAsync(string pipeline, ModelRegistration model, MoveReason reason, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<RegistryHead> PromoteAsync(string pipeline, int version, MoveReason reason, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<RegistryHead> RollBackAsync(string pipeline, int version, MoveReason reason, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<RegistryHead> MoveAsync(string pipeline, Func<RegistryHead, DateTimeOffset, RegistryChange?> move, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<RegistryHead> ChangeSpecAsync(string pipeline, string specHash, MoveReason reason, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<string> SaveCandidateAsync(string pipeline, string runId, string candidate, ReadOnlyMemory<byte> onnx, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<ReadOnlyMemory<byte>> LoadCandidateAsync(string pipeline, string runId, string candidate, string modelId, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<ModelVersion> MoveVersionAsync(
        string pipeline, int version, Func<RegistryHead, ModelVersion, DateTimeOffset, RegistryChange?> move, CancellationToken cancellation) => throw new NotSupportedException();

    public Task DeleteModelAsync(string pipeline, ModelVersion version, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<string> SaveSearchAsync(string pipeline, string runId, SearchRecord search, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<ReadOnlyMemory<byte>?> LoadIncomingAsync(string pipeline, string name, string etag, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<SearchRecord?> LoadSearchAsync(string pipeline, string runId, CancellationToken cancellation) => throw new NotSupportedException();

    public Task SaveVersionAsync(string pipeline, int version, ReadOnlyMemory<byte> onnx, ModelCard card, CancellationToken cancellation) => throw new NotSupportedException();
}

/// <summary>The predictions container in memory, which can be made to fail.</summary>
internal sealed class FakePredictions : IPredictionStore
{
    public ConcurrentDictionary<string, byte[]> Blobs { get; } = new();

    public Exception? Fails { get; set; }

    public int Tries;

    public string[] Lines => [.. Blobs.Where(b => b.Key.EndsWith(".jsonl", StringComparison.Ordinal)).OrderBy(b => b.Key, StringComparer.Ordinal)
        .SelectMany(b => Encoding.UTF8.GetString(b.Value).Split('\n', StringSplitOptions.RemoveEmptyEntries))];

    public Task WriteAsync(PredictionSegmentName name, ReadOnlyMemory<byte> lines, ReadOnlyMemory<byte> index, CancellationToken cancellation)
    {
        Interlocked.Increment(ref Tries);
        cancellation.ThrowIfCancellationRequested();
        if (Fails is { } failure)
        {
            throw failure;
        }

        Blobs[name.LinesPath] = lines.ToArray();
        Blobs[name.IndexPath] = index.ToArray();
        return Task.CompletedTask;
    }

    public Task<ReadOnlyMemory<byte>?> ReadIndexAsync(PredictionSegmentName name, CancellationToken cancellation) =>
        Task.FromResult(Blobs.TryGetValue(name.IndexPath, out byte[]? found) ? (ReadOnlyMemory<byte>?)found : null);

    public Task<ReadOnlyMemory<byte>?> ReadLinesAsync(PredictionSegmentName name, CancellationToken cancellation) =>
        Task.FromResult(Blobs.TryGetValue(name.LinesPath, out byte[]? found) ? (ReadOnlyMemory<byte>?)found : null);

    public Task<ReadOnlyMemory<byte>?> ReadLineAsync(PredictionSegmentName name, PredictionLine line, CancellationToken cancellation) =>
        Task.FromResult(Blobs.TryGetValue(name.LinesPath, out byte[]? found) ? (ReadOnlyMemory<byte>?)found.AsMemory((int)line.Offset, line.Length) : null);

    public Task<Stream?> OpenLinesAsync(PredictionSegmentName name, CancellationToken cancellation) =>
        Task.FromResult<Stream?>(Blobs.TryGetValue(name.LinesPath, out byte[]? found) ? new MemoryStream(found) : null);

    public async IAsyncEnumerable<PredictionSegmentName> ListAsync(string pipeline, DateTimeOffset hour, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.CompletedTask;
        foreach (string path in Blobs.Keys.Where(p => p.StartsWith(PredictionSegmentName.HourPrefix(pipeline, hour), StringComparison.Ordinal)))
        {
            if (PredictionSegmentName.TryParseIndexPath(path, out PredictionSegmentName name))
            {
                yield return name;
            }
        }
    }
}

internal static class Eventually
{
    /// <summary>Waits until the condition holds; fails after ten seconds.</summary>
    public static async Task HoldsAsync(Func<bool> condition, string what)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!condition())
        {
            deadline.IsCancellationRequested.ShouldBeFalse($"waited for: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }
}
