using Microsoft.DurableTask.Engine.History;

namespace Microsoft.DurableTask.Engine;

/// <summary>The row of one instance. Its ETag fences every episode: whoever lost the hub cannot commit.</summary>
internal sealed record InstanceState
{
    public required string InstanceId { get; init; }

    public required string Name { get; init; }

    public string Version { get; init; } = string.Empty;

    /// <summary>New for each start and each continue-as-new: what refers to an older one is void.</summary>
    public required string ExecutionId { get; init; }

    public InstanceStatus Status { get; init; }

    public string? Input { get; init; }

    public string? Output { get; init; }

    public string? CustomStatus { get; init; }

    public Failure? Failure { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset LastUpdatedAt { get; init; }

    /// <summary>Start of this instance under its id; messages from before belong to an older namesake.</summary>
    public DateTimeOffset IncarnatedAt { get; init; }

    public DateTimeOffset? ScheduledStart { get; init; }

    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    public ParentReference? Parent { get; init; }

    /// <summary>W3C trace parent of the span that asked for the instance; its activities' spans are children of it. Null: nobody traces.</summary>
    public string? TraceParent { get; init; }

    /// <summary>Committed episodes of this execution; the next history row gets this number.</summary>
    public int Episodes { get; init; }

    /// <summary>External events that the execution before left to this one (continue-as-new).</summary>
    public IReadOnlyList<EventRaised>? Carryover { get; init; }

    /// <summary>Message ids that executions before this one consumed, latest last.</summary>
    public IReadOnlyList<string>? SeenMessages { get; init; }

    /// <summary>Whether a host that starts has to look at it: it runs, or its last messages are not delivered.</summary>
    public bool IsActive { get; init; }

    public string ETag { get; init; } = string.Empty;
}

/// <summary>A message that waits in an instance's partition.</summary>
/// <param name="Key">Sorts by time of sending; inserting the same key again does nothing.</param>
internal sealed record InboxMessage(string Key, HistoryEvent Event);

/// <summary>Events of one episode that have to be delivered to other instances.</summary>
internal sealed record Outbox(string Key, DateTimeOffset SentAt, IReadOnlyList<OutboxMessage> Messages);

/// <param name="MessageId">Unique for ever, so that the receiver knows a second delivery.</param>
internal sealed record OutboxMessage(string MessageId, string InstanceId, HistoryEvent Event);

/// <summary>All that is stored of an instance.</summary>
internal sealed record InstanceSnapshot(
    InstanceState State,
    IReadOnlyList<HistoryEvent> History,
    IReadOnlyList<InboxMessage> Inbox,
    IReadOnlyList<Outbox> Outbox,
    IReadOnlyList<string> HistoryKeys,
    IReadOnlyList<string> StaleKeys);

/// <summary>What one episode changes, in one transaction.</summary>
internal sealed record EpisodeCommit
{
    public required InstanceState State { get; init; }

    public required string ExpectedETag { get; init; }

    /// <summary>Row that takes <see cref="Events"/>; null if the execution is replaced by a new one.</summary>
    public required string? HistoryKey { get; init; }

    public required IReadOnlyList<HistoryEvent> Events { get; init; }

    /// <summary>Consumed inbox rows, and history rows of an execution that continued as new.</summary>
    public required IReadOnlyList<string> DeletedKeys { get; init; }

    public Outbox? Outbox { get; init; }
}

/// <summary>The instance changed since it was read: another host has it, or a write that seemed to fail went through.</summary>
internal sealed class InstanceConflictException(string instanceId, Exception? inner = null)
    : Exception($"Instance '{instanceId}' was changed by someone else since it was read.", inner);
