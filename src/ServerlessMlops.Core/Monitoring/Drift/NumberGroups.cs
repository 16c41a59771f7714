using ServerlessMlops.Core.Monitoring.Statistics;

namespace ServerlessMlops.Core.Monitoring.Drift;

/// <summary>Two samples of a number feature, missing values left out, as the difference of their cumulative shares at the upper edge of each group.</summary>
/// <param name="Differences">Live minus reference, by group; 0 at the last.</param>
/// <param name="ReferenceShares">Reference share by group.</param>
/// <param name="EffectiveSize">n m / (n + m).</param>
public readonly record struct NumberGroups(double[] Differences, double[] ReferenceShares, double EffectiveSize)
{
    /// <summary>Pairs the counts; null where one side has nothing but missing values.</summary>
    public static NumberGroups? Of(FeatureGroups reference, ReadOnlySpan<long> live)
    {
        ArgumentNullException.ThrowIfNull(reference);
        int count = reference.MissingGroup;
        long referenceTotal = 0;
        long liveTotal = 0;
        for (int group = 0; group < count; group++)
        {
            referenceTotal += reference.Counts[group];
            liveTotal += live[group];
        }

        if (referenceTotal == 0 || liveTotal == 0)
        {
            return null;
        }

        var differences = new double[count];
        var shares = new double[count];
        long referenceSum = 0;
        long liveSum = 0;
        for (int group = 0; group < count; group++)
        {
            referenceSum += reference.Counts[group];
            liveSum += live[group];
            differences[group] = ((double)liveSum / liveTotal) - ((double)referenceSum / referenceTotal);
            shares[group] = (double)reference.Counts[group] / referenceTotal;
        }

        return new NumberGroups(differences, shares, (double)referenceTotal * liveTotal / (referenceTotal + liveTotal));
    }

    /// <summary>Probability that the largest difference exceeds <paramref name="distance"/> under no difference (large samples).</summary>
    public double KolmogorovTail(double distance) => Distributions.KolmogorovTail(Math.Sqrt(EffectiveSize) * distance);
}
