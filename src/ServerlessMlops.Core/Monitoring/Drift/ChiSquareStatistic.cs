using ServerlessMlops.Core.Monitoring.Statistics;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Monitoring.Drift;

/// <summary>
/// Pearson's chi-square test that two samples are of one distribution over groups. The effect is Cramer's V of two samples of equal size,
/// sqrt(sum of (p - q)^2 / (p + q) / 2): 0 is the same, 1 is no overlap, whatever the sizes of the samples.
/// </summary>
public sealed class ChiSquareStatistic : IDriftStatistic
{
    /// <inheritdoc/>
    public string Id => "chiSquare";

    /// <inheritdoc/>
    public string DisplayName => "Chi-square test (Cramer's V)";

    /// <inheritdoc/>
    public IReadOnlyList<FeatureKind> Kinds { get; } = [FeatureKind.Number, FeatureKind.Category];

    /// <inheritdoc/>
    public double DefaultThreshold => 0.1;

    /// <inheritdoc/>
    public DriftMeasure Measure(FeatureGroups reference, ReadOnlySpan<long> live)
    {
        GroupShares shares = GroupShares.Of(reference, live);
        double total = shares.ReferenceTotal + shares.LiveTotal;
        double chiSquare = 0;
        double squares = 0;
        for (int group = 0; group < shares.Live.Length; group++)
        {
            double p = (double)shares.Reference[group] / shares.ReferenceTotal;
            double q = (double)shares.Live[group] / shares.LiveTotal;
            double pooled = (shares.Reference[group] + shares.Live[group]) / total;
            chiSquare += (p - q) * (p - q) / pooled;
            squares += (p - q) * (p - q) / (p + q);
        }

        double tail = Distributions.ChiSquareTail(chiSquare * shares.EffectiveSize, shares.DegreesOfFreedom);
        return new DriftMeasure(Math.Sqrt(squares / 2), tail, shares.DegreesOfFreedom);
    }
}
