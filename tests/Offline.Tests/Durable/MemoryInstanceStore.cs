using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Engine;
using Microsoft.DurableTask.Engine.History;
using Microsoft.DurableTask.Engine.Storage;

namespace ServerlessMlops.Offline.Tests.Durable;

/// <summary>What a hub has stored. It outlives the processes that use it; everything in it is text, as in a real store.</summary>
internal sealed class MemoryHub
{
    private long _etags;

    public object Gate { get; } = new();

    public Dictionary<string, SortedDictionary<string, string>> Partitions { get; } = [];

    public Dictionary<string, string> ETags { get; } = [];

    public HashSet<string> Signals { get; } = [];

    /// <summary>Storage operations so far, by name.</summary>
    public ConcurrentDictionary<string, int> Operations { get; } = new();

    public string NextETag() => Interlocked.Increment(ref _etags).ToString(CultureInfo.InvariantCulture);
}

/// <summary>One process's connection to a <see cref="MemoryHub"/>.</summary>
/// <param name="beforeOperation">Called before and after each operation; throws when the process has died.</param>
internal sealed class MemoryInstanceStore(MemoryHub hub, Action<string>? beforeOperation = null) : IInstanceStore
{
    public Task InitializeAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<InstanceSnapshot?> LoadAsync(string instanceId, CancellationToken cancellationToken) => Do("load", () =>
    {
        if (!hub.Partitions.TryGetValue(instanceId, out var rows) || !rows.ContainsKey(RowKeys.State))
        {
            return null;
        }

        var state = State(instanceId);
        var current = $"{RowKeys.HistoryPrefix}{state.ExecutionId}-";
        var keys = rows.Keys.Where(key => key.StartsWith(current, StringComparison.Ordinal)).ToList();
        keys.Count.ShouldBe(state.Episodes);
        return new InstanceSnapshot(
            state,
            [.. keys.SelectMany(key => HistoryJson.ReadEvents(rows[key]))],
            Inbox(instanceId),
            [.. rows.Where(row => row.Key.StartsWith(RowKeys.OutboxPrefix, StringComparison.Ordinal))
                .Select(row => HistoryJson.Read<Outbox>(row.Value)).OrderBy(outbox => outbox.SentAt)],
            keys,
            [.. rows.Keys.Where(key => key.StartsWith(RowKeys.HistoryPrefix, StringComparison.Ordinal)).Except(keys)]);
    });

    public Task<InstanceState?> GetStateAsync(string instanceId, CancellationToken cancellationToken) =>
        Do("get", () => hub.ETags.ContainsKey(instanceId) ? State(instanceId) : null);

    public Task<string?> TryCreateAsync(InstanceState state, string? replacedETag, CancellationToken cancellationToken) => Do("create", () =>
        hub.ETags.GetValueOrDefault(state.InstanceId) == replacedETag ? Put(state) : null);

    public Task<string> CommitAsync(EpisodeCommit commit, CancellationToken cancellationToken) => Do("commit", () =>
    {
        if (hub.ETags.GetValueOrDefault(commit.State.InstanceId) != commit.ExpectedETag)
        {
            throw new InstanceConflictException(commit.State.InstanceId);
        }

        (2 + commit.DeletedKeys.Count + (commit.Outbox is null ? 0 : 1)).ShouldBeLessThanOrEqualTo(100);
        var rows = Rows(commit.State.InstanceId);
        foreach (var key in commit.DeletedKeys)
        {
            rows.Remove(key).ShouldBeTrue($"the transaction deletes the row '{key}', which is not there");
        }

        if (commit.HistoryKey is not null)
        {
            rows[commit.HistoryKey] = HistoryJson.Write(commit.Events);
        }

        if (commit.Outbox is not null)
        {
            rows[commit.Outbox.Key] = HistoryJson.Write(commit.Outbox);
        }

        return Put(commit.State);
    });

    public Task AddInboxAsync(string instanceId, InboxMessage message, CancellationToken cancellationToken) => Do("inbox", () =>
        Rows(instanceId).TryAdd(message.Key, HistoryJson.Write<HistoryEvent>(message.Event)));

