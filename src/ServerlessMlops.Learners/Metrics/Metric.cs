namespace ServerlessMlops.Learners.Metrics;

/// <summary>A metric by name, for those who read names out of a spec.</summary>
/// <param name="Name">As specs and cards write it.</param>
/// <param name="Task">Task that it judges; null means both kinds of classification.</param>
/// <param name="HigherIsBetter">Which way is up.</param>
/// <param name="Compute">The value, of labels, predictions (as models give them), number of classes and weights.</param>
public sealed record Metric(string Name, LearningTask? Task, bool HigherIsBetter, Metric.Formula Compute)
{
    /// <summary>Computes a metric.</summary>
    /// <param name="labels">Class number or value by row.</param>
    /// <param name="predictions">Row-major, as <see cref="TrainedModel.Predict"/> gives them.</param>
    /// <param name="classes">Number of classes; 0 for regression.</param>
    /// <param name="weights">By row; null means 1 each.</param>
    public delegate double Formula(ReadOnlySpan<float> labels, ReadOnlySpan<float> predictions, int classes, float[]? weights);

    /// <summary>All metrics.</summary>
    public static IReadOnlyList<Metric> All { get; } =
    [
        new("auc", LearningTask.Binary, true, (y, p, _, w) => RankingMetrics.Auc(y, p, w)),
        new("pr_auc", LearningTask.Binary, true, (y, p, _, w) => RankingMetrics.PrAuc(y, p, w)),
        new("lift", LearningTask.Binary, true, (y, p, _, w) => RankingMetrics.Lift(y, p, 0.1, w)),
        new("log_loss", null, false, ProbabilityMetrics.LogLoss),
        new("brier", LearningTask.Binary, false, (y, p, _, w) => ProbabilityMetrics.Brier(y, p, w)),
        new("ece", LearningTask.Binary, false, (y, p, _, w) => ProbabilityMetrics.CalibrationError(y, p, 10, w)),
        new("accuracy", null, true, (y, p, k, w) => Decide(y, p, k, w).Accuracy),
        new("f1", null, true, (y, p, k, w) => k == 2 ? Decide(y, p, k, w).F1() : Decide(y, p, k, w).MacroF1),
        new("mcc", null, true, (y, p, k, w) => Decide(y, p, k, w).Mcc),
        new("rmse", LearningTask.Regression, false, (y, p, _, w) => RegressionMetrics.Rmse(y, p, w)),
        new("mae", LearningTask.Regression, false, (y, p, _, w) => RegressionMetrics.Mae(y, p, w)),
        new("mape", LearningTask.Regression, false, (y, p, _, w) => RegressionMetrics.Mape(y, p, w)),
        new("r2", LearningTask.Regression, true, (y, p, _, w) => RegressionMetrics.R2(y, p, w)),
    ];

    /// <summary>The metric that models of a task are chosen by when nobody says otherwise.</summary>
    public static Metric Default(LearningTask task) => Find(task switch { LearningTask.Binary => "auc", LearningTask.Multiclass => "log_loss", _ => "rmse" });

    /// <summary>The metric of a name.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists them.</exception>
    public static Metric Find(string name) => All.FirstOrDefault(m => m.Name == name)
        ?? throw new ArgumentException($"There is no metric '{name}'; expected one of {string.Join(", ", All.Select(m => m.Name))}.", nameof(name));

    /// <summary>Whether it judges models of a task.</summary>
    public bool Judges(LearningTask task) => Task is null ? task != LearningTask.Regression : Task == task;

    /// <summary>All metrics of a task, by name.</summary>
    public static IReadOnlyDictionary<string, double> Evaluate(LearningTask task, int classes, float[] labels, float[] predictions, float[]? weights = null) =>
        All.Where(m => m.Judges(task)).ToDictionary(m => m.Name, m => m.Compute(labels, predictions, classes, weights), StringComparer.Ordinal);

    private static Confusion Decide(ReadOnlySpan<float> y, ReadOnlySpan<float> p, int classes, float[]? w) => classes == 2 && p.Length == y.Length
        ? Confusion.AtThreshold(y, p, 0.5, w)
        : Confusion.OfMostProbable(y, p, classes, w);
}
