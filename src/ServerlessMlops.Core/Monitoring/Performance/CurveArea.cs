namespace ServerlessMlops.Core.Monitoring.Performance;

/// <summary>The area under the receiver operating characteristic, from rows counted by groups of rising score.</summary>
internal static class CurveArea
{
    /// <summary>
    /// The chance that a positive is in a higher group than a negative, ties counted half: Mann and Whitney's statistic over all pairs. Null with less than one row of
    /// either outcome.
    /// </summary>
    /// <param name="positives">Rows that came true by group; fractions where they are expected or weighted.</param>
    /// <param name="negatives">Rows that did not, by the same groups.</param>
    public static double? Of(IReadOnlyList<double> positives, IReadOnlyList<double> negatives)
    {
        double came = 0, below = 0, pairs = 0;
        for (int group = 0; group < positives.Count; group++)
        {
            pairs += positives[group] * (below + (negatives[group] / 2));
            came += positives[group];
            below += negatives[group];
        }

        return came < 1 || below < 1 ? null : pairs / (came * below);
    }

    /// <summary>The variance of such an area over so many rows of each outcome (Hanley and McNeil, 1982, with their exponential approximation of Q1 and Q2).</summary>
    public static double Variance(double area, double positives, double negatives)
    {
        double q1 = area / (2 - area), q2 = 2 * area * area / (1 + area);
        return Math.Max(0, ((area * (1 - area)) + ((positives - 1) * (q1 - (area * area))) + ((negatives - 1) * (q2 - (area * area)))) / (positives * negatives));
    }
}
