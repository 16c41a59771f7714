using System.Collections.Concurrent;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Monitoring;

/// <summary>The counters of one process: one for each model version that it has scored with. Scorers take theirs here, the flusher empties all.</summary>
/// <param name="instance">See <see cref="WindowCounter.Instance"/>.</param>
public sealed class WindowCounters(string instance)
{
    private readonly ConcurrentDictionary<(string Pipeline, int Version), WindowCounter> _counters = new();

    /// <summary>The process.</summary>
    public string Instance { get; } = instance;

    /// <summary>All counters, in no order.</summary>
    public IReadOnlyCollection<WindowCounter> All => [.. _counters.Values];

    /// <summary>The counter of a model version; made on first use. Keep it with the loaded model rather than ask for each request.</summary>
    public WindowCounter For(ModelCard card, int version)
    {
        ArgumentNullException.ThrowIfNull(card);
        return _counters.GetOrAdd((card.Pipeline, version), static (key, state) => new WindowCounter(state.card, key.Version, state.Instance), (card, Instance));
    }
}
