using System.Text;
using System.Text.Json;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Predictions;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>What was answered, by which version, on what evidence.</summary>
/// <param name="Prediction">The row of the prediction log.</param>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Model">The version that answered; null where its card is gone.</param>
/// <param name="Approval">Whether a person let the version go live, who and why; null where nobody was asked.</param>
/// <param name="Promotions">How the version came to serve, newest first: the ledger's lines about it, back to its registration.</param>
public sealed record PredictionEvidence(
    JsonElement Prediction, string Pipeline, PredictionModel? Model, ModelApproval? Approval, IReadOnlyList<LedgerEntry> Promotions);

/// <summary>The version behind a prediction, from its card.</summary>
/// <param name="Version">Model version.</param>
/// <param name="ModelId">SHA-256 of its bytes.</param>
/// <param name="DatasetId">What it was trained on.</param>
/// <param name="RunId">Its training run.</param>
/// <param name="SpecHash">The spec in force.</param>
/// <param name="Candidate">The winning candidate.</param>
/// <param name="Metrics">On the hold-out.</param>
/// <param name="Gates">How each gate was decided.</param>
public sealed record PredictionModel(
    int Version, string ModelId, string DatasetId, string RunId, string SpecHash, string Candidate, IReadOnlyDictionary<string, double> Metrics, IReadOnlyList<GateVerdict> Gates);

/// <summary>Finds rows of the prediction log by their id.</summary>
public sealed class PredictionLookup(
    IPredictionStore predictions, IModelStore models, IModelRegistry registry, PredictionLog log, InstanceName instance, TimeProvider time)
{
    /// <summary>Most hours that are searched for an id that a caller made.</summary>
    public const int MostHours = 168;

    /// <summary>Finds a row: by two reads for a minted id, by a search of the indexes of the last hours for one that a caller made.</summary>
    /// <param name="id">The id.</param>
    /// <param name="pipeline">Where to search for a caller's id; a minted one names its pipeline.</param>
    /// <param name="hours">How many hours to search, the present one included; 1 to <see cref="MostHours"/>.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>The row with its evidence, or why it is not there.</returns>
    public async Task<(PredictionEvidence? Found, ScoringProblem? Problem)> FindAsync(string id, string? pipeline, int hours, CancellationToken cancellation)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(id);
        if (!InferenceId.IsValid(utf8))
        {
            return (null, new ScoringProblem(400, "malformed-request", "That is no inference id", $"An inference id is {InferenceId.Rule}."));
        }

        if (InferenceId.TryParse(id, out InferenceId minted))
        {
            if (minted.Segment < 0)
            {
                return (null, NotFound($"'{id}' was answered and not logged: the pipeline logs a share of its requests ('scoring.log.share'), or the log was over its limits at that moment ('Scoring:LogRowsPerSecond', 'Scoring:LogBufferBytes')."));
            }

            if (minted.Instance == instance.Value)
            {
                await log.FlushAsync(minted.Pipeline, cancellation);
            }

            return await FindInAsync(minted.SegmentName, utf8, cancellation) is { } line
                ? (await WithEvidenceAsync(line, minted.Pipeline, cancellation), null)
                : (null, NotFound($"'{id}' is not in the prediction log: it was answered within the last seconds by another instance, has been deleted by retention, or was lost with its process."));
        }

        if (pipeline is null)
        {
            return (null, new ScoringProblem(400, "malformed-request", "The pipeline is missing", $"'{id}' was not made here, so it does not say where it stands: add '?pipeline=NAME', and '&hours=N' (1 to {MostHours}, default 24) to say how far back to search."));
        }

        await log.FlushAsync(pipeline, cancellation);
        for (int back = 0; back < hours; back++)
        {
            await foreach (PredictionSegmentName name in predictions.ListAsync(pipeline, time.GetUtcNow().AddHours(-back), cancellation))
            {
                if (await FindInAsync(name, utf8, cancellation) is { } line)
                {
                    return (await WithEvidenceAsync(line, pipeline, cancellation), null);
                }
            }
        }

        return (null, NotFound($"'{id}' is not in the prediction log of pipeline '{pipeline}' in the last {hours} hour(s). Add '&hours=N' (at most {MostHours}) to search further back."));
    }

    private async Task<ReadOnlyMemory<byte>?> FindInAsync(PredictionSegmentName name, byte[] id, CancellationToken cancellation) =>
        await predictions.ReadIndexAsync(name, cancellation) is { } index && PredictionIndex.Find(index.Span, id) is { } line
            ? await predictions.ReadLineAsync(name, line, cancellation)
            : null;

    private async Task<PredictionEvidence> WithEvidenceAsync(ReadOnlyMemory<byte> line, string pipeline, CancellationToken cancellation)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement prediction = document.RootElement.Clone();
        int version = prediction.GetProperty("version").GetInt32();
        ModelCard? card = await models.LoadCardAsync(pipeline, version, cancellation);
        var lines = new List<LedgerEntry>();
        await foreach (LedgerEntry entry in registry.ReadLedgerAsync(pipeline, cancellation))
        {
            if (entry.Version == version)
            {
                lines.Add(entry);
                if (entry.Action == LedgerAction.Registered)
                {
                    break;
                }
            }
        }

        return new PredictionEvidence(
            prediction,
            pipeline,
            card is null ? null : new PredictionModel(version, card.ModelId, card.DatasetId, card.RunId, card.SpecHash, card.Candidate, card.Metrics, card.Gates),
            (await registry.GetVersionAsync(pipeline, version, cancellation))?.Approval,
            lines);
    }

    private static ScoringProblem NotFound(string detail) => new(404, "no-such-prediction", "No such prediction", detail);
}
