using Azure.Data.Tables;
using Microsoft.DurableTask.Engine.History;

namespace Microsoft.DurableTask.Engine.Storage;

/// <summary>Maps table rows to instances, history and messages; nobody else knows the column names.</summary>
internal sealed class InstanceRows(PayloadBlobs payloads)
{
    public const string InstanceId = "InstanceId";
    private const string Data = "Data";

    public async Task<TableEntity> ToRowAsync(InstanceState state, CancellationToken cancellationToken)
    {
        var partition = RowKeys.Partition(state.InstanceId);
        return new TableEntity(partition, RowKeys.State)
        {
            [InstanceId] = state.InstanceId,
            ["Name"] = state.Name,
            ["Version"] = state.Version,
            ["ExecutionId"] = state.ExecutionId,
            ["RuntimeStatus"] = state.Status.ToString(),
            ["Input"] = await payloads.StoreAsync(partition, state.Input, cancellationToken),
            ["Output"] = await payloads.StoreAsync(partition, state.Output, cancellationToken),
            ["CustomStatus"] = await payloads.StoreAsync(partition, state.CustomStatus, cancellationToken),
            ["Failure"] = await JsonAsync(partition, state.Failure, cancellationToken),
            ["CreatedTime"] = state.CreatedAt,
            ["LastUpdatedTime"] = state.LastUpdatedAt,
            ["IncarnatedTime"] = state.IncarnatedAt.UtcTicks,
            ["ScheduledStartTime"] = state.ScheduledStart,
            ["Tags"] = await JsonAsync(partition, state.Tags, cancellationToken),
            ["Parent"] = await JsonAsync(partition, state.Parent, cancellationToken),
            ["TraceParent"] = state.TraceParent,
            ["Episodes"] = state.Episodes,
            ["Carryover"] = await JsonAsync(partition, state.Carryover, cancellationToken),
            ["SeenMessages"] = await JsonAsync(partition, state.SeenMessages, cancellationToken),
            ["IsActive"] = state.IsActive,
        };
    }

    public async Task<TableEntity> ToRowAsync(string partition, string key, string json, CancellationToken cancellationToken) =>
        new(partition, key) { [Data] = await payloads.StoreAsync(partition, json, cancellationToken) };

    public async Task<InstanceState> ToStateAsync(TableEntity row, CancellationToken cancellationToken) => new()
    {
        InstanceId = row.GetString(InstanceId),
        Name = row.GetString("Name"),
        Version = row.GetString("Version"),
        ExecutionId = row.GetString("ExecutionId"),
        Status = Enum.Parse<InstanceStatus>(row.GetString("RuntimeStatus")),
        Input = await payloads.ReadAsync(row.GetString("Input"), cancellationToken),
        Output = await payloads.ReadAsync(row.GetString("Output"), cancellationToken),
        CustomStatus = await payloads.ReadAsync(row.GetString("CustomStatus"), cancellationToken),
        Failure = await ReadAsync<Failure>(row, "Failure", cancellationToken),
        CreatedAt = row.GetDateTimeOffset("CreatedTime")!.Value,
        LastUpdatedAt = row.GetDateTimeOffset("LastUpdatedTime")!.Value,
        IncarnatedAt = new DateTimeOffset(row.GetInt64("IncarnatedTime")!.Value, TimeSpan.Zero),
        ScheduledStart = row.GetDateTimeOffset("ScheduledStartTime"),
        Tags = await ReadAsync<Dictionary<string, string>>(row, "Tags", cancellationToken),
        Parent = await ReadAsync<ParentReference>(row, "Parent", cancellationToken),
        TraceParent = row.GetString("TraceParent"),
        Episodes = row.GetInt32("Episodes")!.Value,
        Carryover = await ReadAsync<List<EventRaised>>(row, "Carryover", cancellationToken),
        SeenMessages = await ReadAsync<List<string>>(row, "SeenMessages", cancellationToken),
        IsActive = row.GetBoolean("IsActive")!.Value,
        ETag = row.ETag.ToString(),
    };

    public async Task<InboxMessage> ToMessageAsync(TableEntity row, CancellationToken cancellationToken) =>
        new(row.RowKey, HistoryJson.Read<HistoryEvent>(await DataAsync(row, cancellationToken)));

    public async Task<InstanceSnapshot> ToSnapshotAsync(
        string instanceId, TableEntity stateRow, List<TableEntity> rows, CancellationToken cancellationToken)
    {
        var state = await ToStateAsync(stateRow, cancellationToken);
        List<HistoryEvent> history = [];
        List<InboxMessage> inbox = [];
        List<Outbox> outbox = [];
        List<string> historyKeys = [];
        List<string> stale = [];
        var current = $"{RowKeys.HistoryPrefix}{state.ExecutionId}-";
        foreach (var row in rows.OrderBy(row => row.RowKey, StringComparer.Ordinal))
        {
            if (row.RowKey.StartsWith(current, StringComparison.Ordinal))
            {
                historyKeys.Add(row.RowKey);
                history.AddRange(HistoryJson.ReadEvents(await DataAsync(row, cancellationToken)));
            }
            else if (row.RowKey.StartsWith(RowKeys.HistoryPrefix, StringComparison.Ordinal))
            {
                stale.Add(row.RowKey);
            }
            else if (row.RowKey.StartsWith(RowKeys.InboxPrefix, StringComparison.Ordinal))
            {
                inbox.Add(await ToMessageAsync(row, cancellationToken));
            }
            else if (row.RowKey.StartsWith(RowKeys.OutboxPrefix, StringComparison.Ordinal))
            {
                outbox.Add(HistoryJson.Read<Outbox>(await DataAsync(row, cancellationToken)));
            }
        }

        if (historyKeys.Count != state.Episodes)
        {
            throw new InvalidDataException(
                $"Instance '{instanceId}' has {historyKeys.Count} history rows where its row says {state.Episodes}; rows were deleted from outside. Purge the instance.");
        }

        return new InstanceSnapshot(state, history, inbox, [.. outbox.OrderBy(sent => sent.SentAt)], historyKeys, stale);
    }

    private async Task<string> DataAsync(TableEntity row, CancellationToken cancellationToken) =>
        await payloads.ReadAsync(row.GetString(Data), cancellationToken)
        ?? throw new InvalidDataException($"The row '{row.RowKey}' in partition '{row.PartitionKey}' has no data; it was changed from outside.");

    private async Task<string?> JsonAsync<T>(string partition, T? value, CancellationToken cancellationToken)
        where T : class =>
        await payloads.StoreAsync(partition, value is null ? null : HistoryJson.Write(value), cancellationToken);

    private async Task<T?> ReadAsync<T>(TableEntity row, string column, CancellationToken cancellationToken)
        where T : class =>
        await payloads.ReadAsync(row.GetString(column), cancellationToken) is { } json ? HistoryJson.Read<T>(json) : null;
}
