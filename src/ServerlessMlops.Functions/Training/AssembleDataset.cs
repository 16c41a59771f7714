using System.Globalization;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core;
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
/// <param name="Trials">Settings of boosting to try at most beside the default ones; 0 for no search.</param>
/// <param name="AtOnce">Most trainings of this run at a time.</param>
public sealed record AssembledDataset(bool ToTrain, string DatasetId, string SpecHash, IReadOnlyList<string> Candidates, int Trials = 0, int AtOnce = 1);

/// <summary>Chooses the batches that a training sees, and ends the run where the same data and spec were trained before.</summary>
public sealed class AssembleDataset(
    IDatasetStore datasets, ITrainingRequests requests, IRunLog runs, IModelRegistry registry, IModelStore models, SpecReader specs, RunEnds ends, IOptions<TrainingOptions> options)
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
        IReadOnlyList<RunArtifact> inputs = Inputs(input, spec.Hash, datasetId, manifest, batches);
        if (await datasets.GetOutcomeAsync(input.Pipeline, datasetId, cancellation) is { } outcome && outcome.RunId != input.RunId)
        {
            if (await IsIntactAsync(input.Pipeline, outcome, cancellation))
            {
                string verified = outcome.Version is { } version ? $" The bytes of version {version} were read again: their SHA-256 is the recorded {ContentAddress.Short(outcome.ModelId!)}." : "";
                return await EndAsync(
                    input, RunStatus.Cached, $"Cache hit: the same data and spec were trained by {outcome.RunId}: {outcome.Reason}{verified}", inputs, cancellation);
            }

            // Deleted or changed since: this training's outcome takes the place of that one.
            await datasets.ForgetOutcomeAsync(input.Pipeline, datasetId, cancellation);
        }

        await runs.UpdateAsync(input.Pipeline, input.RunId, run => run with { Stage = "training", Inputs = inputs }, cancellation);
        return new AssembledDataset(ToTrain: true, datasetId, spec.Hash, spec.Spec.Train.Candidates, SearchRecord.TrialsAskedFor(spec.Spec), options.Value.AtOnce);
    }

    /// <summary>What the training goes by: the whole of its lineage, from the code down to the uploads.</summary>
    private static IReadOnlyList<RunArtifact> Inputs(
        TrainingInput input, string specHash, string datasetId, DatasetManifest manifest, IReadOnlyList<BatchSummary> batches)
    {
        var uploads = batches.Where(b => b.Upload is not null).GroupBy(b => b.BatchId).ToDictionary(g => g.Key, g => g.MinBy(b => b.ReceivedAt)!.Upload!);
        return
        [
            new("request", input.Reason),
            new("spec", specHash),
            new("code", CodeVersion.Current),
            new("seed", Candidates.Seed.ToString(CultureInfo.InvariantCulture)),
            new("dataset", datasetId, $"{manifest.Batches.Count} {(manifest.Batches.Count == 1 ? "batch" : "batches")}, {manifest.Rows} rows"),
            .. manifest.Batches.Select(b => new RunArtifact("batch", b.BatchId, uploads.TryGetValue(b.BatchId, out string? upload) ? $"{b.Rows} rows of {upload}" : $"{b.Rows} rows")),
            .. manifest.Batches.Where(b => uploads.ContainsKey(b.BatchId)).Select(b => new RunArtifact("upload", uploads[b.BatchId])),
        ];
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
            || registered.Stage == ModelStage.Deleted
            || await models.LoadCardAsync(pipeline, version, cancellation) is not { } card)
        {
            return false;
        }

        try
        {
            await models.LoadModelAsync(pipeline, version, card, cancellation);
            return true;
        }
        catch (Exception e) when (IsDamage(e))
        {
            return await RestoreAsync(pipeline, registered, card, cancellation);
        }
    }

    /// <summary>Puts a version's bytes right that were changed or lost, from the copy that its training kept; false where that one is damaged too.</summary>
    private async Task<bool> RestoreAsync(string pipeline, ModelVersion version, ModelCard card, CancellationToken cancellation)
    {
        try
        {
            ReadOnlyMemory<byte> kept = await models.LoadCandidateAsync(pipeline, version.RunId, version.Candidate, version.ModelId, cancellation);
            await models.SaveVersionAsync(pipeline, version.Version, kept, card, cancellation);
            return true;
        }
        catch (Exception e) when (IsDamage(e))
        {
            return false; // train again
        }
    }

    private static bool IsDamage(Exception e) => e is InvalidDataException or Azure.RequestFailedException { Status: 404 };

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
