using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Metrics;
using ServerlessMlops.Learners.Onnx;

using TrainingData = ServerlessMlops.Core.Training.TrainingData;

namespace ServerlessMlops.Functions.Training;

/// <summary>One candidate to train.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="RunId">The training run.</param>
/// <param name="DatasetId">The data set.</param>
/// <param name="SpecHash">The spec.</param>
/// <param name="Candidate">Which learner, or <see cref="TrainCandidate.Tuned"/>.</param>
/// <param name="Settings">Settings of boosting that a search found; null for the default ones.</param>
public sealed record CandidateInput(string Pipeline, string RunId, string DatasetId, string SpecHash, string Candidate, BoostingOptions? Settings = null);

/// <summary>A candidate, trained.</summary>
/// <param name="Name">Which learner.</param>
/// <param name="ModelId">SHA-256 of its bytes; null where nothing could be learned.</param>
/// <param name="Metrics">On the hold-out, by name; what is not a number is left out.</param>
/// <param name="Seconds">Training time.</param>
/// <param name="Fault">Why nothing could be learned, or null.</param>
public sealed record TrainedCandidate(string Name, string? ModelId, IReadOnlyDictionary<string, double> Metrics, double Seconds, string? Fault);

/// <summary>Trains one candidate, measures it on the hold-out and keeps its bytes.</summary>
public sealed class TrainCandidate(TrainingDataReader reader, IModelStore models, TrainingSlot slot)
{
    /// <summary>Name of the candidate that boosting with the settings of a search makes.</summary>
    public const string Tuned = "boosting-tuned";

    /// <summary>Seed of every random choice in training, so that the same data and spec give the same bytes.</summary>
    public const int Seed = 20260101;

    /// <summary>The activity. Run again, it makes the same bytes.</summary>
    [Function(nameof(TrainCandidate))]
    public async Task<TrainedCandidate> Run([ActivityTrigger] CandidateInput input, CancellationToken cancellation)
    {
        TrainingData data;
        try
        {
            data = await reader.ReadAsync(input.Pipeline, input.DatasetId, input.SpecHash, cancellation);
        }
        catch (UnusableDataException e)
        {
            return new TrainedCandidate(input.Candidate, null, new Dictionary<string, double>(), 0, e.Message);
        }

        var options = new LearnerOptions
        {
            Name = input.Candidate == Tuned ? LearnerOptions.Boosting : input.Candidate, BoostingOptions = input.Settings ?? new BoostingOptions(), Seed = Seed,
        };
        if (!LearnerOptions.Names.Contains(options.Name))
        {
            return new TrainedCandidate(
                input.Candidate, null, new Dictionary<string, double>(), 0, $"This build has no learner '{input.Candidate}'; it has {string.Join(", ", LearnerOptions.Names)}.");
        }

        (TrainedModel model, double seconds) = await slot.TrainAsync(input.Pipeline, input.RunId, options, data.Train, data, cancellation);
        IReadOnlyDictionary<string, double> metrics = Finite(Metric.Evaluate(data.Task, data.Classes.Count, data.Holdout.Labels, model.Predict(data.Holdout.Features)));
        string id = await models.SaveCandidateAsync(input.Pipeline, input.RunId, input.Candidate, OnnxWriter.Write(model), cancellation);
        return new TrainedCandidate(input.Candidate, id, metrics, seconds, null);
    }

    /// <summary>The metrics that are numbers: one class alone in the hold-out leaves some undefined, and JSON has no NaN.</summary>
    internal static IReadOnlyDictionary<string, double> Finite(IReadOnlyDictionary<string, double> metrics) =>
        metrics.Where(m => double.IsFinite(m.Value)).ToDictionary(m => m.Key, m => m.Value, StringComparer.Ordinal);
}
