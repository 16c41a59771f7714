using ServerlessMlops.Core.Monitoring.Statistics;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Monitoring.Drift;

/// <summary>
/// Jensen-Shannon distance: the square root of the mean Kullback-Leibler divergence (in bits) of both distributions from their average. 0 is
/// the same, 1 is no overlap; by custom 0.1 is drift.
/// </summary>
/// <remarks>Under no difference, 8 times the divergence in nats times n m / (n + m) follows chi-square with groups - 1 degrees of freedom (second-order expansion).</remarks>
public sealed class JensenShannonDistance : IDriftStatistic
{
    /// <inheritdoc/>
    public string Id => "jensenShannon";

    /// <inheritdoc/>
    public string DisplayName => "Jensen-Shannon distance";

    /// <inheritdoc/>
    public IReadOnlyList<FeatureKind> Kinds { get; } = [FeatureKind.Number, FeatureKind.Category];

    /// <inheritdoc/>
    public double DefaultThreshold => 0.1;

    /// <inheritdoc/>
    public DriftMeasure Measure(FeatureGroups reference, ReadOnlySpan<long> live)
    {
        GroupShares shares = GroupShares.Of(reference, live);
        double nats = 0;
        for (int group = 0; group < shares.Live.Length; group++)
        {
            double p = (double)shares.Reference[group] / shares.ReferenceTotal;
            double q = (double)shares.Live[group] / shares.LiveTotal;
            double middle = (p + q) / 2;
            nats += ((p == 0 ? 0 : p * Math.Log(p / middle)) + (q == 0 ? 0 : q * Math.Log(q / middle))) / 2;
        }

        nats = Math.Max(0, nats);
        double tail = Distributions.ChiSquareTail(8 * nats * shares.EffectiveSize, shares.DegreesOfFreedom);
        return new DriftMeasure(Math.Sqrt(nats / Math.Log(2)), tail, shares.DegreesOfFreedom);
    }
}
