using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>What answers for a pipeline: its model, or why there is none.</summary>
/// <param name="Model">The model that serves.</param>
/// <param name="Problem">Set where <paramref name="Model"/> is null.</param>
public readonly record struct ModelLookup(LiveModel? Model, ScoringProblem? Problem);

/// <summary>How a pipeline stands in this process.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Version">The version in memory; null where there is none.</param>
/// <param name="Fault">Why the last refresh failed; null where it did not.</param>
/// <param name="RefreshedAt">When the live pointer was last read.</param>
public sealed record ServingState(string Pipeline, int? Version, string? Fault, DateTimeOffset? RefreshedAt);

/// <summary>
/// The models in memory, by pipeline. Requests take the one that is there; what serves is read again in the background by the first request
/// that finds it stale, and a new version is loaded, checked and warmed up before one assignment puts it in the place of the old one. Requests
/// that hold the old one finish with it. Where storage or the new version fails, the last good model goes on answering, and the fault is reported.
/// </summary>
public sealed class ModelCache(
    IModelRegistry registry, ModelLoader loader, IOptions<ScoringOptions> options, TimeProvider time, ILogger<ModelCache> logger) : IDisposable
{
    private const int MostAbsent = 1000;
    private readonly ScoringOptions _options = options.Value;
    private readonly ConcurrentDictionary<string, PipelineSlot> _slots = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private int _absent;

    /// <summary>The model that answers for a pipeline. Completes at once where one is in memory and not too old.</summary>
    public ValueTask<ModelLookup> GetAsync(string pipeline, CancellationToken cancellation)
    {
        if (_slots.TryGetValue(pipeline, out PipelineSlot? slot) && slot.Model is { } model)
        {
            TimeSpan age = time.GetElapsedTime(slot.CheckedAt);
            if (age < _options.RefreshAfter)
            {
                return new ValueTask<ModelLookup>(new ModelLookup(model, null));
            }

            Task refresh = Refresh(slot);
            return age < _options.WaitForRefreshAfter || refresh.IsCompleted
                ? new ValueTask<ModelLookup>(new ModelLookup(slot.Model, null))
                : new ValueTask<ModelLookup>(WaitForRefreshAsync(slot, refresh, cancellation));
        }

        return new ValueTask<ModelLookup>(LoadFirstAsync(pipeline, slot, cancellation));
    }

    /// <summary>How every pipeline that was asked for stands.</summary>
    public IReadOnlyList<ServingState> States() =>
        [.. _slots.Values.Where(s => s.Model is not null || s.Fault is not null).OrderBy(s => s.Pipeline, StringComparer.Ordinal)
            .Select(s => new ServingState(s.Pipeline, s.Model?.Model.Version, s.Fault, s.RefreshedAt))];

    /// <summary>Pipelines that are remembered, with and without a model.</summary>
    internal int SlotCount => _slots.Count;

    /// <summary>Ends refreshes under way.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private async Task<ModelLookup> WaitForRefreshAsync(PipelineSlot slot, Task refresh, CancellationToken cancellation)
    {
        // A refresh never throws; only the waiting can end early, and then the model that is there answers.
        await refresh.WaitAsync(_options.RefreshTimeout, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        return new ModelLookup(slot.Model, null);
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
                return new PipelineSlot(name);
            }, this);
        }

        // What is not there is asked for as seldom as what is: an unknown name costs storage one read per RefreshAfter.
        if (!slot.WasChecked || time.GetElapsedTime(slot.CheckedAt) >= _options.RefreshAfter || !slot.Running.IsCompleted)
        {
            await Refresh(slot).WaitAsync(cancellation);
        }

        return slot.Model is { } model ? new ModelLookup(model, null) : new ModelLookup(null, slot.Absence);
    }

    // Names that callers made up must not fill the memory: when there are many without a model, they are forgotten.
    private void MakeRoom()
    {
        if (Volatile.Read(ref _absent) > MostAbsent)
        {
            foreach (PipelineSlot empty in _slots.Values.Where(s => s.Model is null && s.Running.IsCompleted))
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
            else if (slot.Model?.Model.Version != live.Version)
            {
                LiveModel? before = slot.Model;
                slot.Model = await loader.LoadAsync(slot.Pipeline, live.Version, cancellation);
                ScoringLog.Swapped(logger, slot.Pipeline, live.Version, before is null ? "none" : $"version {before.Model.Version}");
                if (before is null)
                {
                    Interlocked.Decrement(ref _absent);
                }

                slot.Fault = null;
            }
            else
            {
                slot.Fault = null;
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
            slot.Absence = new ScoringProblem(
                503, "model-unavailable", "The model cannot be loaded", $"Pipeline '{slot.Pipeline}' has no model in memory, and loading it failed; it is tried again. The reason is in the app's log and under /health.")
            { RetryAfterSeconds = (int)Math.Ceiling(_options.RefreshAfter.TotalSeconds) };
            if (slot.Model is { } kept)
            {
                ScoringLog.KeptLastGood(logger, failure, slot.Pipeline, kept.Model.Version, failure.Message);
            }
            else
            {
                ScoringLog.CannotLoad(logger, failure, slot.Pipeline, failure.Message);
            }
        }
    }

    private static ScoringProblem NoSuchModel(string pipeline, string detail) => new(404, "no-live-model", "No model serves here", detail);

    /// <summary>One pipeline. The model is swapped by one assignment.</summary>
    private sealed class PipelineSlot(string pipeline)
    {
        private volatile LiveModel? _model;
        private long _checkedAt;

        public string Pipeline { get; } = pipeline;

        public LiveModel? Model
        {
            get => _model;
            set => _model = value;
        }

        public long CheckedAt
        {
            get => Volatile.Read(ref _checkedAt);
            set => Volatile.Write(ref _checkedAt, value);
        }

        public bool WasChecked { get; set; }

        public Task Running { get; set; } = Task.CompletedTask;

        public ScoringProblem? Absence { get; set; }

        public string? Fault { get; set; }

        public DateTimeOffset? RefreshedAt { get; set; }
    }
}
