using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Onnx;

using TrainingData = ServerlessMlops.Core.Training.TrainingData;

namespace ServerlessMlops.Functions.Training;

/// <summary>One candidate to train.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="RunId">The training run.</param>
/// <param name="DatasetId">The data set.</param>
/// <param name="SpecHash">The spec.</param>
/// <param name="Candidate">Which learner, or <see cref="Candidates.Tuned"/>.</param>
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

        // The spec's own check does not know the task where the data decide it, and may have been made by another build.
        if (Candidates.FaultOf(input.Candidate, data.Task) is { } fault)
        {
            return new TrainedCandidate(input.Candidate, null, new Dictionary<string, double>(), 0, fault);
        }

        LearnerOptions options = Candidates.OptionsOf(input.Candidate, input.Settings);
        (TrainedModel model, double seconds) = await slot.TrainAsync(
            input.Pipeline, input.RunId, (threads, token) => Candidates.Train(options, data, threads, token), cancellation);
        string id = await models.SaveCandidateAsync(input.Pipeline, input.RunId, input.Candidate, OnnxWriter.Write(model), cancellation);
        return new TrainedCandidate(input.Candidate, id, Candidates.Measure(model, data), seconds, null);
    }
}
