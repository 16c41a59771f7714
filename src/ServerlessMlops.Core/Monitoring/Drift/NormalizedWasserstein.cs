using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Monitoring.Drift;

/// <summary>
/// Wasserstein distance (how far values moved on average) over the standard deviation of the training data; by custom 0.1 is drift. Values are
/// taken as spread evenly within a group, between the training minimum and maximum, so moves beyond that range are not seen here.
/// </summary>
/// <remarks>It has no null distribution of its own that counts could tell; the p-value is that of the Kolmogorov-Smirnov test on the same cumulative shares.</remarks>
public sealed class NormalizedWasserstein : IDriftStatistic
{
    /// <inheritdoc/>
    public string Id => "wasserstein";

    /// <inheritdoc/>
    public string DisplayName => "Normalised Wasserstein distance";

    /// <inheritdoc/>
    public IReadOnlyList<FeatureKind> Kinds { get; } = [FeatureKind.Number];

    /// <inheritdoc/>
    public double DefaultThreshold => 0.1;

    /// <inheritdoc/>
    public DriftMeasure Measure(FeatureGroups reference, ReadOnlySpan<long> live)
    {
        if (NumberGroups.Of(reference, live) is not { } groups || reference is not { Min: { } min, Max: { } max })
        {
            return new DriftMeasure(0, 1, 0);
        }

        double[] knots = [min, .. reference.Edges, max];
        double area = 0;
        double mean = 0;
        double square = 0;
        double largest = 0;
        for (int group = 0; group < groups.Differences.Length; group++)
        {
            double width = knots[group + 1] - knots[group];
            double before = group == 0 ? 0 : groups.Differences[group - 1];
            double after = groups.Differences[group];
            area += width * MeanOfAbsolute(before, after);
            largest = Math.Max(largest, Math.Abs(after));

            double middle = (knots[group] + knots[group + 1]) / 2;
            mean += groups.ReferenceShares[group] * middle;
            square += groups.ReferenceShares[group] * ((middle * middle) + (width * width / 12));
        }

        double deviation = Math.Sqrt(Math.Max(0, square - (mean * mean)));
        return new DriftMeasure(deviation > 0 ? area / deviation : 0, groups.KolmogorovTail(largest), 0);
    }

    /// <summary>Mean of |f| over an interval where f runs straight from <paramref name="a"/> to <paramref name="b"/>.</summary>
    private static double MeanOfAbsolute(double a, double b) =>
        a * b >= 0 ? (Math.Abs(a) + Math.Abs(b)) / 2 : ((a * a) + (b * b)) / (2 * (Math.Abs(a) + Math.Abs(b)));
}
