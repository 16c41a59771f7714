namespace Microsoft.DurableTask.Engine.Replay;

/// <summary>What the host decides about every orchestration.</summary>
internal sealed record ReplaySettings
{
    public required DataConverter DataConverter { get; init; }

    /// <summary>Version of sub-orchestrations that are started without one.</summary>
    public string DefaultVersion { get; init; } = string.Empty;

    /// <summary>Longer timers are cut into pieces of this length.</summary>
    public TimeSpan MaximumTimerInterval { get; init; } = TimeSpan.FromDays(3);

    public IReadOnlyDictionary<string, object?> Properties { get; init; } = new Dictionary<string, object?>();
}
