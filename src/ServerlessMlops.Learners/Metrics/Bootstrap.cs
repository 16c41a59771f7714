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
        double value = metric.Compute(labels, predictions, classes, null);
        double[] values = Resample(labels, [predictions], resamples, seed, (y, p) => metric.Compute(y, p[0], classes, null));
        return MakeInterval(value, values, confidence, labels.Length);
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
        double difference = metric.Compute(labels, second, classes, null) - metric.Compute(labels, first, classes, null);
        double[] values = Resample(
            labels, [first, second], resamples, seed, (y, p) => metric.Compute(y, p[1], classes, null) - metric.Compute(y, p[0], classes, null));
        Interval interval = MakeInterval(difference, values, confidence, labels.Length);
        return new PairedComparison(interval, PValue(values, labels.Length));
    }

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

    private static Interval MakeInterval(double value, double[] values, double confidence, int rows)
    {
        double[] usable = [.. values.Where(v => !double.IsNaN(v)).Order()];
        if (rows < LeastRows || usable.Length == 0)
        {
            return new Interval(value, double.NaN, double.NaN, rows);
        }

        double tail = (1 - confidence) / 2;
        return new Interval(value, At(usable, tail), At(usable, 1 - tail), rows);
    }

    private static double At(double[] sorted, double q)
    {
        double at = q * (sorted.Length - 1);
        int low = (int)at;
        return low + 1 < sorted.Length ? sorted[low] + ((at - low) * (sorted[low + 1] - sorted[low])) : sorted[low];
    }

    private static double[] Resample(float[] labels, float[][] predictions, int resamples, int seed, Func<float[], float[][], double> compute)
    {
        int rows = labels.Length, width = rows == 0 ? 1 : predictions[0].Length / rows;
        var values = new double[resamples];
        Parallel.For(0, resamples, sample =>
        {
            var y = new float[rows];
            float[][] p = [.. predictions.Select(all => new float[all.Length])];
            for (int i = 0; i < rows; i++)
            {
                int row = (int)(Hash.Unit(seed, sample, i) * rows);
                y[i] = labels[row];
                for (int model = 0; model < p.Length; model++)
                {
                    predictions[model].AsSpan(row * width, width).CopyTo(p[model].AsSpan(i * width));
                }
            }

            values[sample] = compute(y, p);
        });
        return values;
    }
}
