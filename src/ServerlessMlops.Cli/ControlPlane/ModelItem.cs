using System.Text.Json;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Cli.ControlPlane;

/// <summary>A model version in a listing.</summary>
internal sealed record ModelItem
{
    public required int Version { get; init; }

    public required string ModelId { get; init; }

    public string? DatasetId { get; init; }

    public string? Candidate { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Metrics on the hold-out, by name.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    public string? RunId { get; init; }

    /// <summary>Names that point at the version, such as <c>champion</c>.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];
}

/// <summary>What serves: the live pointer, null before the first promotion.</summary>
internal sealed record DeploymentView
{
    public string? Pipeline { get; init; }

    public LivePointer? Live { get; init; }

    /// <summary>How the running rollout stands; null where none runs.</summary>
    public RolloutView? Rollout { get; init; }
}

/// <summary>What a verb on a run came to.</summary>
internal sealed record RunVerbView
{
    /// <summary>The run to follow.</summary>
    public required string RunId { get; init; }

    /// <summary>How the run that the verb was about stands.</summary>
    public RunStatus Status { get; init; }
}

/// <summary>A running rollout, as of its last look.</summary>
internal sealed record RolloutView(
    string RunId, int Version, DeployStrategy Strategy, int Step, int Steps, double Share, int Look, DateTimeOffset? At, DateTimeOffset? NextLookAt, StepJudgement? Judgement);

/// <summary>A replay that was asked for.</summary>
internal sealed record ReplayStarted(string Pipeline, string RunId);

/// <summary>Rows to score, in the shape of MLflow's <c>dataframe_split</c>.</summary>
/// <param name="Columns">Column names.</param>
/// <param name="Data">Rows: strings, numbers or null, in the order of <paramref name="Columns"/>.</param>
internal sealed record ScoringRows(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<object?>> Data);

/// <summary>The answer to an invocation.</summary>
internal sealed record InvocationAnswer
{
    /// <summary>One per row: a number, a class, or an object of both, as the app writes it.</summary>
    public required IReadOnlyList<JsonElement> Predictions { get; init; }

    /// <summary>What else the app says, such as the model's version.</summary>
    [System.Text.Json.Serialization.JsonExtensionData]
    public Dictionary<string, JsonElement>? More { get; init; }
}
