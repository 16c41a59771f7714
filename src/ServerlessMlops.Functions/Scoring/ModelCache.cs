using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Scoring;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>How a pipeline stands in this process.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Version">The version in memory; null where there is none.</param>
/// <param name="Fault">Why the last refresh failed; null where it did not.</param>
/// <param name="RefreshedAt">When the live pointer was last read.</param>
/// <param name="Challenger">The version that is being rolled out beside it; null where none is.</param>
public sealed record ServingState(string Pipeline, int? Version, string? Fault, DateTimeOffset? RefreshedAt, int? Challenger = null);

/// <summary>
/// The models in memory, by pipeline. Requests take the one that is there; what serves is read again in the background by the first request
/// that finds it stale, and a new version is loaded, checked and warmed up before one assignment puts it in the place of the old one. Requests
/// that hold the old one finish with it. During a rollout the challenger is loaded and warmed up beside the champion, and both are swapped in
/// together; what served before stays in memory, so that a rollback takes no longer than the refresh. Where storage or the new version fails, the last good model goes on answering, and the fault is reported.
/// </summary>
public sealed class ModelCache(
    IModelRegistry registry, ModelLoader loader, IOptions<ScoringOptions> options, TimeProvider time, ILogger<ModelCache> logger) : IDisposable
{
    private const int MostAbsent = 1000;
    private readonly ScoringOptions _options = options.Value;
    private readonly ConcurrentDictionary<string, PipelineSlot> _slots = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private int _absent;

    private ModelLoader Loader => loader;

    private TimeProvider Time => time;

    /// <summary>The model that answers for a pipeline. Completes at once where one is in memory and not too old.</summary>
    public ValueTask<ModelLookup> GetAsync(string pipeline, CancellationToken cancellation)
    {
        if (_slots.TryGetValue(pipeline, out PipelineSlot? slot) && slot.Serving is { } serving)
        {
            TimeSpan age = time.GetElapsedTime(slot.CheckedAt);
            if (age < _options.RefreshAfter)
            {
                return new ValueTask<ModelLookup>(new ModelLookup(serving.Champion, null, serving.Challenger));
            }

            Task refresh = Refresh(slot);
            return age < _options.WaitForRefreshAfter || refresh.IsCompleted
                ? new ValueTask<ModelLookup>(slot.Lookup())
                : new ValueTask<ModelLookup>(WaitForRefreshAsync(slot, refresh, cancellation));
        }

        return new ValueTask<ModelLookup>(LoadFirstAsync(pipeline, slot, cancellation));
    }

    /// <summary>
    /// The model that a caller asks for: <c>{pipeline}</c> for what serves, <c>{pipeline}@{alias or version}</c>, or the same with the alias or version apart. Versions
    /// that neither serve nor are tried can be asked for while an alias stands for them.
    /// </summary>
    public ValueTask<ModelLookup> GetAsync(string address, string? which, CancellationToken cancellation) =>
        which is null && !address.Contains('@', StringComparison.Ordinal) ? GetAsync(address, cancellation) : new ValueTask<ModelLookup>(FindAsync(address, which, cancellation));

    /// <summary>How every pipeline that was asked for stands.</summary>
    public IReadOnlyList<ServingState> States() =>
        [.. _slots.Values.Where(s => s.Serving is not null || s.Fault is not null).OrderBy(s => s.Pipeline, StringComparer.Ordinal)
            .Select(s => new ServingState(s.Pipeline, s.Serving?.Champion.Model.Version, s.Fault, s.RefreshedAt, s.Serving?.Challenger?.Model.Model.Version))];

    /// <summary>Pipelines that are remembered, with and without a model.</summary>
    internal int SlotCount => _slots.Count;

    /// <summary>Ends refreshes under way.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private async Task<ModelLookup> FindAsync(string address, string? which, CancellationToken cancellation)
    {
        int mark = which is null ? address.IndexOf('@', StringComparison.Ordinal) : address.Length;
        string pipeline = address[..mark];
        which ??= address[(mark + 1)..];
        ModelLookup serves = await GetAsync(pipeline, cancellation);
        if (serves.Model is null || !_slots.TryGetValue(pipeline, out PipelineSlot? slot) || slot.Serving is not { } serving)
        {
            return serves;
        }

        if (serving.Addressed(which) is not { } version)
        {
            string beside = serving.Challenger is { } challenger ? $", and version {challenger.Model.Model.Version} is being rolled out" : "";
            return new ModelLookup(null, new ScoringProblem(
                404, "version-not-live", "That version does not answer",
                $"Pipeline '{pipeline}' serves version {serving.Champion.Model.Version}{beside}; '{which}' was asked for. Aliases: {string.Join(", ", serving.Names.Keys.Order(StringComparer.Ordinal))}. " +
                $"Leave the version out, promote it, or give it an alias (PUT /api/pipelines/{pipeline}/aliases/NAME)."));
        }

        try
        {
            return new ModelLookup(serving.Find(version) ?? await slot.Named.GetAsync(version, serving.Champion.Model.Rules).WaitAsync(cancellation), null);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            ScoringLog.CannotLoad(logger, failure, $"{pipeline}@{which}", failure.Message);
            return new ModelLookup(null, Unavailable($"Version {version} of pipeline '{pipeline}' cannot be loaded; it is tried again. The reason is in the app's log."));
        }
    }

    private async Task<ModelLookup> WaitForRefreshAsync(PipelineSlot slot, Task refresh, CancellationToken cancellation)
    {
        // A refresh never throws; only the waiting can end early, and then the model that is there answers.
        await refresh.WaitAsync(_options.RefreshTimeout, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        return slot.Lookup();
    }

    private async Task<ModelLookup> LoadFirstAsync(string pipeline, PipelineSlot? slot, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return new ModelLookup(null, NoSuchModel(pipeline, $"'{pipeline}' cannot name a pipeline: expected {PipelineName.Rule}."));
        }

        if (slot is null)
        {
            MakeRoom();
            slot = _slots.GetOrAdd(pipeline, static (name, cache) =>
            {
                Interlocked.Increment(ref cache._absent);
                return new PipelineSlot(name, new NamedModels(name, cache.Loader, cache.Time, cache._options.RefreshAfter));
            }, this);
        }

        // What is not there is asked for as seldom as what is: an unknown name costs storage one read per RefreshAfter.
        if (!slot.WasChecked || time.GetElapsedTime(slot.CheckedAt) >= _options.RefreshAfter || !slot.Running.IsCompleted)
        {
            await Refresh(slot).WaitAsync(cancellation);
        }

        return slot.Lookup();
    }

    // Names that callers made up must not fill the memory: when there are many without a model, they are forgotten.
    private void MakeRoom()
    {
        if (Volatile.Read(ref _absent) > MostAbsent)
        {
            foreach (PipelineSlot empty in _slots.Values.Where(s => s.Serving is null && s.Running.IsCompleted))
            {
                if (_slots.TryRemove(empty.Pipeline, out _))
                {
                    Interlocked.Decrement(ref _absent);
                }
            }
        }
    }

    private Task Refresh(PipelineSlot slot)
    {
        lock (slot)
        {
            if (slot.Running.IsCompleted)
            {
                slot.CheckedAt = time.GetTimestamp();
                slot.WasChecked = true;
                slot.Running = Task.Run(() => RefreshAsync(slot, _stopping.Token), CancellationToken.None);
            }

            return slot.Running;
        }
    }

    private async Task RefreshAsync(PipelineSlot slot, CancellationToken cancellation)
    {
        try
        {
            RegistryHead head = await registry.GetHeadAsync(slot.Pipeline, cancellation);
            if (head.Live is not { } live)
            {
                slot.Absence = NoSuchModel(slot.Pipeline, head.LastVersion == 0
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
            slot.Absence = Unavailable($"Pipeline '{slot.Pipeline}' has no model in memory, and loading it failed; it is tried again. The reason is in the app's log and under /health.");
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
        if (before is null)
        {
            Interlocked.Decrement(ref _absent);
        }

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

    private ScoringProblem Unavailable(string detail) =>
        new(503, "model-unavailable", "The model cannot be loaded", detail) { RetryAfterSeconds = (int)Math.Ceiling(_options.RefreshAfter.TotalSeconds) };

    private static ScoringProblem NoSuchModel(string pipeline, string detail) => new(404, "no-live-model", "No model serves here", detail);
}
