using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Calibration;
using ServerlessMlops.Learners.Metrics;
using ServerlessMlops.Learners.MlNet;
using ServerlessMlops.Learners.Search;

namespace ServerlessMlops.Core.Training;

/// <summary>What candidates are called, how they are trained and how they are measured: the same in the service and on a person's own machine.</summary>
public static class Candidates
{
    /// <summary>Name of the candidate that boosting with the settings of a search makes.</summary>
    public const string Tuned = "boosting-tuned";

    /// <summary>Seed of every random choice in training, so that the same data and spec give the same bytes.</summary>
    public const int Seed = 20260101;

    /// <summary>The names that a spec may list: the built-in learners, and ML.NET's trainers, which only some builds have.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. LearnerOptions.Names, .. MlNetTrainers.Names];

    /// <summary>Why a candidate cannot be trained, as the end of a sentence; null where it can.</summary>
    /// <param name="candidate">A learner's name, or <see cref="Tuned"/>.</param>
    /// <param name="task">What is to be learned; null where that is not known yet.</param>
    public static string? FaultOf(string candidate, LearningTask? task)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        if (candidate == Tuned || LearnerOptions.Names.Contains(candidate))
        {
            return null;
        }

        return MlNetTrainers.Names.Contains(candidate)
            ? MlNetTrainers.FaultOf(candidate, task)
            : $"the candidate '{candidate}' is unknown; known are {string.Join(", ", Names)}.{Spelling.DidYouMean(candidate, Names)}";
    }

    /// <summary>How a candidate is trained: one of which <see cref="FaultOf"/> finds no fault.</summary>
    /// <param name="candidate">A learner's name, or <see cref="Tuned"/>.</param>
    /// <param name="settings">Settings of boosting that a search found; null for the default ones.</param>
    public static LearnerOptions OptionsOf(string candidate, BoostingOptions? settings) =>
        new() { Name = candidate == Tuned ? LearnerOptions.Boosting : candidate, BoostingOptions = settings ?? new BoostingOptions(), Seed = Seed };

    /// <summary>How a trial of a search is trained.</summary>
    public static LearnerOptions OptionsOf(SearchTrial trial) => OptionsOf(Tuned, trial.Options);

    /// <summary>Trains a candidate on the training rows, and refines it as the spec asks for.</summary>
    /// <param name="options">As <see cref="OptionsOf(string, BoostingOptions?)"/> gives them.</param>
    /// <param name="data">The data.</param>
    /// <param name="threads">At least 1; changes the time, never the model.</param>
    /// <param name="cancellation">Ends the training.</param>
    public static TrainedModel Train(LearnerOptions options, TrainingData data, int threads, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Name == LearnerOptions.Baseline && data.TrainTimes is { } times)
        {
            // A constant has nothing to refine; what is served gets its interval from the hold-out.
            return Baseline.TrainOverTime(options, data.Train.Features, data.Train.Labels, times);
        }

        TrainedModel model = Learner.Train(options with { Threads = threads }, data.Train.Features, data.Train.Labels, data.Task, data.Classes, cancellation: cancellation);
        return Refinement.Apply(model, data.Refinement, data.Train.Features, data.Train.Labels, threads, cancellation);
    }

    /// <summary>
    /// Trains a trial on its part of the training rows. It stops by the rows that trials are compared on, all trials alike: with few rows that is ten
    /// times as fast as to find the rounds by cross-validation, which the winner's own training does.
    /// </summary>
    /// <param name="trial">The trial.</param>
    /// <param name="sides">What trials learn from, and what they are compared on.</param>
    /// <param name="data">The data.</param>
    /// <param name="threads">At least 1; changes the time, never the model.</param>
    /// <param name="cancellation">Ends the training.</param>
    public static TrainedModel Train(SearchTrial trial, (LabelledRows Fit, LabelledRows Validation) sides, TrainingData data, int threads, CancellationToken cancellation) =>
        Learner.Train(
            OptionsOf(trial) with { Threads = threads }, sides.Fit.Features, sides.Fit.Labels, data.Task, data.Classes,
            validation: new ValidationSet(sides.Validation.Features, sides.Validation.Labels), cancellation: cancellation);

    /// <summary>The metric that picks the winner and compares trials: the spec's, or the task's own.</summary>
    /// <exception cref="ArgumentException">The spec names a metric that there is not.</exception>
    public static Metric MetricOf(PipelineSpec spec, LearningTask task) => spec.Train.Metric is { } name ? Metric.Find(name) : Metric.Default(task);

    /// <summary>
    /// Metrics of a model on the hold-out, by name. Only those that are numbers: one class alone in the hold-out leaves some undefined, and JSON has
    /// no NaN.
    /// </summary>
    public static IReadOnlyDictionary<string, double> Measure(TrainedModel model, TrainingData data) =>
        Finite(Metric.Evaluate(data.Task, data.Classes.Count, data.Holdout.Labels, model.Predict(data.Holdout.Features)));

    /// <summary>The metrics that are numbers.</summary>
    public static IReadOnlyDictionary<string, double> Finite(IReadOnlyDictionary<string, double> metrics) =>
        metrics.Where(m => double.IsFinite(m.Value)).ToDictionary(m => m.Key, m => m.Value, StringComparer.Ordinal);

    /// <summary>How a trial fared on the validation rows.</summary>
    public static TrialResult Measure(SearchTrial trial, TrainedModel model, LabelledRows validation, Metric metric, double seconds)
    {
        double value = metric.Compute(validation.Labels, model.Predict(validation.Features), model.Classes.Count, null);
        return double.IsFinite(value)
            ? new TrialResult(trial, metric.HigherIsBetter ? -value : value, seconds)
            : new TrialResult(trial, null, seconds, $"{metric.Name} is no number on the validation rows.");
    }
}
