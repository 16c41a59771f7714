using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
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
    private readonly SlotRefresh _refresh = new(registry, loader, options.Value, time, logger);
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
        if (!_stopping.IsCancellationRequested)
        {
            _stopping.Cancel();
            _stopping.Dispose();
        }
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
            return new ModelLookup(null, SlotRefresh.Unavailable(_options, $"Version {version} of pipeline '{pipeline}' cannot be loaded; it is tried again. The reason is in the app's log."));
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
            return new ModelLookup(null, SlotRefresh.NoSuchModel(PipelineName.Refusal(pipeline)));
        }

        if (slot is null)
        {
            MakeRoom();
            slot = _slots.GetOrAdd(pipeline, static (name, cache) =>
            {
                Interlocked.Increment(ref cache._absent);
                return new PipelineSlot(name, new NamedModels(name, cache.Loader, cache.Time, cache._options.RefreshAfter), cache._refresh.NotLoaded(name));
            }, this);
        }

        await Refresh(slot).WaitAsync(cancellation);
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

    // The refresh to wait for: the one under way, a new one where the last is too old, none otherwise. What is not there is asked for as seldom as
    // what is: an unknown name costs storage one read per RefreshAfter. Decided under the lock, since "checked just now" and "being read" are
    // told by two fields: who saw the one without the other would take a slot that is being filled for an empty one.
    private Task Refresh(PipelineSlot slot)
    {
        lock (slot)
        {
            if (slot.Running.IsCompleted && (!slot.WasChecked || time.GetElapsedTime(slot.CheckedAt) >= _options.RefreshAfter))
            {
                slot.CheckedAt = time.GetTimestamp();
                slot.WasChecked = true;
                slot.Running = Task.Run(() => RefreshAsync(slot), CancellationToken.None);
            }

            return slot.Running;
        }
    }

    private async Task RefreshAsync(PipelineSlot slot)
    {
        bool wasAbsent = slot.Serving is null;
        await _refresh.RunAsync(slot, _stopping.Token);
        if (wasAbsent && slot.Serving is not null)
        {
            Interlocked.Decrement(ref _absent);
        }
    }
}
