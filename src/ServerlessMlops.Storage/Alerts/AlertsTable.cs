using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Storage.Alerts;

/// <summary>The <c>alerts</c> table; its rows are described at <see cref="AlertRows"/>.</summary>
public sealed class AlertsTable(TableServiceClient service) : IAlertStore
{
    /// <summary>Name of the table.</summary>
    public const string Name = "alerts";

    private readonly LazyTable _table = new(service, Name);

    /// <inheritdoc/>
    public async Task<Alert?> UpdateAsync(string pipeline, string id, Func<Alert?, Alert?> change, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(change);
        TableClient table = await _table.OpenAsync(cancellation);
        return await CompareAndSwap.RunAsync($"alert '{id}' of pipeline '{pipeline}'", Attempt, cancellation);

        async Task<Alert?> Attempt()
        {
            (Alert? current, TableEntity? pointer) = await FindAsync(table, pipeline, id, cancellation);
            Alert? next = change(current);
            if (next is null || next == current)
            {
                return current;
            }

            next = next with { Pipeline = pipeline, Id = id };
            if (current is null)
            {
                await table.SubmitTransactionAsync(
                    [
                        new TableTransactionAction(TableTransactionActionType.Add, AlertRows.ToPointer(next)),
                        new TableTransactionAction(TableTransactionActionType.UpsertReplace, AlertRows.ToRow(next)),
                    ],
                    cancellation);
            }
            else if (AlertRows.AtKey(next) == AlertRows.AtKey(current))
            {
                try
                {
                    await table.UpdateEntityAsync(AlertRows.ToRow(next), new ETag(current.ETag!), TableUpdateMode.Replace, cancellation);
                }
                catch (RequestFailedException e) when (e.Status == 404)
                {
                    // It moved meanwhile, so that its row is no longer here: a race lost as any other.
                    throw new RequestFailedException(412, $"Alert '{id}' began anew meanwhile.", e);
                }
            }
            else
            {
                // It began anew: it moves to the front of the listing.
                await table.SubmitTransactionAsync(
                    [
                        new TableTransactionAction(TableTransactionActionType.UpdateReplace, AlertRows.ToPointer(next), pointer!.ETag),
                        new TableTransactionAction(TableTransactionActionType.Delete, AlertRows.ToRow(current), new ETag(current.ETag!)),
                        new TableTransactionAction(TableTransactionActionType.UpsertReplace, AlertRows.ToRow(next)),
                    ],
                    cancellation);
            }

            return next;
        }
    }

    /// <inheritdoc/>
    public async Task<Alert?> GetAsync(string pipeline, string id, CancellationToken cancellation) =>
        (await FindAsync(await _table.OpenAsync(cancellation), pipeline, id, cancellation)).Alert;

