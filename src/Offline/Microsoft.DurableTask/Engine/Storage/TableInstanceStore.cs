using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Engine.History;

namespace Microsoft.DurableTask.Engine.Storage;

/// <summary>
/// Instances in the table <c>{hub}Instances</c>, one partition each; word for the owning host in <c>{hub}Signals</c>; large payloads in the
/// container <c>{hub}-largemessages</c>.
/// </summary>
internal sealed class TableInstanceStore : IInstanceStore
{
    private const string SignalPartition = "signal";
    private const int MaxTransactionOperations = 100;
    private static readonly TimeSpan SignalLifetime = TimeSpan.FromMinutes(1);

    private readonly TableClient _instances;
    private readonly TableClient _signals;
    private readonly PayloadBlobs _payloads;
    private readonly InstanceRows _rows;
    private readonly TimeProvider _time;

    public TableInstanceStore(TableServiceClient tables, BlobServiceClient blobs, string hubName, TimeProvider time)
    {
        var table = HubNames.Table(hubName);
        _instances = tables.GetTableClient(table + "Instances");
        _signals = tables.GetTableClient(table + "Signals");
        _payloads = new PayloadBlobs(blobs.GetBlobContainerClient(HubNames.PayloadContainer(hubName)));
        _rows = new InstanceRows(_payloads);
        _time = time;
    }

    public async Task InitializeAsync(CancellationToken cancellationToken)
    {
        await _instances.CreateIfNotExistsAsync(cancellationToken);
        await _signals.CreateIfNotExistsAsync(cancellationToken);
        await _payloads.InitializeAsync(cancellationToken);
    }

    public async Task<InstanceSnapshot?> LoadAsync(string instanceId, CancellationToken cancellationToken)
    {
        List<TableEntity> rows = [];
        var partition = RowKeys.Partition(instanceId);
        await foreach (var row in _instances.QueryAsync<TableEntity>(
            TableClient.CreateQueryFilter($"PartitionKey eq {partition}"), cancellationToken: cancellationToken))
        {
            rows.Add(row);
        }

        return rows.Find(row => row.RowKey == RowKeys.State) is { } stateRow
            ? await _rows.ToSnapshotAsync(instanceId, stateRow, rows, cancellationToken)
            : null;
    }

    public async Task<InstanceState?> GetStateAsync(string instanceId, CancellationToken cancellationToken)
    {
        var row = await _instances.GetEntityIfExistsAsync<TableEntity>(
            RowKeys.Partition(instanceId), RowKeys.State, cancellationToken: cancellationToken);
        return row.HasValue ? await _rows.ToStateAsync(row.Value!, cancellationToken) : null;
    }

    public async Task<string?> TryCreateAsync(InstanceState state, string? replacedETag, CancellationToken cancellationToken)
    {
        var row = await _rows.ToRowAsync(state, cancellationToken);
        try
        {
            var response = replacedETag is null
                ? await _instances.AddEntityAsync(row, cancellationToken)
                : await _instances.UpdateEntityAsync(row, new ETag(replacedETag), TableUpdateMode.Replace, cancellationToken);
            return response.Headers.ETag?.ToString() ?? throw new InvalidDataException("The table service answered an insert without an ETag.");
        }
        catch (RequestFailedException exception) when (exception.Status is 404 or 409 or 412 && exception.ErrorCode != "TableNotFound")
        {
            return null;
        }
    }

    public async Task<string> CommitAsync(EpisodeCommit commit, CancellationToken cancellationToken)
    {
        var partition = RowKeys.Partition(commit.State.InstanceId);
        List<TableTransactionAction> actions =
        [
            new(TableTransactionActionType.UpdateReplace, await _rows.ToRowAsync(commit.State, cancellationToken), new ETag(commit.ExpectedETag)),
        ];
        if (commit.HistoryKey is not null)
        {
            var history = await _rows.ToRowAsync(partition, commit.HistoryKey, HistoryJson.Write(commit.Events), cancellationToken);
            actions.Add(new TableTransactionAction(TableTransactionActionType.UpsertReplace, history));
        }

        if (commit.Outbox is not null)
        {
            var outbox = await _rows.ToRowAsync(partition, commit.Outbox.Key, HistoryJson.Write(commit.Outbox), cancellationToken);
            actions.Add(new TableTransactionAction(TableTransactionActionType.UpsertReplace, outbox));
        }

        actions.AddRange(commit.DeletedKeys.Select(key =>
            new TableTransactionAction(TableTransactionActionType.Delete, new TableEntity(partition, key), ETag.All)));
        if (actions.Count > MaxTransactionOperations)
        {
            throw new InvalidOperationException($"An episode of instance '{commit.State.InstanceId}' needs {actions.Count} operations; a transaction holds {MaxTransactionOperations}.");
        }

        try
        {
            var responses = await _instances.SubmitTransactionAsync(actions, cancellationToken);
            return responses.Value[0].Headers.ETag?.ToString() ?? throw new InvalidDataException("The table service answered a commit without an ETag.");
        }
        catch (RequestFailedException exception) when (exception.Status is 404 or 409 or 412 && exception.ErrorCode != "TableNotFound")
        {
            throw new InstanceConflictException(commit.State.InstanceId, exception);
        }
    }

