using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Learners.Linear;

/// <summary>
/// Chooses the strength of the L1 penalty: the strengths go down from the one that leaves no coefficient, each fit starting at the last one (Friedman, Hastie
/// and Tibshirani, Regularization paths for generalized linear models, Journal of Statistical Software 2010), and the one of least loss on rows not learned from
/// is taken. The L2 penalty stays as it is set.
/// </summary>
internal static class ElasticNetPath
{
    private const int Strengths = 16;

    /// <summary>The weakest strength as a share of the strongest.</summary>
    private const double Weakest = 1e-4;

    /// <summary>With so many rows one part of five is enough to choose by.</summary>
    private const int ManyRows = 20_000;

    /// <summary>The options with <see cref="LinearOptions.L1"/> chosen; on the validation rows, or by cross-validation where there are none.</summary>
    public static LearnerOptions Choose(
        LearnerOptions options, FeatureTable x, float[] y, float[]? weights, LearningTask task, IReadOnlyList<string> classes,
        ValidationSet? validation, WorkCrew crew, CancellationToken cancellation)
    {
        var all = new LinearFit(options, x, y, weights, task, classes, crew);
        double largest = all.LargestL1(cancellation) / all.TotalWeight;
        double[] strengths = [.. Enumerable.Range(0, Strengths).Select(i => largest * Math.Pow(Weakest, i / (Strengths - 1.0)))];
        var losses = new double[Strengths];
        if (validation is not null)
        {
            Walk(all, strengths, losses, validation, task, classes.Count, cancellation);
        }
        else if (x.Rows >= 2 * Folds.Count)
        {
            byte[] fold = Folds.Divide(y, task, options.Seed);
            for (int part = 0; part < (x.Rows >= ManyRows ? 1 : Folds.Count); part++)
            {
                (int[] kept, int[] held) = Folds.Sides(fold, part);
                var fit = new LinearFit(options, x.Select(kept), FeatureTable.Take<float>(y, kept), Take(weights, kept), task, classes, crew);
                Walk(fit, strengths, losses, new ValidationSet(x.Select(held), FeatureTable.Take<float>(y, held), Take(weights, held)), task, classes.Count, cancellation);
            }
        }

        // On a tie the strongest, which leaves the fewest coefficients; a target that nothing explains has no strength at all.
        double best = strengths[Array.IndexOf(losses, losses.Min())];
        return options with { LinearOptions = options.LinearOptions with { L1 = Math.Max(best * all.TotalWeight, double.Epsilon) } };
    }

    /// <summary>Adds the loss of every strength on rows not learned from.</summary>
    private static void Walk(LinearFit fit, double[] strengths, double[] losses, ValidationSet judged, LearningTask task, int classes, CancellationToken cancellation)
    {
        var metric = Metric.Find(task == LearningTask.Regression ? "rmse" : "log_loss");
        double total = judged.Weights?.Sum(w => (double)w) ?? judged.Target.Length;
        for (int i = 0; i < strengths.Length; i++)
        {
            int steps = fit.Minimize(strengths[i] * fit.TotalWeight, null, cancellation);
            double loss = metric.Compute(judged.Target, fit.Model(steps).Predict(judged.Features), classes, judged.Weights);
            losses[i] += total * (task == LearningTask.Regression ? loss * loss : loss);
        }
    }

    private static float[]? Take(float[]? weights, int[] rows) => weights is null ? null : FeatureTable.Take<float>(weights, rows);
}
