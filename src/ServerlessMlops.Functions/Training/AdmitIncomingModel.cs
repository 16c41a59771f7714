using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Functions.Training;

/// <summary>A dropped model that was looked at.</summary>
/// <param name="Judgement">What to judge it by; null where it was refused and its run has ended.</param>
public sealed record AdmittedModel(JudgementInput? Judgement);

/// <summary>
/// Reads a dropped model, holds it against the pipeline's task, classes and columns, and keeps its bytes as the candidate of its run. What does not fit
/// is refused with all reasons, on the run's row and as an alert.
/// </summary>
public sealed class AdmitIncomingModel(
    IModelStore models, IDatasetStore datasets, IRunLog runs, SpecReader specs, TrainingDataReader reader, RunEnds ends)
{
    /// <summary>The activity. Run again, it comes to the same.</summary>
    [Function(nameof(AdmitIncomingModel))]
    public async Task<AdmittedModel> Run([ActivityTrigger] IncomingModelInput input, CancellationToken cancellation)
    {
        if (await specs.ReadAsync(input.Pipeline, cancellation) is not { } spec)
        {
            return await RefuseAsync(input, $"Pipeline '{input.Pipeline}' has no spec. PUT /api/pipelines/{input.Pipeline} with one, then drop the model again.", cancellation);
        }

        if (DatasetAssembly.Assemble(await datasets.ListBatchesAsync(input.Pipeline, cancellation), spec.Spec) is not { } manifest)
        {
            return await RefuseAsync(
                input, $"Pipeline '{input.Pipeline}' has no data to judge a model on. Put a file under 'uploads/{input.Pipeline}/', then drop the model again.", cancellation);
        }

        string datasetId = manifest.ComputeId();
        await datasets.SaveManifestAsync(input.Pipeline, datasetId, manifest, cancellation);
        try
        {
            if (await models.LoadIncomingAsync(input.Pipeline, input.Name, input.ETag, cancellation) is not { } onnx)
            {
                return await EndAsync(input, RunStatus.Cancelled, $"'{input.Name}' was replaced or deleted before it was read; a newer version has a run of its own.", cancellation);
            }

            TrainingData data = await reader.ReadAsync(input.Pipeline, datasetId, spec.Hash, cancellation);
            (onnx, ScoringModel model, string? byOrder) = IncomingModel.Read(onnx, data);
            if (IncomingModel.Faults(model, data) is { Count: > 0 } faults)
            {
                return await RefuseAsync(input, $"'{input.Name}' does not fit the pipeline: {string.Join(" ", faults)}", cancellation);
            }

            string candidate = IncomingModel.CandidateName(input.Name);
            string id = await models.SaveCandidateAsync(input.Pipeline, input.RunId, candidate, onnx, cancellation);
            await runs.UpdateAsync(
                input.Pipeline,
                input.RunId,
                run => run with { Stage = "gates", Inputs = [run.Inputs[0], new("spec", spec.Hash), new("dataset", datasetId), new("model", id, byOrder)] },
                cancellation);
            var trained = new TrainedCandidate(candidate, id, new Dictionary<string, double>(), 0, null);
            return new AdmittedModel(new JudgementInput(input.Pipeline, input.RunId, datasetId, spec.Hash, [trained], Incoming: true));
        }
        catch (Exception e) when (e is OnnxFormatException or InvalidDataException)
        {
            return await RefuseAsync(input, $"'{input.Name}' is not a model that can be served: {e.Message}", cancellation);
        }
        catch (UnusableDataException e)
        {
            return await RefuseAsync(input, $"'{input.Name}' cannot be judged: {e.Message}", cancellation);
        }
    }

    private Task<AdmittedModel> RefuseAsync(IncomingModelInput input, string reason, CancellationToken cancellation) =>
        EndAsync(input, RunStatus.Rejected, reason, cancellation);

    private async Task<AdmittedModel> EndAsync(IncomingModelInput input, RunStatus status, string reason, CancellationToken cancellation)
    {
        await ends.EndAsync(input.Pipeline, input.RunId, run => run with { Status = status, Stage = "admitting", Reason = reason }, cancellation);
        return new AdmittedModel(null);
    }
}
