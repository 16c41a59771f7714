namespace ServerlessMlops.Core.Monitoring.Performance;

/// <summary>Losses of one stretch of time, as sums.</summary>
/// <param name="Rows">Rows, or as many as weighted ones are worth.</param>
/// <param name="Sum">Sum of the losses, each 0 to 1.</param>
/// <param name="SquareSum">Sum of their squares.</param>
public readonly record struct LossBucket(double Rows, double Sum, double SquareSum);

/// <summary>Where the mean of a stream changed.</summary>
/// <param name="Cut">Number of the first bucket after the change.</param>
/// <param name="Before">Mean before.</param>
/// <param name="After">Mean after.</param>
/// <param name="Bound">The difference that chance would exceed with probability delta at most.</param>
public sealed record ConceptChange(int Cut, double Before, double After, double Bound);

/// <summary>
/// ADWIN (Bifet and Gavalda, 2007) over buckets: the window grows while the mean of any older part and the rest agree, and drops the older part where they
/// differ by more than the bound. The order of rows within a bucket is not known and not needed; cuts are at buckets' ends.
/// </summary>
public static class ConceptDrift
{
    /// <summary>Probability of a false cut, as river has it.</summary>
    public const double Delta = 0.002;

    /// <summary>Fewest rows on either side of a cut.</summary>
    public const long MinRows = 30;

    /// <summary>The last change of the stream's mean, or null where it did not change.</summary>
    /// <param name="buckets">By time; empty ones are fine.</param>
    /// <param name="delta">Probability of a false cut.</param>
    public static ConceptChange? LastChange(IReadOnlyList<LossBucket> buckets, double delta = Delta)
    {
        ArgumentNullException.ThrowIfNull(buckets);
        int start = 0;
        ConceptChange? last = null;
        for (int end = 1; end <= buckets.Count; end++)
        {
            while (Cut(buckets, start, end, delta) is { } change)
            {
                start = change.Cut;
                last = change;
            }
        }

        return last;
    }

    private static ConceptChange? Cut(IReadOnlyList<LossBucket> buckets, int start, int end, double delta)
    {
        double rows = 0, sum = 0, squares = 0;
        for (int i = start; i < end; i++)
        {
            rows += buckets[i].Rows;
            sum += buckets[i].Sum;
            squares += buckets[i].SquareSum;
        }

        if (rows < 2 * MinRows)
        {
            return null;
        }

        double variance = Math.Max(0, (squares / rows) - (sum / rows * (sum / rows)));
        double logarithm = Math.Log(2 * Math.Log(rows) / delta);
        double rows0 = 0, sum0 = 0;
        ConceptChange? widest = null;
        for (int cut = start + 1; cut < end; cut++)
        {
            rows0 += buckets[cut - 1].Rows;
            sum0 += buckets[cut - 1].Sum;
            double rows1 = rows - rows0;
            if (rows0 < MinRows || rows1 < MinRows)
            {
                continue;
            }

            double inverse = (1 / rows0) + (1 / rows1);
            double bound = Math.Sqrt(2 * inverse * variance * logarithm) + (2.0 / 3 * inverse * logarithm);
            double before = sum0 / rows0, after = (sum - sum0) / rows1;
            if (Math.Abs(after - before) > bound && (widest is null || Math.Abs(after - before) - bound > Math.Abs(widest.After - widest.Before) - widest.Bound))
            {
                widest = new ConceptChange(cut, before, after, bound);
            }
        }

        return widest;
    }
}
