using Microsoft.DurableTask.Client;

namespace Microsoft.DurableTask.Engine.Storage;

/// <summary>Where instances live. Every method either took effect as a whole or not at all when the process dies.</summary>
internal interface IInstanceStore
{
    Task InitializeAsync(CancellationToken cancellationToken);

    /// <summary>Everything of one instance; null if there is none.</summary>
    Task<InstanceSnapshot?> LoadAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>The row only.</summary>
    Task<InstanceState?> GetStateAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>Inserts the row, or replaces the one with <paramref name="replacedETag"/>.</summary>
    /// <returns>The row's ETag; null if someone else was first.</returns>
    Task<string?> TryCreateAsync(InstanceState state, string? replacedETag, CancellationToken cancellationToken);

    /// <returns>The row's new ETag.</returns>
    /// <exception cref="InstanceConflictException">The row is not the expected one.</exception>
    Task<string> CommitAsync(EpisodeCommit commit, CancellationToken cancellationToken);

    /// <summary>Adds a message if none of that key waits.</summary>
    Task AddInboxAsync(string instanceId, InboxMessage message, CancellationToken cancellationToken);

    Task<IReadOnlyList<InboxMessage>> ReadInboxAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>Deletes rows; those that are gone already do not matter.</summary>
    Task DeleteRowsAsync(string instanceId, IReadOnlyList<string> keys, CancellationToken cancellationToken);

    /// <summary>Writes the row alone.</summary>
    /// <exception cref="InstanceConflictException">The row is not the expected one.</exception>
    Task<string> UpdateStateAsync(InstanceState state, CancellationToken cancellationToken);

    /// <summary>Ids of the instances that a starting host has to look at.</summary>
    IAsyncEnumerable<string> ListActiveAsync(CancellationToken cancellationToken);

    Task<Page<InstanceState>> QueryAsync(OrchestrationQuery query, string? continuationToken, int pageSize, CancellationToken cancellationToken);

    /// <summary>Deletes everything of an instance, the row last; false if the row changed or is gone.</summary>
    Task<bool> PurgeAsync(InstanceState state, CancellationToken cancellationToken);

    /// <summary>Leaves word for the host that owns the hub.</summary>
    Task SignalAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>Instances for which word was left; each is reported for a while, so that none is missed.</summary>
    Task<IReadOnlyList<string>> ReadSignalsAsync(CancellationToken cancellationToken);
}
