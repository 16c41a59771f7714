using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Evaluation.Measuring;

/// <summary>
/// Predictions against what came true: probabilities in ten bins of equal width, as the expected calibration error has them (Naeini et al., AAAI 2015); values in
/// ten bins of equal rows.
/// </summary>
internal static class Calibration
{
    private const int Bins = 10;

    public static CalibrationCurve Measure(LearningTask task, int classes, float[] labels, float[] predictions)
    {
        if (task == LearningTask.Regression)
        {
            return OfValues(labels, predictions);
        }

        int rows = labels.Length;
        var (sums, hits, counts) = (new double[Bins], new double[Bins], new int[Bins]);
        for (int row = 0; row < rows; row++)
        {
            double p = predictions[task == LearningTask.Binary ? row : row * classes];
            bool came = labels[row] > 0.5f;
            if (task == LearningTask.Multiclass)
            {
                ReadOnlySpan<float> all = predictions.AsSpan(row * classes, classes);
                int decided = 0;
                for (int k = 1; k < classes; k++)
                {
                    decided = all[k] > all[decided] ? k : decided;
                }

                (p, came) = (all[decided], decided == (int)labels[row]);
            }

            int bin = Math.Clamp((int)(p * Bins), 0, Bins - 1);
            sums[bin] += p;
            hits[bin] += came ? 1 : 0;
            counts[bin]++;
        }

        var bins = new List<CalibrationBin>();
        for (int bin = 0; bin < Bins; bin++)
        {
            if (counts[bin] > 0)
            {
                (double low, double high) = Resampling.Wilson(hits[bin], counts[bin]);
                bins.Add(new CalibrationBin(bin / (double)Bins, (bin + 1) / (double)Bins, counts[bin], sums[bin] / counts[bin], hits[bin] / counts[bin], low, high));
            }
        }

        return new CalibrationCurve(task == LearningTask.Binary ? "probability" : "confidence", bins, Error(bins, rows));
    }

    private static CalibrationCurve OfValues(float[] labels, float[] predictions)
    {
        float[] keys = [.. predictions];
        int[] order = [.. Enumerable.Range(0, keys.Length)];
        Array.Sort(keys, order);
        var bins = new List<CalibrationBin>();
        for (int bin = 0; bin < Bins; bin++)
        {
            int from = (int)((long)bin * order.Length / Bins), to = (int)((long)(bin + 1) * order.Length / Bins);
            int n = to - from;
            if (n == 0)
            {
                continue;
            }

            double predicted = 0, observed = 0, squares = 0;
            for (int i = from; i < to; i++)
            {
                predicted += keys[i];
                observed += labels[order[i]];
                squares += (double)labels[order[i]] * labels[order[i]];
            }

            double mean = observed / n, variance = Math.Max(0, (squares / n) - (mean * mean)), reach = n > 1 ? 1.959964 * Math.Sqrt(variance / (n - 1)) : 0;
            bins.Add(new CalibrationBin(keys[from], keys[to - 1], n, predicted / n, mean, mean - reach, mean + reach));
        }

        return new CalibrationCurve("value", bins, Error(bins, labels.Length));
    }

    private static double Error(List<CalibrationBin> bins, int rows) => rows == 0 ? 0 : bins.Sum(b => b.Rows * Math.Abs(b.Predicted - b.Observed)) / rows;
}
