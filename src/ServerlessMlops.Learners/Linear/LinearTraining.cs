namespace ServerlessMlops.Learners.Linear;

/// <summary>
/// Ridge, logistic and softmax regression on standardised columns, with a lasso penalty where asked for (elastic net). Softmax has a coefficient for every class; the penalty makes the solution unique.
/// </summary>
internal static class LinearTraining
{
    public static TrainedModel Train(
        LearnerOptions options, FeatureTable x, float[] y, float[]? weights, LearningTask task, IReadOnlyList<string> classes,
        ValidationSet? validation, IProgress<LearnerProgress>? progress, CancellationToken cancellation)
    {
        LinearOptions linear = options.LinearOptions;
        if (!(linear.L2 >= 0) || !(linear.L1 >= 0) || !double.IsFinite(linear.L1) || linear.MaxIterations is < 1 or > 10_000 || !(linear.Tolerance > 0))
        {
            throw new ArgumentException(
                $"Linear options are L2 {linear.L2}, L1 {linear.L1}, MaxIterations {linear.MaxIterations}, Tolerance {linear.Tolerance}; expected at least 0, at least 0, 1 to 10000, above 0.", nameof(options));
        }

        using var crew = new WorkCrew(options.Threads);
        if (options.Name == LearnerOptions.ElasticNet && linear.L1 == 0)
        {
            options = ElasticNetPath.Choose(options, x, y, weights, task, classes, validation, crew, cancellation);
        }

        var fit = new LinearFit(options, x, y, weights, task, classes, crew);
        return fit.Model(fit.Minimize(options.LinearOptions.L1, progress, cancellation));
    }

    /// <summary>Weighted mean and standard deviation; 1 where all values are the same.</summary>
    internal static (double Offset, double Scale) Standardize(float[] y, float[]? weights)
    {
        double sum = 0, total = 0, squares = 0;
        for (int row = 0; row < y.Length; row++)
        {
            double weight = weights is null ? 1 : weights[row];
            sum += weight * y[row];
            total += weight;
        }

        double mean = sum / total;
        for (int row = 0; row < y.Length; row++)
        {
            squares += (weights is null ? 1 : weights[row]) * (y[row] - mean) * (y[row] - mean);
        }

        double deviation = Math.Sqrt(squares / total);
        return (mean, deviation > 0 ? deviation : 1);
    }
}
