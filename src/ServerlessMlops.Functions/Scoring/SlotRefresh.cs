using Microsoft.Extensions.Logging;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Scoring;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>Brings a pipeline's slot up to what the live pointer says: one refresh of a slot at a time.</summary>
internal sealed class SlotRefresh(IModelRegistry registry, ModelLoader loader, ScoringOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>What is answered while a model cannot be loaded.</summary>
    public static ScoringProblem Unavailable(ScoringOptions options, string detail) =>
        new(503, "model-unavailable", "The model cannot be loaded", detail) { RetryAfterSeconds = (int)Math.Ceiling(options.RefreshAfter.TotalSeconds) };

    /// <summary>What is answered where no model is.</summary>
    public static ScoringProblem NoSuchModel(string detail) => new(404, "no-live-model", "No model serves here", detail);

    /// <summary>What is answered where nothing was loaded yet, because the process ends before it could be.</summary>
    public ScoringProblem NotLoaded(string pipeline) => Unavailable(options, $"Pipeline '{pipeline}' has no model in memory yet; this process ends. Try again.");

    /// <summary>Reads what serves, and puts it in the place of what is in memory. Never throws: a fault is kept in the slot and logged.</summary>
    public async Task RunAsync(PipelineSlot slot, CancellationToken cancellation)
    {
        try
        {
            RegistryHead head = await registry.GetHeadAsync(slot.Pipeline, cancellation);
            if (head.Live is not { } live)
            {
                slot.Absence = NoSuchModel(head.LastVersion == 0
                    ? $"Pipeline '{slot.Pipeline}' is not known, or has no model yet. Upload data to 'uploads/{slot.Pipeline}/' and wait for its training ('mlops runs --pipeline {slot.Pipeline}' tells how it stands)."
                    : $"Pipeline '{slot.Pipeline}' has {head.LastVersion} model version(s) and none of them serves. Promote one: 'mlops promote {slot.Pipeline} {head.LastVersion}'.");
                slot.Fault = null;
            }
            else
            {
                await SwapAsync(slot, head, live, await RulesAsync(slot, head.SpecHash, cancellation), cancellation);
            }

            slot.RefreshedAt = time.GetUtcNow();
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The process ends.
        }
        catch (Exception failure)
        {
            // Whatever is wrong with storage, the pointer or the model: what is in memory is still good.
            slot.Fault = failure.Message;
            slot.Absence = Unavailable(options, $"Pipeline '{slot.Pipeline}' has no model in memory, and loading it failed; it is tried again. The reason is in the app's log and under /health.");
            if (slot.Serving is { Champion: { } kept })
            {
                ScoringLog.KeptLastGood(logger, failure, slot.Pipeline, kept.Model.Version, failure.Message);
            }
            else
            {
                ScoringLog.CannotLoad(logger, failure, slot.Pipeline, failure.Message);
            }
        }
    }

    // The spec is read once for each change of it: its hash stands in the head, which is read anyway.
    private async Task<ScoringRules> RulesAsync(PipelineSlot slot, string? specHash, CancellationToken cancellation)
    {
        if (slot.Rules is { } known && known.SpecHash == specHash)
        {
            return known.Rules;
        }

        ScoringRules rules = await loader.LoadRulesAsync(slot.Pipeline, specHash, cancellation);
        if (slot.Rules is { } before && ContentAddress.OfJson(before.Rules.Spec) == ContentAddress.OfJson(rules.Spec))
        {
            rules = before.Rules;
        }

        slot.Rules = (specHash, rules);
        return rules;
    }

    // The champion first: a challenger that cannot be loaded must not keep a promotion or a rollback from taking effect.
    private async Task SwapAsync(PipelineSlot slot, RegistryHead head, LivePointer live, ScoringRules rules, CancellationToken cancellation)
    {
        ServingModels? before = slot.Serving?.With(rules);
        LiveModel champion = before?.Find(live.Version) ?? slot.Named.Find(live.Version, rules) ?? await loader.LoadAsync(slot.Pipeline, live.Version, rules, cancellation);
        LiveModel? retired = before is null ? null : before.Champion != champion ? before.Champion : before.Retired;
        Challenger? challenger = null;
        Exception? fault = null;
        if (live.Rollout is { } rollout && rollout.Version != live.Version)
        {
            try
            {
                LiveModel model = before?.Find(rollout.Version) ?? slot.Named.Find(rollout.Version, rules) ?? await loader.LoadAsync(slot.Pipeline, rollout.Version, rules, cancellation);
                double share = rollout.Strategy == DeployStrategy.Canary ? live.Shares.Where(s => s.Version == rollout.Version).Sum(s => s.Percent) / 100 : 0;
                challenger = before?.Challenger is { } known && known.Model == model && known.Strategy == rollout.Strategy && (known.Split?.Share ?? 0) == share
                    ? known
                    : new Challenger(model, share > 0 ? new TrafficSplit(live.Salt, Math.Min(1, share)) : null, rollout.Strategy);
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                fault = failure;
            }
        }

        Dictionary<string, int> names = AliasMoves.Of(head).ToDictionary(a => a.Name, a => a.Version, StringComparer.Ordinal);
        slot.Serving = new ServingModels(champion, challenger, retired == challenger?.Model ? null : retired, names);
        slot.Named.Keep(names.Values);
        if (before?.Champion != champion)
        {
            ScoringLog.Swapped(logger, slot.Pipeline, live.Version, before is null ? "none" : $"version {before.Champion.Model.Version}");
        }

        if (before?.Challenger != challenger)
        {
            ScoringLog.Challenges(
                logger, slot.Pipeline, challenger is null ? "no version" : $"version {challenger.Model.Model.Version}", live.Version, challenger?.Split?.Share ?? 0);
        }

        slot.Fault = fault?.Message;
        if (fault is not null)
        {
            ScoringLog.KeptLastGood(logger, fault, slot.Pipeline, live.Version, fault.Message);
        }
    }
}
