namespace ServerlessMlops.Learners.Metrics;

/// <summary>A value with the interval that its sampling error leaves it.</summary>
/// <param name="Value">On the rows as they are.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
/// <param name="Rows">Rows that it was computed from.</param>
public readonly record struct Interval(double Value, double Low, double High, int Rows);

/// <summary>How two models differ on the same rows.</summary>
/// <param name="Difference">Second less first, in units of the metric, with its interval.</param>
/// <param name="PValue">Two-sided, of no difference; NaN with too few rows.</param>
public readonly record struct PairedComparison(Interval Difference, double PValue);

/// <summary>
/// Sampling error by resampling rows with replacement (Efron and Tibshirani, An introduction to the bootstrap, 1993): percentile intervals, and for two
/// models the same resample for both, so that what makes rows hard for both cancels out.
/// </summary>
public static class Bootstrap
{
    /// <summary>With fewer rows, resampling understates the error too much to be believed.</summary>
    public const int LeastRows = 20;

    /// <summary>Percentile interval of a metric.</summary>
    /// <param name="metric">What is computed.</param>
    /// <param name="labels">By row.</param>
    /// <param name="predictions">Row-major, as models give them.</param>
    /// <param name="classes">Number of classes; 0 for regression.</param>
    /// <param name="confidence">Of the interval, above 0 and below 1. Default 0.95.</param>
    /// <param name="resamples">At least 100. Default 1000.</param>
    /// <param name="seed">Of the resamples.</param>
    public static Interval Of(Metric metric, float[] labels, float[] predictions, int classes, double confidence = 0.95, int resamples = 1000, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(metric);
        ArgumentNullException.ThrowIfNull(labels);
        double value = metric.Compute(labels, predictions, classes, null);
        double[][] values = Resample(labels.Length, [new PreparedMetrics(labels, predictions, classes).Prepare(metric)], resamples, seed);
        return IntervalOf(value, values[0], labels.Length, confidence);
    }

    /// <summary>Difference of a metric between two models on the same rows, second less first.</summary>
    /// <param name="metric">What is computed.</param>
    /// <param name="labels">By row.</param>
    /// <param name="first">Predictions of the first model.</param>
    /// <param name="second">Predictions of the second model.</param>
    /// <param name="classes">Number of classes; 0 for regression.</param>
    /// <param name="confidence">Of the interval.</param>
    /// <param name="resamples">At least 100.</param>
    /// <param name="seed">Of the resamples.</param>
    public static PairedComparison Compare(
        Metric metric, float[] labels, float[] first, float[] second, int classes, double confidence = 0.95, int resamples = 1000, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(metric);
        ArgumentNullException.ThrowIfNull(labels);
        double difference = metric.Compute(labels, second, classes, null) - metric.Compute(labels, first, classes, null);
        PreparedMetric[] prepared = [new PreparedMetrics(labels, first, classes).Prepare(metric), new PreparedMetrics(labels, second, classes).Prepare(metric)];
        double[][] values = Resample(labels.Length, prepared, resamples, seed);
        return CompareOf(difference, [.. values[1].Zip(values[0], (b, a) => b - a)], labels.Length, confidence);
    }

    /// <summary>Values of metrics of the same rows over resamples of those rows, by metric and resample. All metrics see the same resample, so they may be compared pairwise.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="metrics">Of one model or of several.</param>
    /// <param name="resamples">How many.</param>
    /// <param name="seed">Of the resamples.</param>
    /// <param name="threads">At most so many at once; changes the time it takes, never the values.</param>
    public static double[][] Resample(int rows, IReadOnlyList<PreparedMetric> metrics, int resamples, int seed, int threads = -1)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        double[][] values = [.. metrics.Select(_ => new double[resamples])];
        Parallel.For(
            0,
            resamples,
            new ParallelOptions { MaxDegreeOfParallelism = threads },
            () => new float[rows],
            (sample, _, weights) =>
            {
                // How often each row was drawn is its weight.
                Array.Clear(weights);
                for (int i = 0; i < rows; i++)
                {
                    weights[(int)(Hash.Unit(seed, sample, i) * rows)]++;
                }

                for (int metric = 0; metric < metrics.Count; metric++)
                {
                    values[metric][sample] = metrics[metric].Compute(weights);
                }

                return weights;
            },
            static _ => { });
        return values;
    }

    /// <summary>Percentile interval of a value from its resamples; NaN ends with fewer than <see cref="LeastRows"/> rows.</summary>
    /// <param name="value">On the rows as they are.</param>
    /// <param name="resamples">Its resamples; what is not a number is left out.</param>
    /// <param name="rows">Rows that it was computed from.</param>
    /// <param name="confidence">Of the interval.</param>
    public static Interval IntervalOf(double value, double[] resamples, int rows, double confidence = 0.95)
    {
        ArgumentNullException.ThrowIfNull(resamples);
        double[] usable = [.. resamples.Where(v => !double.IsNaN(v)).Order()];
        if (rows < LeastRows || usable.Length == 0)
        {
            return new Interval(value, double.NaN, double.NaN, rows);
        }

        double tail = (1 - confidence) / 2;
        return new Interval(value, At(usable, tail), At(usable, 1 - tail), rows);
    }

    /// <summary>A difference with its interval and p-value, from its resamples.</summary>
    /// <param name="difference">On the rows as they are.</param>
    /// <param name="resamples">Of the difference.</param>
    /// <param name="rows">Rows that it was computed from.</param>
    /// <param name="confidence">Of the interval.</param>
    public static PairedComparison CompareOf(double difference, double[] resamples, int rows, double confidence = 0.95) =>
        new(IntervalOf(difference, resamples, rows, confidence), PValue(resamples, rows));

    /// <summary>Twice the share of resamples on the less frequent side of 0, counting each side one more, so that it is never 0.</summary>
    private static double PValue(double[] values, int rows)
    {
        double[] usable = [.. values.Where(v => !double.IsNaN(v))];
        if (rows < LeastRows || usable.Length == 0)
        {
            return double.NaN;
        }

        int below = usable.Count(v => v <= 0), above = usable.Count(v => v >= 0);
        return Math.Min(1, 2.0 * (Math.Min(below, above) + 1) / (usable.Length + 1));
    }

    private static double At(double[] sorted, double q)
    {
        double at = q * (sorted.Length - 1);
        int low = (int)at;
        return low + 1 < sorted.Length ? sorted[low] + ((at - low) * (sorted[low + 1] - sorted[low])) : sorted[low];
    }
}
