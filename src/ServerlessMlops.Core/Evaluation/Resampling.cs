using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Core.Evaluation;

/// <summary>How the judgement resamples: seeded, so that judging again comes to the same verdict.</summary>
internal static class Resampling
{
    public const int Seed = 20260102;

    /// <summary>Resamples for a number of rows: 1000, fewer where rows are many and intervals are narrow anyway, so that judging stays a matter of seconds.</summary>
    public static int For(int rows) => Math.Clamp(20_000_000 / Math.Max(rows, 1), 200, 1000);

    /// <summary>
    /// A difference with its interval. Beyond 95% the percentiles of a few hundred resamples are too coarse; there the interval is normal, by the resamples'
    /// standard deviation.
    /// </summary>
    public static PairedComparison Compare(double difference, double[] resamples, int rows, double confidence)
    {
        PairedComparison comparison = Bootstrap.CompareOf(difference, resamples, rows);
        double[] usable = [.. resamples.Where(double.IsFinite)];
        if (confidence <= 0.951 || usable.Length < 2 || !double.IsFinite(comparison.Difference.Low))
        {
            return comparison;
        }

        double mean = usable.Average(), deviation = Math.Sqrt(usable.Sum(v => (v - mean) * (v - mean)) / (usable.Length - 1));
        double reach = NormalQuantile((1 - confidence) / 2) * deviation;
        return comparison with { Difference = comparison.Difference with { Low = difference - reach, High = difference + reach } };
    }

    /// <summary>The z whose upper normal tail is <paramref name="tail"/>, by bisection.</summary>
    public static double NormalQuantile(double tail)
    {
        double low = 0, high = 40;
        for (int i = 0; i < 100; i++)
        {
            double middle = (low + high) / 2;
            (low, high) = Monitoring.Statistics.Distributions.NormalTail(middle) > tail ? (middle, high) : (low, middle);
        }

        return (low + high) / 2;
    }

    /// <summary>Wilson's interval of a share (Journal of the American Statistical Association 1927), which keeps to 0 and 1.</summary>
    public static (double Low, double High) Wilson(double hits, double rows)
    {
        if (rows <= 0)
        {
            return (0, 1);
        }

        const double Z = 1.959964;
        double share = hits / rows, denominator = 1 + (Z * Z / rows);
        double centre = (share + (Z * Z / (2 * rows))) / denominator;
        double reach = Z * Math.Sqrt((share * (1 - share) / rows) + (Z * Z / (4 * rows * rows))) / denominator;
        return (Math.Max(0, centre - reach), Math.Min(1, centre + reach));
    }
}
