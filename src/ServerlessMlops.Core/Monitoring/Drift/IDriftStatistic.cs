using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Monitoring.Drift;

/// <summary>How far two distributions are apart, and how easily chance alone would part them so.</summary>
/// <param name="Effect">Size of the difference, on the statistic's own scale; 0 is none.</param>
/// <param name="PValue">Probability of so large a difference were both drawn from one distribution.</param>
/// <param name="DegreesOfFreedom">Of the chi-square distribution that the scaled effect follows under no difference; 0 for a statistic that follows another.</param>
public readonly record struct DriftMeasure(double Effect, double PValue, int DegreesOfFreedom);

/// <summary>A way to measure drift between reference counts and live counts of the same groups.</summary>
public interface IDriftStatistic
{
    /// <summary>How specs and reports name it.</summary>
    string Id { get; }

    /// <summary>How people name it.</summary>
    string DisplayName { get; }

    /// <summary>Kinds of feature that it measures.</summary>
    IReadOnlyList<FeatureKind> Kinds { get; }

    /// <summary>The effect from which a difference is large, by the field's custom.</summary>
    double DefaultThreshold { get; }

    /// <summary>Measures the difference. Both sides have counted at least one row.</summary>
    /// <param name="reference">Groups and counts of the training data.</param>
    /// <param name="live">Live counts, in the same layout.</param>
    DriftMeasure Measure(FeatureGroups reference, ReadOnlySpan<long> live);
}
