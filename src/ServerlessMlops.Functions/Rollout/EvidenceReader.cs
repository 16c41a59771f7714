using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Functions.Monitoring;

namespace ServerlessMlops.Functions.Rollout;

/// <summary>Reads what the traffic of a rollout's step tells of both versions.</summary>
public sealed class EvidenceReader(IModelStore models, IWindowStore windows, WindowFlusher flusher, IEnumerable<IOutcomeReader> outcomes, TimeProvider time)
{
    /// <summary>
    /// Both versions in the present step, from the minute in which it began. Where the challenger has taken the champion's place, the champion's
    /// traffic is that of as long before, at least the step's hold.
    /// </summary>
    /// <exception cref="InvalidDataException">A card is missing.</exception>
    public async Task<(VersionEvidence Challenger, VersionEvidence Champion)> ReadAsync(
        string pipeline, LivePointer live, RunningRollout running, TimeSpan elapsed, CancellationToken cancellation)
    {
        // What this instance has counted in the running minute belongs to the step; others' comes a minute late.
        await flusher.FlushAsync(cancellation);
        DateTimeOffset now = time.GetUtcNow().AddMinutes(1);
        DateTimeOffset since = running.StepSince.AddTicks(-(running.StepSince.UtcTicks % TimeSpan.TicksPerMinute));
        bool switched = running.Version == live.Version;
        VersionEvidence challenger = await OfAsync(pipeline, running.Version, since, now, cancellation);
        VersionEvidence champion = switched && live.PreviousVersion is { } previous
            ? await OfAsync(pipeline, previous, (running.StartedAt < since ? running.StartedAt : since) - elapsed, since.AddMinutes(1), cancellation)
            : await OfAsync(pipeline, live.Version, since, now, cancellation);
        return (challenger, champion);
    }

    private async Task<VersionEvidence> OfAsync(string pipeline, int version, DateTimeOffset from, DateTimeOffset until, CancellationToken cancellation)
    {
        ModelCard card = await models.LoadCardAsync(pipeline, version, cancellation) ?? throw new InvalidDataException(
            $"Version {version} of pipeline '{pipeline}' has no model card (models/{pipeline}/{version}/model.json); it cannot be judged. Promote or roll back by hand.");
        WindowSums sums = WindowSums.Empty(card);
        await foreach (WindowRow row in windows.ReadAsync(pipeline, version, from, until, cancellation))
        {
            // Files go to the champion whole: what it says of them is no answer to the traffic that the two share.
            if (!row.IsOfFile)
            {
                sums.Add(row.Sums);
            }
        }

        LabelledOutcomes? labelled = null;
        foreach (IOutcomeReader reader in outcomes)
        {
            labelled ??= await reader.ReadAsync(pipeline, version, from, until, cancellation);
        }

        return new VersionEvidence(version, card, sums, labelled);
    }
}
