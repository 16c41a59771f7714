namespace ServerlessMlops.Learners.Linear;

/// <summary>
/// Ridge, logistic and softmax regression on standardised columns. Softmax has a coefficient for every class; the penalty makes the solution unique.
/// </summary>
internal static class LinearTraining
{
    public static TrainedModel Train(
        LearnerOptions options, FeatureTable x, float[] y, float[]? weights, LearningTask task, IReadOnlyList<string> classes,
        IProgress<LearnerProgress>? progress, CancellationToken cancellation)
    {
        LinearOptions linear = options.LinearOptions;
        if (!(linear.L2 >= 0) || linear.MaxIterations is < 1 or > 10_000 || !(linear.Tolerance > 0))
        {
            throw new ArgumentException(
                $"Linear options are L2 {linear.L2}, MaxIterations {linear.MaxIterations}, Tolerance {linear.Tolerance}; expected at least 0, 1 to 10000, above 0.", nameof(options));
        }

        int scores = task == LearningTask.Multiclass ? classes.Count : 1;
        using var crew = new WorkCrew(options.Threads);
        LinearDesign design = LinearDesign.Create(x, weights);

        // A regression target is standardised as well, so that the tolerance means the same for dollars and for kilometres.
        (double offset, double scale) = task == LearningTask.Regression ? Standardize(y, weights) : (0, 1);
        float[] target = task == LearningTask.Regression ? Array.ConvertAll(y, v => (float)((v - offset) / scale)) : y;
        var objective = new LinearObjective(design, target, weights, task, scores, linear.L2, crew);
        var at = new double[objective.Size];
        int steps = Lbfgs.Minimize(
            objective.Evaluate, at, linear.MaxIterations, linear.Tolerance,
            step => progress?.Report(new LearnerProgress(step, linear.MaxIterations, double.NaN)), cancellation);

        double[][] coefficients = [.. at.Chunk(design.Parameters)];
        if (task == LearningTask.Regression)
        {
            coefficients = [[.. coefficients[0].Select(c => c * scale)]];
            coefficients[0][^1] += offset;
        }

        (List<Encoding.EncodedColumn> columns, LinearPredictor predictor) = design.Finish(coefficients);
        return new TrainedModel
        {
            Task = task, Learner = LearnerOptions.Linear, Classes = classes, Inputs = x.Inputs, Columns = columns, Predictor = predictor, Iterations = steps, Settings = options,
            ColumnMeans = Encoding.ColumnEncoder.Means(columns, x.Inputs, x),
            Link = task switch { LearningTask.Binary => Link.Logistic, LearningTask.Multiclass => Link.Softmax, _ => Link.Identity },
        };
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
