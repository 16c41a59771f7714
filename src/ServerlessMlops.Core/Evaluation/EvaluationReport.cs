using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Evaluation;

/// <summary>
/// All that a training's judgement measured and decided (<c>evaluation.json</c>): every candidate and the version that serves, on the same hold-out rows.
/// </summary>
public sealed record EvaluationReport
{
    /// <summary>The pipeline.</summary>
    public required string Pipeline { get; init; }

    /// <summary>The training run.</summary>
    public required string RunId { get; init; }

    /// <summary>Data set whose hold-out was judged on.</summary>
    public required string DatasetId { get; init; }

    /// <summary>Hash of the spec.</summary>
    public required string SpecHash { get; init; }

    /// <summary>What was learned.</summary>
    public required LearningTask Task { get; init; }

    /// <summary>The metric that picked the winner.</summary>
    public required string Metric { get; init; }

    /// <summary>Rows of the hold-out.</summary>
    public required int Rows { get; init; }

    /// <summary>Resamples behind each interval.</summary>
    public required int Resamples { get; init; }

    /// <summary>Seed of the resamples.</summary>
    public required int Seed { get; init; }

    /// <summary>The best candidate; null where none could be measured.</summary>
    public string? Winner { get; init; }

    /// <summary>The version that served; null where none did, or it learned something else.</summary>
    public int? ChampionVersion { get; init; }

    /// <summary>Candidates in the spec's order, then the champion.</summary>
    public required IReadOnlyList<ModelEvaluation> Models { get; init; }

    /// <summary>Winner against champion, by metric. Empty where none serves.</summary>
    public IReadOnlyList<MetricComparison> Comparisons { get; init; } = [];

    /// <summary>How each gate was decided.</summary>
    public IReadOnlyList<GateVerdict> Gates { get; init; } = [];

    /// <summary>How each behavioural test was decided.</summary>
    public IReadOnlyList<TestVerdict> Tests { get; init; } = [];

    /// <summary>What the winner goes by: its inputs, the weightiest first.</summary>
    public IReadOnlyList<InputInfluence> Influences { get; init; } = [];

    /// <summary>How the winner's stored bytes behaved on the path that serving takes.</summary>
    public SandboxResult? Sandbox { get; init; }

    /// <summary>What could not be looked at, and why: columns that are no features, candidates that answered with what is no number.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The judgement in a few sentences.</summary>
    public string Reason { get; init; } = "";
}
