namespace ServerlessMlops.Core.Feedback;

/// <summary>Groups of the time between a prediction and its label.</summary>
public static class DelayGroups
{
    private static readonly TimeSpan[] Bounds =
    [
        TimeSpan.FromMinutes(10), TimeSpan.FromHours(1), TimeSpan.FromHours(6), TimeSpan.FromDays(1), TimeSpan.FromDays(3), TimeSpan.FromDays(7), TimeSpan.FromDays(14),
        TimeSpan.FromDays(30), TimeSpan.FromDays(90),
    ];

    /// <summary>Number of groups.</summary>
    public static int Count => Bounds.Length + 1;

    /// <summary>The group of a delay.</summary>
    public static int Of(TimeSpan delay)
    {
        int group = 0;
        while (group < Bounds.Length && delay > Bounds[group])
        {
            group++;
        }

        return group;
    }

    /// <summary>The upper bound of the group that holds the quantile; null without labels, or where it is beyond the last bound.</summary>
    /// <param name="counts">Labels by group.</param>
    /// <param name="quantile">0 to 1.</param>
    public static TimeSpan? Quantile(IReadOnlyList<long> counts, double quantile)
    {
        long rank = Math.Max(1, (long)Math.Ceiling(quantile * counts.Sum()));
        long seen = 0;
        for (int group = 0; group < Bounds.Length; group++)
        {
            seen += counts[group];
            if (seen >= rank)
            {
                return Bounds[group];
            }
        }

        return null;
    }
}