    /// <inheritdoc/>
    public async Task<Core.Page<Alert>> ListAsync(string pipeline, int pageSize, string? continuation, CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        return await TableListing.PageAsync(table, pipeline, "at:", pageSize, continuation, AlertRows.ToAlert, cancellation);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<Alert> ListOpenAsync(string pipeline, IReadOnlyList<AlertTopic> topics, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(topics);
        string open = TableClient.CreateQueryFilter($"State ne {AlertState.Resolved.ToString()}");
        string about = string.Join(" or ", topics.Select(topic => TableClient.CreateQueryFilter($"Topic eq {topic.ToString()}")));
        return QueryAsync(pipeline, about.Length == 0 ? open : $"{open} and ({about})", cancellation);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<Alert> ListUnsentAsync(string pipeline, AlertTopic topic, CancellationToken cancellation) =>
        QueryAsync(pipeline, TableClient.CreateQueryFilter($"Topic eq {topic.ToString()} and Unsent eq {true}"), cancellation);

    /// <inheritdoc/>
    public IAsyncEnumerable<Alert> ListSinceAsync(string pipeline, AlertTopic topic, DateTimeOffset since, CancellationToken cancellation) =>
        QueryAsync(pipeline, TableClient.CreateQueryFilter($"RowKey lt {AlertRows.AtKeyBound(since)} and Topic eq {topic.ToString()}"), cancellation);

    /// <inheritdoc/>
    public async Task MarkSentAsync(string pipeline, IReadOnlyCollection<AlertSent> sent, DateTimeOffset at, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(sent);
        TableClient table = await _table.OpenAsync(cancellation);
        foreach (AlertSent[] batch in sent.Chunk(100))
        {
            try
            {
                await table.SubmitTransactionAsync(
                    batch.Select(one => new TableTransactionAction(
                        TableTransactionActionType.UpdateReplace, AlertRows.ToRow(AlertMoves.MarkSent(one.Seen, one, at)), new ETag(one.Seen.ETag!))),
                    cancellation);
            }
            catch (RequestFailedException e) when (e.Status is 404 or 412)
            {
                // One of them moved on meanwhile: each by itself, against what it is now.
                foreach (AlertSent one in batch)
                {
                    await UpdateAsync(pipeline, one.Seen.Id, current => current is null ? null : AlertMoves.MarkSent(current, one, at), cancellation);
                }
            }
        }
    }

    /// <inheritdoc/>
    public async Task SaveSilenceAsync(Silence silence, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(silence);
        TableClient table = await _table.OpenAsync(cancellation);
        await table.UpsertEntityAsync(AlertRows.ToRow(silence), TableUpdateMode.Replace, cancellation);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<Silence> ListSilencesAsync(string pipeline, [EnumeratorCancellation] CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        await foreach (TableEntity row in table.QueryAsync<TableEntity>(TableListing.PrefixFilter(pipeline, AlertRows.SilencePrefix), cancellationToken: cancellation))
        {
            yield return AlertRows.ToSilence(row);
        }
    }

    /// <inheritdoc/>
    public async Task<AlertGroup?> UpdateGroupAsync(string pipeline, AlertTopic topic, Func<AlertGroup, AlertGroup?> change, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(change);
        TableClient table = await _table.OpenAsync(cancellation);
        return await CompareAndSwap.RunAsync($"alert group '{topic}' of pipeline '{pipeline}'", Attempt, cancellation);

        async Task<AlertGroup?> Attempt()
        {
            NullableResponse<TableEntity> found = await table.GetEntityIfExistsAsync<TableEntity>(pipeline, AlertRows.GroupKey(topic), cancellationToken: cancellation);
            AlertGroup current = found.HasValue ? AlertRows.ToGroup(found.Value!, topic) : new AlertGroup(pipeline, topic);
            AlertGroup? next = change(current);
            if (next is null || next == current)
            {
                return next;
            }

            if (next.DueAt is not null && next.Number != current.Number)
            {
                // Listed before it is planned: a process that dies in between leaves a line that the sweep finds void, never a notification that nobody knows of.
                var due = new DueNotification(pipeline, topic, next.Number);
                await table.UpsertEntityAsync(new TableEntity(AlertRows.DuePartition, AlertRows.DueKey(due)), TableUpdateMode.Replace, cancellation);
            }

            if (found.HasValue)
            {
                await table.UpdateEntityAsync(AlertRows.ToRow(next), found.Value!.ETag, TableUpdateMode.Replace, cancellation);
            }
            else
            {
                await table.AddEntityAsync(AlertRows.ToRow(next), cancellation);
            }

            return next;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<DueNotification> ListDueAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        await foreach (TableEntity row in table.QueryAsync<TableEntity>(
                           TableClient.CreateQueryFilter($"PartitionKey eq {AlertRows.DuePartition}"), cancellationToken: cancellation))
        {
            yield return AlertRows.ToDue(row);
        }
    }

    /// <inheritdoc/>
    public async Task RemoveDueAsync(DueNotification due, CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        try
        {
            await table.DeleteEntityAsync(AlertRows.DuePartition, AlertRows.DueKey(due), ETag.All, cancellation);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            // Taken off before, by the first try or by another sender.
        }
    }

    /// <inheritdoc/>
    public async Task SaveDeliveryAsync(AlertDelivery delivery, CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        await table.UpsertEntityAsync(AlertRows.ToRow(delivery), TableUpdateMode.Replace, cancellation);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<AlertDelivery>> ListDeliveriesAsync(string pipeline, string notification, CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        var deliveries = new List<AlertDelivery>();
        await foreach (TableEntity row in table.QueryAsync<TableEntity>(
                           TableListing.PrefixFilter(pipeline, AlertRows.DeliveryPrefix(notification)), cancellationToken: cancellation))
        {
            deliveries.Add(AlertRows.ToDelivery(row));
        }

        return deliveries;
    }

    private static async Task<(Alert? Alert, TableEntity? Pointer)> FindAsync(TableClient table, string pipeline, string id, CancellationToken cancellation)
    {
        // The alert may move between the two reads; then its new place is read.
        for (int attempt = 0; attempt < 10; attempt++)
        {
            NullableResponse<TableEntity> pointer = await table.GetEntityIfExistsAsync<TableEntity>(pipeline, AlertRows.IdKey(id), cancellationToken: cancellation);
            if (!pointer.HasValue)
            {
                return (null, null);
            }

            NullableResponse<TableEntity> row = await table.GetEntityIfExistsAsync<TableEntity>(pipeline, pointer.Value!.GetString("At"), cancellationToken: cancellation);
            if (row.HasValue)
            {
                return (AlertRows.ToAlert(row.Value!), pointer.Value);
            }
        }

        throw new InvalidOperationException($"Alert '{id}' of pipeline '{pipeline}' has a pointer row (id:{id}) that leads nowhere; delete that row to let it begin anew.");
    }

    private async IAsyncEnumerable<Alert> QueryAsync(string pipeline, string condition, [EnumeratorCancellation] CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        await foreach (TableEntity row in table.QueryAsync<TableEntity>($"{TableListing.PrefixFilter(pipeline, "at:")} and ({condition})", cancellationToken: cancellation))
        {
            yield return AlertRows.ToAlert(row);
        }
    }
}
