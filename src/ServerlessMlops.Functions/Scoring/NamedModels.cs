using ServerlessMlops.Core.Scoring;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>
/// The models of one pipeline that answer only who asks for them by alias or version: loaded when first asked for, kept while a name stands for
/// them, the ones asked for last. A load that failed is tried again after a while, by the next request.
/// </summary>
internal sealed class NamedModels(string pipeline, ModelLoader loader, TimeProvider time, TimeSpan retryAfter)
{
    /// <summary>Most of them in memory.</summary>
    internal const int Most = 4;

    private readonly Dictionary<int, Entry> _models = [];

    /// <summary>The model of a version, by the rules in force.</summary>
    /// <exception cref="InvalidDataException">It cannot be loaded.</exception>
    public Task<LiveModel> GetAsync(int version, ScoringRules rules)
    {
        lock (_models)
        {
            if (!_models.TryGetValue(version, out Entry? entry) || (entry.Loading is { IsCompleted: true, IsCompletedSuccessfully: false } && time.GetElapsedTime(entry.LoadedAt) >= retryAfter))
            {
                // A request to storage that timed out leaves a load as cancelled, not as failed.
                if (entry is null && _models.Count == Most)
                {
                    _models.Remove(_models.MinBy(m => m.Value.UsedAt).Key);
                }

                _models[version] = entry = new Entry(Task.Run(() => loader.LoadAsync(pipeline, version, rules, CancellationToken.None)), time.GetTimestamp());
            }

            if (entry.Loading is { IsCompletedSuccessfully: true, Result: { } loaded } && loaded.Model.Rules != rules)
            {
                _models[version] = entry = new Entry(Task.FromResult(loaded.With(rules)), entry.LoadedAt);
            }

            entry.UsedAt = time.GetTimestamp();
            return entry.Loading;
        }
    }

    /// <summary>The model of a version by these rules, where it is in memory.</summary>
    public LiveModel? Find(int version, ScoringRules rules)
    {
        lock (_models)
        {
            return _models.TryGetValue(version, out Entry? entry) && entry.Loading.IsCompletedSuccessfully ? entry.Loading.Result.With(rules) : null;
        }
    }

    /// <summary>Forgets all but these.</summary>
    public void Keep(IEnumerable<int> versions)
    {
        lock (_models)
        {
            foreach (int forgotten in _models.Keys.Except(versions).ToList())
            {
                _models.Remove(forgotten);
            }
        }
    }

    private sealed class Entry(Task<LiveModel> loading, long loadedAt)
    {
        public Task<LiveModel> Loading { get; } = loading;

        public long LoadedAt { get; } = loadedAt;

        public long UsedAt { get; set; }
    }
}
