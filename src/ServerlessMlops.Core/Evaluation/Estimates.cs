using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Core.Evaluation;

/// <summary>A measured value and the 95% interval that sampling leaves it.</summary>
/// <param name="Value">On the rows as they are.</param>
/// <param name="Rows">Rows behind it.</param>
/// <param name="Low">Lower end; null where rows are too few, or no interval was asked for.</param>
/// <param name="High">Upper end.</param>
public sealed record MetricEstimate(double Value, int Rows, double? Low = null, double? High = null)
{
    /// <summary>Of an interval, whose ends may not be numbers.</summary>
    public static MetricEstimate Of(Interval interval) =>
        new(interval.Value, interval.Rows, double.IsFinite(interval.Low) ? interval.Low : null, double.IsFinite(interval.High) ? interval.High : null);

    /// <summary><c>0.812 (0.79 to 0.83 on 1204 rows)</c>.</summary>
    public override string ToString() => Low is { } low && High is { } high
        ? $"{Words.Number(Value)} ({Words.Number(low)} to {Words.Number(high)} on {Words.Count(Rows, "row")})"
        : $"{Words.Number(Value)} on {Words.Count(Rows, "row")}";
}

/// <summary>A measured difference with its 95% interval.</summary>
/// <param name="Value">On the rows as they are.</param>
/// <param name="Low">Lower end; null where rows are too few.</param>
/// <param name="High">Upper end.</param>
/// <param name="PValue">Two-sided, of no difference.</param>
public sealed record DifferenceEstimate(double Value, double? Low = null, double? High = null, double? PValue = null)
{
    /// <summary>Of a comparison, whose ends may not be numbers.</summary>
    public static DifferenceEstimate Of(PairedComparison comparison) => double.IsFinite(comparison.Difference.Low)
        ? new(comparison.Difference.Value, comparison.Difference.Low, comparison.Difference.High, comparison.PValue)
        : new(comparison.Difference.Value);

    /// <summary><c>-0.01 to 0.016, p = 0.61</c>.</summary>
    internal string Range => Low is { } low && High is { } high && PValue is { } p ? $"{Words.Number(low)} to {Words.Number(high)}, {Words.PValue(p)}" : "no interval: too few rows";

    /// <summary>The same difference the other way round: a shortfall instead of an excess.</summary>
    internal DifferenceEstimate Reversed => new(-Value, -High, -Low, PValue);
}

/// <summary>A value with its resamples, of which intervals and paired differences are made.</summary>
/// <param name="Value">On the rows as they are.</param>
/// <param name="Rows">Rows behind it.</param>
/// <param name="Resamples">The value over resamples of the rows, in an order common to all models; empty for what has no sampling error.</param>
public sealed record SampledValue(double Value, int Rows, double[] Resamples)
{
    /// <summary>The value with its interval.</summary>
    public MetricEstimate Estimate(double confidence = 0.95) => MetricEstimate.Of(Bootstrap.IntervalOf(Value, Resamples, Rows, confidence));
}

/// <summary>One value that a gate is decided on.</summary>
/// <param name="Value">The candidate's.</param>
/// <param name="Champion">The champion's, resampled alike; null where no champion serves.</param>
/// <param name="Group">The group of rows; null for the whole hold-out.</param>
public sealed record Measurement(SampledValue Value, SampledValue? Champion = null, string? Group = null);

/// <summary>What a gate is decided on.</summary>
/// <param name="Measurements">One, or one for each group.</param>
public sealed record GateEvidence(IReadOnlyList<Measurement> Measurements)
{
    /// <summary>Why there is nothing to decide on; null where there is.</summary>
    public string? Absence { get; init; }

    /// <summary>Whether a champion serves.</summary>
    public bool HasChampion { get; init; }

    /// <summary>Whether values have no sampling error: seconds, bytes.</summary>
    public bool IsExact { get; init; }

    /// <summary>What a measurement counts: rows, requests.</summary>
    public string Unit { get; init; } = "row";

    /// <summary>Groups that were left out for want of rows.</summary>
    public int GroupsLeftOut { get; init; }

    /// <summary>Whether groups' names stay out of sentences, which go to logs and alerts.</summary>
    public bool IsSensitive { get; init; }

    /// <summary>Evidence that is not there.</summary>
    public static GateEvidence Absent(string why) => new([]) { Absence = why };
}
