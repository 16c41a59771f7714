using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Core.Evaluation.Measuring;

/// <summary>Measures several models on the same rows, with common resamples.</summary>
internal static class MetricSampler
{
    /// <summary>Metrics by model and name; those that are not numbers are left out.</summary>
    /// <param name="labels">By row.</param>
    /// <param name="predictions">By model, row-major.</param>
    /// <param name="classes">Number of classes; 0 for regression.</param>
    /// <param name="metrics">What is measured.</param>
    /// <param name="sampled">Names of the metrics that are resampled; the others have no resamples.</param>
    /// <param name="resamples">How many.</param>
    /// <param name="threads">At most so many at once.</param>
    public static IReadOnlyDictionary<string, SampledValue>[] Measure(
        float[] labels, IReadOnlyList<float[]> predictions, int classes, IReadOnlyList<Metric> metrics, IReadOnlySet<string> sampled, int resamples, int threads)
    {
        var ones = new float[labels.Length];
        Array.Fill(ones, 1f);
        PreparedMetric[][] prepared = [.. predictions.Select(p => new PreparedMetrics(labels, p, classes)).Select(p => metrics.Select(p.Prepare).ToArray())];
        double[][] values = [.. prepared.Select(model => model.Select(m => m.Compute(ones)).ToArray())];
        (int Model, int Metric)[] wanted =
        [
            .. from model in Enumerable.Range(0, prepared.Length)
               from metric in Enumerable.Range(0, metrics.Count)
               where sampled.Contains(metrics[metric].Name) && double.IsFinite(values[model][metric])
               select (model, metric),
        ];
        double[][] samples = Bootstrap.Resample(labels.Length, [.. wanted.Select(w => prepared[w.Model][w.Metric])], wanted.Length == 0 ? 0 : resamples, Resampling.Seed, threads);
        var results = new Dictionary<string, SampledValue>[prepared.Length];
        for (int model = 0; model < results.Length; model++)
        {
            results[model] = new Dictionary<string, SampledValue>(StringComparer.Ordinal);
            for (int metric = 0; metric < metrics.Count; metric++)
            {
                int at = Array.IndexOf(wanted, (model, metric));
                if (double.IsFinite(values[model][metric]))
                {
                    results[model][metrics[metric].Name] = new SampledValue(values[model][metric], labels.Length, at < 0 ? [] : samples[at]);
                }
            }
        }

        return results;
    }

    /// <summary>Rows of row-major predictions.</summary>
    public static float[] Take(float[] predictions, int[] rows, int allRows)
    {
        int width = predictions.Length / allRows;
        var taken = new float[rows.Length * width];
        for (int i = 0; i < rows.Length; i++)
        {
            predictions.AsSpan(rows[i] * width, width).CopyTo(taken.AsSpan(i * width));
        }

        return taken;
    }

    /// <summary>Loss of each row: log loss of classes in nats, absolute error of values.</summary>
    public static double[] Losses(LearningTask task, int classes, float[] labels, float[] predictions)
    {
        Metric metric = Metric.Find(task == LearningTask.Regression ? "mae" : "log_loss");
        int width = labels.Length == 0 ? 1 : predictions.Length / labels.Length;
        var losses = new double[labels.Length];
        for (int row = 0; row < losses.Length; row++)
        {
            losses[row] = metric.Compute(labels.AsSpan(row, 1), predictions.AsSpan(row * width, width), classes, null);
        }

        return losses;
    }
}
