namespace ServerlessMlops.Learners.Metrics;

/// <summary>How good probabilities are as probabilities. Weights null means 1 each.</summary>
public static class ProbabilityMetrics
{
    /// <summary>Probabilities are kept this far from 0 and 1, so that one sure mistake does not make the mean infinite.</summary>
    private const double Epsilon = 1e-7;

    /// <summary>Mean of <c>-ln p(true class)</c>, in nats.</summary>
    /// <param name="labels">Class number by row.</param>
    /// <param name="probabilities">Two classes: of the positive one, by row. Several: row-major, <paramref name="classes"/> a row.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="weights">By row.</param>
    public static double LogLoss(ReadOnlySpan<float> labels, ReadOnlySpan<float> probabilities, int classes = 2, float[]? weights = null)
    {
        int width = classes == 2 && probabilities.Length == labels.Length ? 1 : classes;
        MetricChecks.SameLength(labels.Length, probabilities.Length / width, weights);
        double sum = 0, total = 0;
        for (int row = 0; row < labels.Length; row++)
        {
            double p = width > 1 ? probabilities[(row * width) + (int)labels[row]] : labels[row] > 0.5f ? probabilities[row] : 1.0 - probabilities[row];
            double weight = weights is null ? 1 : weights[row];
            sum -= weight * Math.Log(Math.Clamp(p, Epsilon, 1 - Epsilon));
            total += weight;
        }

        return sum / total;
    }

    /// <summary>Mean of <c>(p - y)^2</c> of two classes (Brier, Monthly Weather Review 1950).</summary>
    public static double Brier(ReadOnlySpan<float> labels, ReadOnlySpan<float> probabilities, float[]? weights = null)
    {
        MetricChecks.SameLength(labels.Length, probabilities.Length, weights);
        double sum = 0, total = 0;
        for (int row = 0; row < labels.Length; row++)
        {
            double weight = weights is null ? 1 : weights[row];
            double error = probabilities[row] - labels[row];
            sum += weight * error * error;
            total += weight;
        }

        return sum / total;
    }

    /// <summary>
    /// Expected calibration error of two classes: over bins of equal width, the distance between mean probability and share of positives,
    /// weighted by the rows in the bin (Naeini et al., AAAI 2015).
    /// </summary>
    public static double CalibrationError(ReadOnlySpan<float> labels, ReadOnlySpan<float> probabilities, int bins = 10, float[]? weights = null)
    {
        MetricChecks.SameLength(labels.Length, probabilities.Length, weights);
        var sums = new (double Weight, double Probability, double Positive)[bins];
        for (int row = 0; row < labels.Length; row++)
        {
            ref (double Weight, double Probability, double Positive) bin = ref sums[Math.Clamp((int)(probabilities[row] * bins), 0, bins - 1)];
            double weight = weights is null ? 1 : weights[row];
            bin.Weight += weight;
            bin.Probability += weight * probabilities[row];
            bin.Positive += weight * labels[row];
        }

        double total = sums.Sum(b => b.Weight);
        return sums.Sum(b => Math.Abs(b.Probability - b.Positive)) / total;
    }
}