    public async Task AddInboxAsync(string instanceId, InboxMessage message, CancellationToken cancellationToken)
    {
        var partition = RowKeys.Partition(instanceId);
        var row = await _rows.ToRowAsync(partition, message.Key, HistoryJson.Write<HistoryEvent>(message.Event), cancellationToken);
        try
        {
            await _instances.AddEntityAsync(row, cancellationToken);
        }
        catch (RequestFailedException exception) when (exception.Status == 409)
        {
            // It waits already: a second delivery, or a retry whose first try went through.
        }
    }

    public async Task<IReadOnlyList<InboxMessage>> ReadInboxAsync(string instanceId, CancellationToken cancellationToken)
    {
        List<InboxMessage> messages = [];
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey eq {RowKeys.Partition(instanceId)} and RowKey ge {RowKeys.InboxPrefix} and RowKey lt {"m."}");
        await foreach (var row in _instances.QueryAsync<TableEntity>(filter, cancellationToken: cancellationToken))
        {
            messages.Add(await _rows.ToMessageAsync(row, cancellationToken));
        }

        return messages;
    }

    public async Task DeleteRowsAsync(string instanceId, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var partition = RowKeys.Partition(instanceId);
        foreach (var key in keys)
        {
            await _instances.DeleteEntityAsync(partition, key, ETag.All, cancellationToken);
        }
    }

    public async Task<string> UpdateStateAsync(InstanceState state, CancellationToken cancellationToken)
    {
        var row = await _rows.ToRowAsync(state, cancellationToken);
        try
        {
            var response = await _instances.UpdateEntityAsync(row, new ETag(state.ETag), TableUpdateMode.Replace, cancellationToken);
            return response.Headers.ETag?.ToString() ?? throw new InvalidDataException("The table service answered an update without an ETag.");
        }
        catch (RequestFailedException exception) when (exception.Status is 404 or 412 && exception.ErrorCode != "TableNotFound")
        {
            throw new InstanceConflictException(state.InstanceId, exception);
        }
    }

    public async IAsyncEnumerable<string> ListActiveAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var filter = TableClient.CreateQueryFilter($"RowKey eq {RowKeys.State} and IsActive eq {true}");
        await foreach (var row in _instances.QueryAsync<TableEntity>(filter, select: [InstanceRows.InstanceId], cancellationToken: cancellationToken))
        {
            yield return row.GetString(InstanceRows.InstanceId);
        }
    }

    public async Task<Page<InstanceState>> QueryAsync(
        OrchestrationQuery query, string? continuationToken, int pageSize, CancellationToken cancellationToken)
    {
        var pages = _instances.QueryAsync<TableEntity>(InstanceFilter.Create(query), Math.Clamp(pageSize, 1, 1000), cancellationToken: cancellationToken)
            .AsPages(continuationToken);
        await foreach (var page in pages.WithCancellation(cancellationToken))
        {
            List<InstanceState> states = [];
            foreach (var row in page.Values)
            {
                states.Add(await _rows.ToStateAsync(row, cancellationToken));
            }

            return new Page<InstanceState>(states, page.ContinuationToken);
        }

        return new Page<InstanceState>([]);
    }

    public async Task<bool> PurgeAsync(InstanceState state, CancellationToken cancellationToken)
    {
        var partition = RowKeys.Partition(state.InstanceId);
        try
        {
            // The row first, under its ETag: an instance that has just been started again under the id is not torn apart.
            var response = await _instances.DeleteEntityAsync(partition, RowKeys.State, new ETag(state.ETag), cancellationToken);
            if (response.Status == 404)
            {
                return false;
            }
        }
        catch (RequestFailedException exception) when (exception.Status is 404 or 412)
        {
            return false;
        }

        List<string> keys = [];
        await foreach (var row in _instances.QueryAsync<TableEntity>(
            TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ne {RowKeys.State}"), select: ["RowKey"], cancellationToken: cancellationToken))
        {
            keys.Add(row.RowKey);
        }

        await DeleteRowsAsync(state.InstanceId, keys, cancellationToken);
        await _payloads.PurgeAsync(partition, cancellationToken);
        return true;
    }

    public async Task SignalAsync(string instanceId, CancellationToken cancellationToken)
    {
        var row = new TableEntity(SignalPartition, RowKeys.Partition(instanceId))
        {
            [InstanceRows.InstanceId] = instanceId,
            ["SignaledAt"] = _time.GetUtcNow(),
        };
        await _signals.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellationToken);
    }

    public async Task<IReadOnlyList<string>> ReadSignalsAsync(CancellationToken cancellationToken)
    {
        List<string> instanceIds = [];
        await foreach (var row in _signals.QueryAsync<TableEntity>(
            TableClient.CreateQueryFilter($"PartitionKey eq {SignalPartition}"), cancellationToken: cancellationToken))
        {
            instanceIds.Add(row.GetString(InstanceRows.InstanceId));
            if (row.GetDateTimeOffset("SignaledAt") < _time.GetUtcNow() - SignalLifetime)
            {
                try
                {
                    await _signals.DeleteEntityAsync(row.PartitionKey, row.RowKey, row.ETag, cancellationToken);
                }
                catch (RequestFailedException exception) when (exception.Status == 412)
                {
                    // Renewed meanwhile: it stays.
                }
            }
        }

        return instanceIds;
    }
}
