namespace ServerlessMlops.Core.Evaluation;

/// <summary>One model on the hold-out.</summary>
public sealed record ModelEvaluation
{
    /// <summary>The candidate, or <c>champion</c>.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of its bytes.</summary>
    public required string ModelId { get; init; }

    /// <summary>Its version, if it has one.</summary>
    public int? Version { get; init; }

    /// <summary>Metrics over the whole hold-out; what is not a number is left out.</summary>
    public required IReadOnlyDictionary<string, MetricEstimate> Metrics { get; init; }

    /// <summary>What it costs.</summary>
    public required ModelCosts Costs { get; init; }

    /// <summary>Metrics by group of the columns that the spec names. Of the best candidates and the champion.</summary>
    public IReadOnlyList<SliceEvaluation> Slices { get; init; } = [];

    /// <summary>Decisions by group of sensitive columns. Of the best candidates and the champion.</summary>
    public IReadOnlyList<FairnessEvaluation> Fairness { get; init; } = [];

    /// <summary>Predictions against what came true. Of the best candidates and the champion.</summary>
    public CalibrationCurve? Calibration { get; init; }

    /// <summary>Segments that nobody named, in which the model is worse than elsewhere. Of the best candidates and the champion.</summary>
    public IReadOnlyList<WeakSegment> WeakSegments { get; init; } = [];

    /// <summary>Rows with the largest losses, worst first. Of the best candidates and the champion.</summary>
    public IReadOnlyList<WorstRow> WorstRows { get; init; } = [];
}

/// <summary>What a model costs.</summary>
/// <param name="Bytes">Of its file.</param>
/// <param name="TrainSeconds">To train it; null where it is not known any more.</param>
/// <param name="LatencyP50Ms">Median milliseconds to read, score and answer a request of one row, without network.</param>
/// <param name="LatencyP99Ms">99th percentile of the same.</param>
/// <param name="Requests">Requests that were timed.</param>
public sealed record ModelCosts(long Bytes, double? TrainSeconds = null, double? LatencyP50Ms = null, double? LatencyP99Ms = null, int Requests = 0)
{
    /// <summary>A cost by the name that gates use; null where it is not known.</summary>
    public double? Find(string name) => name switch
    {
        "latency_p50_ms" => LatencyP50Ms,
        "latency_p99_ms" => LatencyP99Ms,
        "size_mb" => Bytes / 1e6,
        "train_seconds" => TrainSeconds,
        _ => throw new ArgumentException($"There is no cost '{name}'; expected one of {string.Join(", ", Gate.Costs)}.", nameof(name)),
    };
}

/// <summary>A model on one group of rows.</summary>
/// <param name="Column">The column.</param>
/// <param name="Group">Its value, or range of values.</param>
/// <param name="Rows">Rows in the group.</param>
/// <param name="Metrics">Metrics over them; intervals for the metric that picks the winner and those that gates name.</param>
public sealed record SliceEvaluation(string Column, string Group, int Rows, IReadOnlyDictionary<string, MetricEstimate> Metrics);

/// <summary>Decisions over the groups of a sensitive column.</summary>
/// <param name="Column">The column.</param>
/// <param name="Groups">Groups with enough rows.</param>
/// <param name="GroupsLeftOut">Groups with too few rows.</param>
/// <param name="Parity">Demographic parity difference; null with fewer than two groups.</param>
/// <param name="Odds">Equalized odds difference; null with fewer than two groups.</param>
public sealed record FairnessEvaluation(string Column, IReadOnlyList<FairnessGroup> Groups, int GroupsLeftOut, MetricEstimate? Parity, MetricEstimate? Odds);

/// <summary>Decisions in one group. With several classes, means over them, each against the rest.</summary>
/// <param name="Group">Its value, or range of values.</param>
/// <param name="Rows">Rows in the group.</param>
/// <param name="SelectionRate">Share of rows that are decided positive.</param>
/// <param name="TruePositiveRate">The same among rows that are positive; null where there are too few.</param>
/// <param name="FalsePositiveRate">The same among rows that are not; null where there are too few.</param>
/// <param name="Accuracy">Share of right decisions.</param>
public sealed record FairnessGroup(string Group, int Rows, double SelectionRate, double? TruePositiveRate, double? FalsePositiveRate, double Accuracy);

/// <summary>Predictions against what came true.</summary>
/// <param name="Of">What is binned: <c>probability</c> of the positive class, <c>confidence</c> in the decided class, or the predicted <c>value</c>.</param>
/// <param name="Bins">Ascending; bins without rows are left out.</param>
/// <param name="Error">Mean distance of predicted and observed over rows (expected calibration error; for values in units of the target).</param>
public sealed record CalibrationCurve(string Of, IReadOnlyList<CalibrationBin> Bins, double Error);

/// <summary>One bin of a calibration curve.</summary>
/// <param name="From">Lower end of predictions.</param>
/// <param name="To">Upper end.</param>
/// <param name="Rows">Rows in it.</param>
/// <param name="Predicted">Mean prediction.</param>
/// <param name="Observed">Share that came true, or mean true value.</param>
/// <param name="Low">Lower end of the observed value's 95% interval.</param>
/// <param name="High">Upper end.</param>
public sealed record CalibrationBin(double From, double To, int Rows, double Predicted, double Observed, double Low, double High);

/// <summary>A segment in which a model is worse than on the other rows.</summary>
/// <param name="Conditions">Column and group, one or two that hold together.</param>
/// <param name="Rows">Rows in it.</param>
/// <param name="Loss">Mean loss in it: log loss in nats, or absolute error.</param>
/// <param name="LossElsewhere">Mean loss of the other rows.</param>
/// <param name="Effect">Difference of the two in standard deviations of the loss.</param>
/// <param name="PValue">Of no difference (Welch, one-sided), corrected for all segments looked at (Benjamini-Hochberg).</param>
public sealed record WeakSegment(IReadOnlyList<SegmentCondition> Conditions, int Rows, double Loss, double LossElsewhere, double Effect, double PValue);

/// <summary>A column in one of its groups.</summary>
/// <param name="Column">The column.</param>
/// <param name="Group">Its value, or range of values.</param>
public sealed record SegmentCondition(string Column, string Group);

/// <summary>A hold-out row that the model got wrong.</summary>
/// <param name="Row">Its number in the data set, from 0.</param>
/// <param name="Loss">Log loss in nats, or absolute error.</param>
public sealed record WorstRow(long Row, double Loss)
{
    /// <summary>Its key; null where the spec names none, or it is sensitive.</summary>
    public string? Key { get; init; }

    /// <summary>What was true; null where the target is sensitive.</summary>
    public string? Truth { get; init; }

    /// <summary>What was predicted: probability of the true class, or the value; null where the target is sensitive.</summary>
    public double? Predicted { get; init; }

    /// <summary>Its features, without those of sensitive columns.</summary>
    public IReadOnlyDictionary<string, string?> Values { get; init; } = new Dictionary<string, string?>();
}
