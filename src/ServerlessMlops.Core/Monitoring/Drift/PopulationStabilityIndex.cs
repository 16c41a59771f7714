using ServerlessMlops.Core.Monitoring.Statistics;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Monitoring.Drift;

/// <summary>
/// Population stability index, the symmetrised Kullback-Leibler divergence: sum over groups of (q - p) ln(q / p), with p and q the smoothed
/// shares. By custom below 0.1 is stable, 0.1 to 0.2 a moderate shift, above 0.2 a large one.
/// </summary>
/// <remarks>Under no difference, PSI n m / (n + m) follows chi-square with groups - 1 degrees of freedom (Yurdakul 2018).</remarks>
public sealed class PopulationStabilityIndex : IDriftStatistic
{
    /// <inheritdoc/>
    public string Id => "psi";

    /// <inheritdoc/>
    public string DisplayName => "Population stability index";

    /// <inheritdoc/>
    public IReadOnlyList<FeatureKind> Kinds { get; } = [FeatureKind.Number, FeatureKind.Category];

    /// <inheritdoc/>
    public double DefaultThreshold => 0.2;

    /// <inheritdoc/>
    public DriftMeasure Measure(FeatureGroups reference, ReadOnlySpan<long> live)
    {
        GroupShares shares = GroupShares.Of(reference, live);
        double index = 0;
        for (int group = 0; group < shares.Live.Length; group++)
        {
            double p = shares.SmoothReference(group);
            double q = shares.SmoothLive(group);
            index += (q - p) * Math.Log(q / p);
        }

        return new DriftMeasure(index, Distributions.ChiSquareTail(index * shares.EffectiveSize, shares.DegreesOfFreedom), shares.DegreesOfFreedom);
    }
}
