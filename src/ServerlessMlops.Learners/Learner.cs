using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Linear;
using ServerlessMlops.Learners.MlNet;

namespace ServerlessMlops.Learners;

/// <summary>The entry: options, rows and labels in, a model out.</summary>
public static class Learner
{
    /// <summary>Trains the learner that <see cref="LearnerOptions.Name"/> names.</summary>
    /// <param name="options">Which learner, and its settings.</param>
    /// <param name="x">Features, at least one row.</param>
    /// <param name="y">By row: 0 or 1 (binary), class number (multiclass) or a finite value (regression).</param>
    /// <param name="task">What is learned.</param>
    /// <param name="classes">Class names by class number; for binary two, the second is the positive one; empty for regression.</param>
    /// <param name="weights">By row, at least 0 with a positive sum; null means 1 each.</param>
    /// <param name="validation">Rows for early stopping of boosting and for the strength of an elastic net; without them these hold out some of <paramref name="x"/>.</param>
    /// <param name="progress">Told after every step, or null.</param>
    /// <param name="cancellation">Looked at before every step.</param>
    /// <returns>The model; the same arguments give the same model for any number of threads.</returns>
    /// <exception cref="ArgumentException">Options or data are not usable; the message says what was found, where, and what is expected.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static TrainedModel Train(
        LearnerOptions options, FeatureTable x, float[] y, LearningTask task, IReadOnlyList<string> classes, float[]? weights = null,
        ValidationSet? validation = null, IProgress<LearnerProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        ArgumentNullException.ThrowIfNull(classes);
        LabelChecks.Check(x.Rows, y, weights, task, classes, "training");
        if (validation is not null)
        {
            LabelChecks.Check(validation.Features.Rows, validation.Target, validation.Weights, task, classes, "validation");
        }

        return options.Name switch
        {
            LearnerOptions.Baseline => Baseline.Train(options, x, y, weights, task, classes),
            LearnerOptions.Linear or LearnerOptions.ElasticNet => LinearTraining.Train(options, x, y, weights, task, classes, validation, progress, cancellation),
            LearnerOptions.Boosting => BoostingTraining.Train(options, x, y, weights, task, classes, validation, progress, cancellation),
            _ when MlNetTrainers.Names.Contains(options.Name) => MlNetTrainers.Train(options, x, y, weights, task, classes, cancellation) with { Settings = options },
            _ => throw new ArgumentException($"There is no learner '{options.Name}'; expected one of {string.Join(", ", LearnerOptions.Names)}.", nameof(options)),
        };
    }
}
