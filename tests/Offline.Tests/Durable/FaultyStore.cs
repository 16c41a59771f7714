using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Engine;
using Microsoft.DurableTask.Engine.Storage;

namespace ServerlessMlops.Offline.Tests.Durable;

/// <summary>A store whose process dies between operations.</summary>
internal sealed class FaultyStore(IInstanceStore inner, TortureTests.FaultInjector? faults) : IInstanceStore
{
    public Task InitializeAsync(CancellationToken cancellationToken) => inner.InitializeAsync(cancellationToken);

    public Task<InstanceSnapshot?> LoadAsync(string instanceId, CancellationToken cancellationToken) =>
        DoAsync("load", () => inner.LoadAsync(instanceId, cancellationToken));

    public Task<InstanceState?> GetStateAsync(string instanceId, CancellationToken cancellationToken) =>
        DoAsync("get", () => inner.GetStateAsync(instanceId, cancellationToken));

    public Task<string?> TryCreateAsync(InstanceState state, string? replacedETag, CancellationToken cancellationToken) =>
        DoAsync("create", () => inner.TryCreateAsync(state, replacedETag, cancellationToken));

    public Task<string> CommitAsync(EpisodeCommit commit, CancellationToken cancellationToken) =>
        DoAsync("commit", () => inner.CommitAsync(commit, cancellationToken));

    public Task AddInboxAsync(string instanceId, InboxMessage message, CancellationToken cancellationToken) => DoAsync("inbox", async () =>
    {
        await inner.AddInboxAsync(instanceId, message, cancellationToken);
        return true;
    });

    public Task<IReadOnlyList<InboxMessage>> ReadInboxAsync(string instanceId, CancellationToken cancellationToken) =>
        DoAsync("readInbox", () => inner.ReadInboxAsync(instanceId, cancellationToken));

    public Task DeleteRowsAsync(string instanceId, IReadOnlyList<string> keys, CancellationToken cancellationToken) => DoAsync("delete", async () =>
    {
        await inner.DeleteRowsAsync(instanceId, keys, cancellationToken);
        return true;
    });

    public Task<string> UpdateStateAsync(InstanceState state, CancellationToken cancellationToken) =>
        DoAsync("update", () => inner.UpdateStateAsync(state, cancellationToken));

    public IAsyncEnumerable<string> ListActiveAsync(CancellationToken cancellationToken) => inner.ListActiveAsync(cancellationToken);

    public Task<Page<InstanceState>> QueryAsync(OrchestrationQuery query, string? continuationToken, int pageSize, CancellationToken cancellationToken) =>
        inner.QueryAsync(query, continuationToken, pageSize, cancellationToken);

    public Task<bool> PurgeAsync(InstanceState state, CancellationToken cancellationToken) => inner.PurgeAsync(state, cancellationToken);

    public Task SignalAsync(string instanceId, CancellationToken cancellationToken) => inner.SignalAsync(instanceId, cancellationToken);

    public Task<IReadOnlyList<string>> ReadSignalsAsync(CancellationToken cancellationToken) => inner.ReadSignalsAsync(cancellationToken);

    private async Task<T> DoAsync<T>(string name, Func<Task<T>> operation)
    {
        faults?.Invoke(name);
        var result = await operation();
        faults?.Invoke(name);
        return result;
    }
}
