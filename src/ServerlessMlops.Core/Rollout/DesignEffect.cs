using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Statistics;

namespace ServerlessMlops.Core.Rollout;

/// <summary>
/// How many rows of keyed traffic make up one independent observation. Rows of a key are alike, so few keys with many rows are few observations; by how
/// much is seen from groups of keys drawn at random (the method of random groups, Wolter 1985): were all rows independent, the groups' means would scatter
/// around the whole's as the size of the groups says; the factor by which they scatter more is the design effect (Kish 1965).
/// </summary>
public static class DesignEffect
{
    /// <summary>Groups that must carry the traffic (counted by Kish's effective number) for their scatter to say anything.</summary>
    public const double FewestGroups = 8;

    // Level of the test whether keys matter at all, and of the bound that is taken where they do.
    private const double Level = 0.05;
    private const double LowerTail = 0.9;

    /// <summary>
    /// Rows per independent observation, 1 or more: 1 where the rows' keys make no difference that can be told from chance, or most rows have no key. Where
    /// they do, the upper bound of a one-sided 90% interval, since the scatter of some thirty groups is known but roughly. Null where so few keys carry the
    /// traffic that nothing can be told from it.
    /// </summary>
    public static double? Of(WindowSums window)
    {
        ArgumentNullException.ThrowIfNull(window);
        double rows = window.KeyRows.Sum();
        if (rows * 2 < window.Predictions || rows == 0)
        {
            return 1;
        }

        double squares = window.KeyRows.Sum(n => (double)n * n);
        if (rows * rows / squares < FewestGroups && rows >= RolloutSignals.MinimumSize)
        {
            return null;
        }

        double variance = OutputVariance(window);
        if (variance <= 0)
        {
            return 1;
        }

        double mean = window.KeySums.Sum() / rows;
        double scatter = 0;
        int groups = 0;
        for (int group = 0; group < window.KeyRows.Length; group++)
        {
            if (window.KeyRows[group] > 0)
            {
                double deviation = (window.KeySums[group] / window.KeyRows[group]) - mean;
                scatter += window.KeyRows[group] * deviation * deviation / variance;
                groups++;
            }
        }

        return Distributions.ChiSquareTail(scatter, groups - 1) > Level ? 1 : Math.Max(1, scatter / Distributions.ChiSquareQuantile(LowerTail, groups - 1));
    }

    /// <summary>Variance of the outputs, as far as their groups tell it: that within a group is left out.</summary>
    public static double OutputVariance(WindowSums window)
    {
        ArgumentNullException.ThrowIfNull(window);

        // The last group counts outputs that are no numbers; they are in no sum.
        int last = window.Outputs.Length - 1;
        double rows = window.Outputs.Take(last).Sum();
        double mean = rows == 0 ? 0 : window.OutputSums.Sum() / rows;
        double squares = 0;
        for (int group = 0; group < last; group++)
        {
            double deviation = window.Outputs[group] == 0 ? 0 : (window.OutputSums[group] / window.Outputs[group]) - mean;
            squares += window.Outputs[group] * deviation * deviation;
        }

        return rows == 0 ? 0 : squares / rows;
    }
}