    public Task<IReadOnlyList<InboxMessage>> ReadInboxAsync(string instanceId, CancellationToken cancellationToken) =>
        Do<IReadOnlyList<InboxMessage>>("readInbox", () => Inbox(instanceId));

    public Task DeleteRowsAsync(string instanceId, IReadOnlyList<string> keys, CancellationToken cancellationToken) =>
        keys.Count == 0 ? Task.CompletedTask : Do("delete", () => keys.Count(key => Rows(instanceId).Remove(key)));

    public Task<string> UpdateStateAsync(InstanceState state, CancellationToken cancellationToken) => Do("update", () =>
        hub.ETags.GetValueOrDefault(state.InstanceId) == state.ETag ? Put(state) : throw new InstanceConflictException(state.InstanceId));

    public async IAsyncEnumerable<string> ListActiveAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var active = await Do("list", () => hub.ETags.Keys.Where(id => State(id).IsActive).ToArray());
        foreach (var id in active)
        {
            yield return id;
        }
    }

    public Task<Page<InstanceState>> QueryAsync(
        OrchestrationQuery query, string? continuationToken, int pageSize, CancellationToken cancellationToken) => Do("query", () =>
    {
        var skip = continuationToken is null ? 0 : int.Parse(continuationToken, CultureInfo.InvariantCulture);
        var matches = hub.ETags.Keys.Order(StringComparer.Ordinal).Select(State)
            .Where(state => query.InstanceIdPrefix is not { } prefix || state.InstanceId.StartsWith(prefix, StringComparison.Ordinal))
            .Where(state => !(state.CreatedAt < query.CreatedFrom) && !(state.CreatedAt > query.CreatedTo))
            .Where(state => query.Statuses is null || query.Statuses.Any(status => status.ToString() == state.Status.ToString()))
            .ToArray();
        var next = skip + pageSize < matches.Length ? (skip + pageSize).ToString(CultureInfo.InvariantCulture) : null;
        return new Page<InstanceState>([.. matches.Skip(skip).Take(pageSize)], next);
    });

    public Task<bool> PurgeAsync(InstanceState state, CancellationToken cancellationToken) => Do("purge", () =>
    {
        if (hub.ETags.GetValueOrDefault(state.InstanceId) != state.ETag)
        {
            return false;
        }

        hub.Partitions.Remove(state.InstanceId);
        return hub.ETags.Remove(state.InstanceId);
    });

    public Task SignalAsync(string instanceId, CancellationToken cancellationToken) => Do("signal", () => hub.Signals.Add(instanceId));

    public Task<IReadOnlyList<string>> ReadSignalsAsync(CancellationToken cancellationToken) =>
        Do<IReadOnlyList<string>>("signals", () => [.. hub.Signals]);

    private async Task<T> Do<T>(string name, Func<T> operation)
    {
        await Task.Yield();
        beforeOperation?.Invoke(name);
        T result;
        lock (hub.Gate)
        {
            hub.Operations.AddOrUpdate(name, 1, (_, count) => count + 1);
            result = operation();
        }

        beforeOperation?.Invoke(name);
        return result;
    }

    private SortedDictionary<string, string> Rows(string instanceId)
    {
        if (!hub.Partitions.TryGetValue(instanceId, out var rows))
        {
            hub.Partitions[instanceId] = rows = new SortedDictionary<string, string>(StringComparer.Ordinal);
        }

        return rows;
    }

    private InstanceState State(string instanceId) =>
        HistoryJson.Read<InstanceState>(hub.Partitions[instanceId][RowKeys.State]) with { ETag = hub.ETags[instanceId] };

    private string Put(InstanceState state)
    {
        Rows(state.InstanceId)[RowKeys.State] = HistoryJson.Write(state);
        return hub.ETags[state.InstanceId] = hub.NextETag();
    }

    private List<InboxMessage> Inbox(string instanceId) =>
    [
        .. Rows(instanceId).Where(row => row.Key.StartsWith(RowKeys.InboxPrefix, StringComparison.Ordinal))
            .Select(row => new InboxMessage(row.Key, HistoryJson.Read<HistoryEvent>(row.Value))),
    ];
}
