namespace ServerlessMlops.Learners.Metrics;

/// <summary>How far predicted values are off. Weights null means 1 each.</summary>
public static class RegressionMetrics
{
    /// <summary>Square root of the mean squared error, in units of the target.</summary>
    public static double Rmse(ReadOnlySpan<float> labels, ReadOnlySpan<float> predictions, float[]? weights = null) =>
        Math.Sqrt(Mean(labels, predictions, weights, (y, p) => (y - p) * (y - p)));

    /// <summary>Mean absolute error, in units of the target.</summary>
    public static double Mae(ReadOnlySpan<float> labels, ReadOnlySpan<float> predictions, float[]? weights = null) =>
        Mean(labels, predictions, weights, (y, p) => Math.Abs(y - p));

    /// <summary>Mean of <c>|y - p| / max(|y|, 2^-52)</c>, a share and not a percentage, as scikit-learn has it. Of no use where targets come near 0.</summary>
    public static double Mape(ReadOnlySpan<float> labels, ReadOnlySpan<float> predictions, float[]? weights = null) =>
        Mean(labels, predictions, weights, (y, p) => Math.Abs(y - p) / Math.Max(Math.Abs(y), Math.ScaleB(1, -52)));

    /// <summary>Mean pinball loss at quantile q: <c>q (y - p)</c> where the prediction is below, <c>(1 - q) (p - y)</c> above (Koenker and Bassett 1978).</summary>
    public static double Pinball(ReadOnlySpan<float> labels, ReadOnlySpan<float> predictions, double q, float[]? weights = null) =>
        Mean(labels, predictions, weights, (y, p) => y >= p ? q * (y - p) : (1 - q) * (p - y));

    /// <summary>Mean Poisson deviance <c>2 (y ln(y / p) - y + p)</c>; predictions above 0, targets at least 0.</summary>
    public static double PoissonDeviance(ReadOnlySpan<float> labels, ReadOnlySpan<float> predictions, float[]? weights = null) =>
        Mean(labels, predictions, weights, (y, p) => 2 * ((y > 0 ? y * Math.Log(y / p) : 0) - y + p));

    /// <summary>Share of the variance that is explained, <c>1 - sum (y - p)^2 / sum (y - mean)^2</c>; NaN when the target never varies.</summary>
    public static double R2(ReadOnlySpan<float> labels, ReadOnlySpan<float> predictions, float[]? weights = null)
    {
        double error = Mean(labels, predictions, weights, (y, p) => (y - p) * (y - p));
        double mean = Mean(labels, predictions, weights, (y, _) => y);
        double variance = Mean(labels, predictions, weights, (y, _) => (y - mean) * (y - mean));
        return variance > 0 ? 1 - (error / variance) : double.NaN;
    }

    private static double Mean(ReadOnlySpan<float> labels, ReadOnlySpan<float> predictions, float[]? weights, Func<double, double, double> loss)
    {
        MetricChecks.SameLength(labels.Length, predictions.Length, weights);
        double sum = 0, total = 0;
        for (int row = 0; row < labels.Length; row++)
        {
            double weight = weights is null ? 1 : weights[row];
            sum += weight * loss(labels[row], predictions[row]);
            total += weight;
        }

        return sum / total;
    }
}
