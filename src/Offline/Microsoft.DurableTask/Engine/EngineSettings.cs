using Microsoft.DurableTask.Abstractions;
using Microsoft.DurableTask.Engine.Replay;

namespace Microsoft.DurableTask.Engine;

/// <summary>Which instance versions this host runs.</summary>
internal enum VersionMatchStrategy
{
    None,
    Strict,
    CurrentOrOlder,
}

/// <summary>What happens to an instance whose version does not match.</summary>
internal enum VersionFailureStrategy
{
    /// <summary>It is left for a host that matches.</summary>
    Reject,

    /// <summary>It fails with VersionMismatch.</summary>
    Fail,
}

/// <summary>Settings of one host on one hub.</summary>
internal sealed record EngineSettings
{
    public required ReplaySettings Replay { get; init; }

    /// <summary>Version of orchestrations that are started without one, and of this host.</summary>
    public string DefaultVersion => Replay.DefaultVersion;

    public VersionMatchStrategy VersionMatchStrategy { get; init; } = VersionMatchStrategy.CurrentOrOlder;

    public VersionFailureStrategy VersionFailureStrategy { get; init; } = VersionFailureStrategy.Reject;

    public int MaxConcurrentActivities { get; init; } = 10 * Environment.ProcessorCount;

    public int MaxConcurrentOrchestrators { get; init; } = 10 * Environment.ProcessorCount;

    /// <summary>How often a host asks for word from other processes; changes of its own it knows at once.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Messages that one episode takes at most: its transaction deletes them, and holds 100 operations.</summary>
    public int MaxMessagesPerEpisode { get; init; } = 40;

    /// <summary>Instances at rest that are kept in memory with their history; of others the history is read again when they are woken.</summary>
    public int MaxLoadedInstances { get; init; } = 500;

    /// <summary>First delay after a storage fault; it doubles up to a minute.</summary>
    public TimeSpan FaultDelay { get; init; } = TimeSpan.FromSeconds(1);

    public bool Accepts(string version) => string.IsNullOrEmpty(DefaultVersion) || VersionMatchStrategy switch
    {
        VersionMatchStrategy.Strict => string.Equals(version, DefaultVersion, StringComparison.Ordinal),
        VersionMatchStrategy.CurrentOrOlder => TaskOrchestrationVersioningUtils.CompareVersions(version, DefaultVersion) <= 0,
        _ => true,
    };
}
