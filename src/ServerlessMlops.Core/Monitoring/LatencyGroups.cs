namespace ServerlessMlops.Core.Monitoring;

/// <summary>
/// Groups of a latency histogram: upper bounds 50 us, 71 us, 100 us ... each the square root of two times the one before, up to 37 s, then
/// everything slower. A quantile read from it is off by at most a factor of 1.42, wherever it lies.
/// </summary>
public static class LatencyGroups
{
    /// <summary>Number of groups.</summary>
    public const int Count = 41;

    private static readonly long[] UpperTicks = [.. Enumerable.Range(0, Count - 1).Select(i => (long)Math.Round(500 * Math.Pow(2, i / 2.0)))];

    /// <summary>The group of a latency.</summary>
    public static int Of(TimeSpan latency)
    {
        int found = Array.BinarySearch(UpperTicks, latency.Ticks);
        return found >= 0 ? found : ~found;
    }

    /// <summary>The upper bound of a group; the largest time span for the last.</summary>
    public static TimeSpan UpperBound(int group) => group < UpperTicks.Length ? TimeSpan.FromTicks(UpperTicks[group]) : TimeSpan.MaxValue;

    /// <summary>The upper bound of the group that holds the quantile, or null without requests.</summary>
    /// <param name="counts">Requests by group.</param>
    /// <param name="quantile">0 to 1.</param>
    public static TimeSpan? Quantile(ReadOnlySpan<long> counts, double quantile)
    {
        long total = 0;
        foreach (long count in counts)
        {
            total += count;
        }

        if (total == 0)
        {
            return null;
        }

        long rank = Math.Max(1, (long)Math.Ceiling(quantile * total));
        int group = 0;
        for (long seen = counts[0]; seen < rank; seen += counts[group])
        {
            group++;
        }

        return UpperBound(group);
    }

    /// <summary>How many requests were surely no slower than <paramref name="limit"/>: those of groups whose upper bound is within it.</summary>
    public static long AtMost(ReadOnlySpan<long> counts, TimeSpan limit)
    {
        long sum = 0;
        for (int group = 0; group < counts.Length && UpperBound(group) <= limit; group++)
        {
            sum += counts[group];
        }

        return sum;
    }
}
