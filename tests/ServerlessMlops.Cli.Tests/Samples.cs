using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Cli.Tests;

/// <summary>Documents of the control plane as the app writes them.</summary>
internal static class Samples
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    public static Run Run(RunKind kind, RunStatus status, string stage = "done", string? reason = null, string id = "run-1") => new()
    {
        Pipeline = "birdstrikes",
        Id = id,
        Kind = kind,
        Status = status,
        Stage = stage,
        StartedAt = Noon,
        EndedAt = status is RunStatus.Running or RunStatus.Waiting ? null : Noon.AddSeconds(3),
        Reason = reason,
    };

    public static object Model(int version) => new
    {
        version,
        modelId = new string((char)('a' + version), 64),
        datasetId = new string('d', 64),
        specHash = new string('e', 64),
        candidate = "boosting",
        runId = "train-birdstrikes-1",
        createdAt = Noon,
        metrics = new Dictionary<string, double> { ["auc"] = 0.81234 },
    };

    public static ModelCard Card(params FeatureSignature[] inputs) => new()
    {
        Pipeline = "birdstrikes",
        ModelId = new string('b', 64),
        Task = LearningTask.Binary,
        Target = "damaged",
        Candidate = "boosting",
        Inputs = inputs,
        Classes = ["false", "true"],
        Key = "strike_id",
        Metrics = new Dictionary<string, double> { ["auc"] = 0.8 },
        Candidates = [],
        Gates = [],
        DatasetId = new string('d', 64),
        SpecHash = new string('e', 64),
        RunId = "train-birdstrikes-1",
        Seed = 7,
        TrainRows = 4000,
        HoldoutRows = 1000,
        Reference = [],
        OutputReference = new FeatureGroups("score", FeatureKind.Number, [], [], [0, 0]),
    };

    public static object Deployment(int version, int? previous = null) => new
    {
        live = new { version, since = Noon, previousVersion = previous, shares = Array.Empty<object>(), salt = "" },
        lastVersion = version,
    };
}
