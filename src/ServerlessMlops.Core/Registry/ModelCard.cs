using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Attribution;
using ServerlessMlops.Core.Monitoring.Performance;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Calibration;

namespace ServerlessMlops.Core.Registry;

/// <summary>How a feature arrives.</summary>
public enum FeatureKind
{
    /// <summary>A number, or missing.</summary>
    Number,

    /// <summary>A category by name, or missing.</summary>
    Category,
}

/// <summary>One input of a model, in the order of its feature vector.</summary>
/// <param name="Name">Column name.</param>
/// <param name="Kind">How it arrives.</param>
public sealed record FeatureSignature(string Name, FeatureKind Kind)
{
    /// <summary>The categories seen in training, for <see cref="FeatureKind.Category"/>; anything else is an unknown category.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];
}

/// <summary>How one candidate of a training fared.</summary>
/// <param name="Name">The candidate.</param>
/// <param name="Metrics">Metrics on the hold-out, by name.</param>
/// <param name="Seconds">Training time.</param>
public sealed record CandidateResult(string Name, IReadOnlyDictionary<string, double> Metrics, double Seconds);

/// <summary>
/// Everything that is known of a model, beside its bytes (<c>model.json</c>): what it takes and gives, how good it is, what it was made
/// from, and how its training data was distributed, which monitors compare live traffic with.
/// </summary>
public sealed record ModelCard
{
    /// <summary>The pipeline.</summary>
    public required string Pipeline { get; init; }

    /// <summary>SHA-256 of <c>model.onnx</c>.</summary>
    public required string ModelId { get; init; }

    /// <summary>What it learned.</summary>
    public required LearningTask Task { get; init; }

    /// <summary>The column it predicts.</summary>
    public required string Target { get; init; }

    /// <summary>The winning candidate.</summary>
    public required string Candidate { get; init; }

    /// <summary>Inputs in the order of the feature vector.</summary>
    public required IReadOnlyList<FeatureSignature> Inputs { get; init; }

    /// <summary>Class names by class number; for binary the second is the positive one; empty for regression.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>The column that joins predictions with labels, if the spec names one. Not a feature.</summary>
    public string? Key { get; init; }

    /// <summary>Binary: the probability from which the decision is the positive class.</summary>
    public double Threshold { get; init; } = 0.5;

    /// <summary>
    /// Regression: the interval around its answers: what its file brings (<c>train.interval</c>), else found on the hold-out (split conformal prediction); null where too few rows
    /// were there.
    /// </summary>
    public ConformalInterval? Interval { get; init; }

    /// <summary>What the model goes by: its inputs, the weightiest first.</summary>
    public IReadOnlyList<InputInfluence> Influences { get; init; } = [];

    /// <summary>Metrics on the hold-out, by name.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>All candidates and how they fared.</summary>
    public required IReadOnlyList<CandidateResult> Candidates { get; init; }

    /// <summary>How each gate was decided.</summary>
    public required IReadOnlyList<GateVerdict> Gates { get; init; }

    /// <summary>How each behavioural test was decided.</summary>
    public IReadOnlyList<TestVerdict> Tests { get; init; } = [];

    /// <summary>What the evaluation says in short; <c>evaluation.json</c> beside the card has all of it.</summary>
    public EvaluationSummary? Evaluation { get; init; }

    /// <summary>A typical row as a scoring request has it: medians and most frequent categories, null for sensitive columns.</summary>
    public IReadOnlyDictionary<string, object?>? Example { get; init; }

    /// <summary>Data set it was trained on.</summary>
    public required string DatasetId { get; init; }

    /// <summary>Hash of the spec.</summary>
    public required string SpecHash { get; init; }

    /// <summary>Training run.</summary>
    public required string RunId { get; init; }

    /// <summary>Seed of every random choice in training.</summary>
    public required int Seed { get; init; }

    /// <summary>Rows that it was trained on.</summary>
    public required long TrainRows { get; init; }

    /// <summary>Rows that it was judged on.</summary>
    public required long HoldoutRows { get; init; }

    /// <summary>How each input was distributed in training, in the order of <see cref="Inputs"/>.</summary>
    public required IReadOnlyList<FeatureGroups> Reference { get; init; }

    /// <summary>How the model's output (probability of the positive class, of the winning class, or the value) was distributed on the hold-out.</summary>
    public required FeatureGroups OutputReference { get; init; }

    /// <summary>What live performance is estimated by before labels are known; null on cards of older builds.</summary>
    public EstimationReference? Estimation { get; init; }

    /// <summary>How much each of <see cref="Inputs"/> moves the output, in the same order; none on cards of older builds.</summary>
    public IReadOnlyList<FeatureAttribution> Attributions { get; init; } = [];
}
