using ServerlessMlops.Core.Monitoring.Staleness;

namespace ServerlessMlops.Core.Monitoring;

/// <summary>What a check knows of those before it: kept in each report, read from the one before. So nothing is counted twice when a check is made again.</summary>
/// <param name="Seen">When things last came.</param>
/// <param name="SuspectedSince">End of the first window of an unbroken row in which inputs or estimates raised a suspicion; null where the last one did not.</param>
/// <param name="SuspectedWindows">How many windows that share no traffic are in that row.</param>
public sealed record MonitorMemory(LastSeen Seen, DateTimeOffset? SuspectedSince, int SuspectedWindows)
{
    /// <summary>Of a pipeline that was never checked.</summary>
    public static MonitorMemory None { get; } = new(LastSeen.Nothing, null, 0);

    /// <summary>A check that comes later than so many intervals after the one before does not carry on its row.</summary>
    public const int MostMissed = 3;

    /// <summary>The memory after a check.</summary>
    /// <param name="before">The report before, of any version; null for none.</param>
    /// <param name="version">The version that was checked.</param>
    /// <param name="seen">What is known now; what is null is taken from before.</param>
    /// <param name="isSuspected">Whether this check raised a suspicion.</param>
    /// <param name="until">End of its window.</param>
    /// <param name="window">Length of its window.</param>
    /// <param name="interval">Time between checks.</param>
    public static MonitorMemory After(MonitorReport? before, int version, LastSeen seen, bool isSuspected, DateTimeOffset until, TimeSpan window, TimeSpan interval)
    {
        ArgumentNullException.ThrowIfNull(seen);
        LastSeen known = before?.Memory?.Seen ?? LastSeen.Nothing;
        var merged = new LastSeen(
            Later(seen.Data, known.Data), Later(seen.Traffic, known.Traffic), Later(seen.Labels, known.Labels), Later(seen.Training, known.Training));
        if (!isSuspected)
        {
            return new MonitorMemory(merged, null, 0);
        }

        // Another version has other groups and answers: its row begins anew.
        bool carriesOn = before is not null && before.Version == version && until - before.Until <= MostMissed * interval;
        DateTimeOffset since = (carriesOn ? before!.Memory?.SuspectedSince : null) ?? until;
        return new MonitorMemory(merged, since, 1 + (int)((until - since) / window));
    }

    private static DateTimeOffset? Later(DateTimeOffset? one, DateTimeOffset? other) => one is null || other > one ? other : one;
}
