using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Runs;

namespace ServerlessMlops.Functions.Training;

/// <summary>The data set of a training.</summary>
/// <param name="ToTrain">Whether there is something to train; if not, the run has ended and says why.</param>
/// <param name="DatasetId">Its id.</param>
/// <param name="SpecHash">The spec that the whole training goes by.</param>
/// <param name="Candidates">The candidates to train.</param>
public sealed record AssembledDataset(bool ToTrain, string DatasetId, string SpecHash, IReadOnlyList<string> Candidates);

/// <summary>Chooses the batches that a training sees, and ends the run where the same data and spec were trained before.</summary>
public sealed class AssembleDataset(
    IDatasetStore datasets, ITrainingRequests requests, IRunLog runs, IModelRegistry registry, IModelStore models, SpecReader specs, RunEnds ends)
{
    private static readonly AssembledDataset Nothing = new(ToTrain: false, "", "", []);

    /// <summary>The activity. The request row is told first: who asks from now on gets another training, who asked before is answered by this one.</summary>
    [Function(nameof(AssembleDataset))]
    public async Task<AssembledDataset> Run([ActivityTrigger] TrainingInput input, CancellationToken cancellation)
    {
        await requests.UpdateAsync(input.Pipeline, row => row.Look(input.Generation), cancellation);
        if (await specs.ReadAsync(input.Pipeline, cancellation) is not { } spec)
        {
            return await EndAsync(input, RunStatus.Rejected, $"Pipeline '{input.Pipeline}' has no spec. PUT /api/pipelines/{input.Pipeline} with one.", [], cancellation);
        }

        IReadOnlyList<BatchSummary> batches = await datasets.ListBatchesAsync(input.Pipeline, cancellation);
        if (DatasetAssembly.Assemble(batches, spec.Spec) is not { } manifest)
        {
            return await EndAsync(
                input, RunStatus.Rejected, $"Pipeline '{input.Pipeline}' has no data yet. Put a file under 'uploads/{input.Pipeline}/'.", [], cancellation);
        }

        string datasetId = manifest.ComputeId();
        await datasets.SaveManifestAsync(input.Pipeline, datasetId, manifest, cancellation);
        RunArtifact[] inputs =
        [
            new("request", input.Reason),
            new("spec", spec.Hash),
            new("dataset", datasetId, $"{manifest.Batches.Count} batch(es), {manifest.Rows} rows"),
        ];
        if (await datasets.GetOutcomeAsync(input.Pipeline, datasetId, cancellation) is { } outcome
            && outcome.RunId != input.RunId
            && await IsIntactAsync(input.Pipeline, outcome, cancellation))
        {
            return await EndAsync(
                input, RunStatus.Cached, $"The same data and spec were trained by {outcome.RunId}: {outcome.Reason}", inputs, cancellation);
        }

        await runs.UpdateAsync(input.Pipeline, input.RunId, run => run with { Stage = "training", Inputs = inputs }, cancellation);
        return new AssembledDataset(ToTrain: true, datasetId, spec.Hash, spec.Spec.Train.Candidates);
    }

    /// <summary>Whether what an earlier training left can be trusted: the version it registered is there, byte for byte.</summary>
    private async Task<bool> IsIntactAsync(string pipeline, DatasetOutcome outcome, CancellationToken cancellation)
    {
        if (outcome.Version is not { } version)
        {
            return true;
        }

        if (await registry.GetVersionAsync(pipeline, version, cancellation) is not { } registered
            || registered.ModelId != outcome.ModelId
            || await models.LoadCardAsync(pipeline, version, cancellation) is not { } card)
        {
            return false;
        }

        try
        {
            await models.LoadModelAsync(pipeline, version, card, cancellation);
            return true;
        }
        catch (InvalidDataException)
        {
            return false; // changed since: train again
        }
    }

    private async Task<AssembledDataset> EndAsync(TrainingInput input, RunStatus status, string reason, IReadOnlyList<RunArtifact> inputs, CancellationToken cancellation)
    {
        await ends.EndAsync(
            input.Pipeline,
            input.RunId,
            run => run with { Status = status, Reason = reason, Inputs = inputs.Count > 0 ? inputs : run.Inputs },
            cancellation);
        return Nothing;
    }
}
