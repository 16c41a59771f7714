namespace ServerlessMlops.Core.Monitoring.Drift;

/// <summary>Counts of two samples over the same groups, without the groups that both leave empty.</summary>
/// <param name="Reference">Reference counts by group.</param>
/// <param name="Live">Live counts by group.</param>
/// <param name="ReferenceTotal">Their sum.</param>
/// <param name="LiveTotal">Their sum.</param>
public readonly record struct GroupShares(long[] Reference, long[] Live, long ReferenceTotal, long LiveTotal)
{
    /// <summary>Groups less one.</summary>
    public int DegreesOfFreedom => Reference.Length - 1;

    /// <summary>n m / (n + m): what turns a squared difference of shares into a chi-square variable.</summary>
    public double EffectiveSize => (double)ReferenceTotal * LiveTotal / (ReferenceTotal + LiveTotal);

    /// <summary>Pairs the counts.</summary>
    /// <exception cref="ArgumentException">The lengths differ, or one side is empty.</exception>
    public static GroupShares Of(FeatureGroups reference, ReadOnlySpan<long> live)
    {
        ArgumentNullException.ThrowIfNull(reference);
        if (live.Length != reference.Counts.Count)
        {
            throw new ArgumentException($"Feature '{reference.Name}' has {reference.Counts.Count} reference groups and {live.Length} live ones; windows and card are of different models.");
        }

        var first = new List<long>(live.Length);
        var second = new List<long>(live.Length);
        for (int group = 0; group < live.Length; group++)
        {
            if (reference.Counts[group] + live[group] > 0)
            {
                first.Add(reference.Counts[group]);
                second.Add(live[group]);
            }
        }

        var shares = new GroupShares([.. first], [.. second], first.Sum(), second.Sum());
        return shares.ReferenceTotal > 0 && shares.LiveTotal > 0
            ? shares
            : throw new ArgumentException($"Feature '{reference.Name}' has {shares.ReferenceTotal} reference rows and {shares.LiveTotal} live rows; both must be positive.");
    }

    /// <summary>
    /// Share of a group with half a row added to each group (Jeffreys' prior), so that an empty group does not make a logarithm infinite.
    /// </summary>
    public double SmoothReference(int group) => (Reference[group] + 0.5) / (ReferenceTotal + (0.5 * Reference.Length));

    /// <summary>As <see cref="SmoothReference"/>, of the live counts.</summary>
    public double SmoothLive(int group) => (Live[group] + 0.5) / (LiveTotal + (0.5 * Live.Length));
}
