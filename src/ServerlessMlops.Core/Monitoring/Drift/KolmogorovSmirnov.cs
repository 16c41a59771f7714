using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Monitoring.Drift;

/// <summary>
/// Kolmogorov and Smirnov's two-sample test on the groups: the largest difference of the cumulative shares at a group's edge. Missing values
/// are left out. Between edges the difference can be larger, so the p-value errs to the careful side.
/// </summary>
public sealed class KolmogorovSmirnov : IDriftStatistic
{
    /// <inheritdoc/>
    public string Id => "ks";

    /// <inheritdoc/>
    public string DisplayName => "Kolmogorov-Smirnov test";

    /// <inheritdoc/>
    public IReadOnlyList<FeatureKind> Kinds { get; } = [FeatureKind.Number];

    /// <inheritdoc/>
    public double DefaultThreshold => 0.1;

    /// <inheritdoc/>
    public DriftMeasure Measure(FeatureGroups reference, ReadOnlySpan<long> live)
    {
        if (NumberGroups.Of(reference, live) is not { } groups)
        {
            return new DriftMeasure(0, 1, 0);
        }

        double distance = 0;
        for (int group = 0; group < groups.Differences.Length; group++)
        {
            distance = Math.Max(distance, Math.Abs(groups.Differences[group]));
        }

        return new DriftMeasure(distance, groups.KolmogorovTail(distance), 0);
    }
}
