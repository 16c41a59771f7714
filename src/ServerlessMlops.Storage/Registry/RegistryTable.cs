using Azure;
using Azure.Data.Tables;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Storage.Registry;

/// <summary>
/// The <c>registry</c> table: partition key the pipeline, all kinds of row in that one partition, so that a move is one entity-group
/// transaction guarded by the head's ETag: <c>head</c>, <c>v:{number}</c>, <c>model:{id}</c> (which version holds these bytes) and
/// <c>ledger:{number}</c>. Numbers are written so that the newest sorts first.
/// </summary>
public sealed class RegistryTable(TableServiceClient service, TimeProvider time) : IModelRegistry
{
    /// <summary>Name of the table.</summary>
    public const string Name = "registry";

    private readonly LazyTable _table = new(service, Name);

    /// <inheritdoc/>
    public async Task<RegistryHead> GetHeadAsync(string pipeline, CancellationToken cancellation) =>
        (await ReadHeadAsync(await _table.OpenAsync(cancellation), pipeline, cancellation)).Head;

    /// <inheritdoc/>
    public async Task<ModelVersion?> GetVersionAsync(string pipeline, int version, CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        NullableResponse<TableEntity> row =
            await table.GetEntityIfExistsAsync<TableEntity>(pipeline, RegistryRows.VersionKey(version), cancellationToken: cancellation);
        return row.HasValue ? RegistryRows.ToVersion(row.Value!) : null;
    }

    /// <inheritdoc/>
    public async Task<Core.Page<ModelVersion>> ListVersionsAsync(string pipeline, int pageSize, string? continuation, CancellationToken cancellation) =>
        await TableListing.PageAsync(
            await _table.OpenAsync(cancellation), pipeline, RegistryRows.VersionPrefix, pageSize, continuation, RegistryRows.ToVersion, cancellation);

    /// <inheritdoc/>
    public async Task<ModelVersion?> FindByModelAsync(string pipeline, string modelId, CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        NullableResponse<TableEntity> row =
            await table.GetEntityIfExistsAsync<TableEntity>(pipeline, RegistryRows.ModelKey(modelId), cancellationToken: cancellation);
        return row.HasValue ? await GetVersionAsync(pipeline, RegistryRows.ToModelVersion(row.Value!), cancellation) : null;
    }

    /// <inheritdoc/>
    public async Task<ModelVersion> RegisterAsync(string pipeline, ModelRegistration model, MoveReason reason, CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        return await CompareAndSwap.RunAsync($"the registry of pipeline '{pipeline}'", Attempt, cancellation);

        async Task<ModelVersion> Attempt()
        {
            if (await FindByModelAsync(pipeline, model.ModelId, cancellation) is { } registered)
            {
                return registered;
            }

            (RegistryHead head, ETag? etag) = await ReadHeadAsync(table, pipeline, cancellation);
            RegistryChange change = RegistryMoves.Register(head, model, reason, time.GetUtcNow());
            await CommitAsync(table, head, change, etag, cancellation);
            return change.Version!;
        }
    }

    /// <inheritdoc/>
    public Task<RegistryHead> PromoteAsync(string pipeline, int version, MoveReason reason, CancellationToken cancellation) =>
        MoveAsync(pipeline, (head, at) => RegistryMoves.Promote(head, version, reason, at), cancellation);

    /// <inheritdoc/>
    public Task<RegistryHead> RollBackAsync(string pipeline, int version, MoveReason reason, CancellationToken cancellation) =>
        MoveAsync(pipeline, (head, at) => RegistryMoves.RollBack(head, version, reason, at), cancellation);

    /// <inheritdoc/>
    public Task<RegistryHead> ChangeSpecAsync(string pipeline, string specHash, MoveReason reason, CancellationToken cancellation) =>
        MoveAsync(pipeline, (head, at) => RegistryMoves.ChangeSpec(head, specHash, reason, at), cancellation);

    /// <inheritdoc/>
    public async Task<Core.Page<LedgerEntry>> ListLedgerAsync(string pipeline, int pageSize, string? continuation, CancellationToken cancellation) =>
        await TableListing.PageAsync(
            await _table.OpenAsync(cancellation), pipeline, RegistryRows.LedgerPrefix, pageSize, continuation, RegistryRows.ToEntry, cancellation);

    /// <inheritdoc/>
    public async Task<RegistryHead> MoveAsync(string pipeline, Func<RegistryHead, DateTimeOffset, RegistryChange?> move, CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        return await CompareAndSwap.RunAsync($"the registry of pipeline '{pipeline}'", Attempt, cancellation);

        async Task<RegistryHead> Attempt()
        {
            (RegistryHead head, ETag? etag) = await ReadHeadAsync(table, pipeline, cancellation);
            if (move(head, time.GetUtcNow()) is not { } change)
            {
                return head;
            }

            await CommitAsync(table, head, change, etag, cancellation);
            return change.Head;
        }
    }

    /// <inheritdoc/>
    public async Task<ModelVersion> MoveVersionAsync(
        string pipeline, int version, Func<RegistryHead, ModelVersion, DateTimeOffset, RegistryChange?> move, CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        return await CompareAndSwap.RunAsync($"version {version} of pipeline '{pipeline}'", Attempt, cancellation);

        async Task<ModelVersion> Attempt()
        {
            (RegistryHead head, ETag? etag) = await ReadHeadAsync(table, pipeline, cancellation);
            RegistryMoves.CheckVersion(head, version);
            ModelVersion row = await ReadVersionAsync(table, pipeline, version, cancellation);
            if (move(head, row, time.GetUtcNow()) is not { } change)
            {
                return row;
            }

            await CommitAsync(table, head, change, etag, cancellation);
            return change.Updated ?? row;
        }
    }

    private static async Task<(RegistryHead Head, ETag? ETag)> ReadHeadAsync(TableClient table, string pipeline, CancellationToken cancellation)
    {
        NullableResponse<TableEntity> row = await table.GetEntityIfExistsAsync<TableEntity>(pipeline, RegistryRows.HeadKey, cancellationToken: cancellation);
        return row.HasValue ? (RegistryRows.ToHead(row.Value!), row.Value!.ETag) : (new RegistryHead { Pipeline = pipeline }, null);
    }

    /// <summary>Writes the move as one transaction. A lost answer is found out by the next attempt: the head has moved on, or the version row is there.</summary>
    private static async Task CommitAsync(TableClient table, RegistryHead before, RegistryChange change, ETag? etag, CancellationToken cancellation)
    {
        string pipeline = change.Head.Pipeline;
        TableEntity head = RegistryRows.ToRow(change.Head);
        List<TableTransactionAction> actions =
        [
            etag is { } tag
                ? new TableTransactionAction(TableTransactionActionType.UpdateReplace, head, tag)
                : new TableTransactionAction(TableTransactionActionType.Add, head),
            new TableTransactionAction(TableTransactionActionType.Add, RegistryRows.ToRow(pipeline, change.Entry)),
        ];
        if (change.Version is { } version)
        {
            actions.Add(new TableTransactionAction(TableTransactionActionType.Add, RegistryRows.ToRow(pipeline, version)));
            actions.Add(new TableTransactionAction(TableTransactionActionType.Add, RegistryRows.ToModelRow(pipeline, version)));
        }

        var updated = new Dictionary<int, ModelVersion>();
        if (change.Updated is { } other)
        {
            updated[other.Version] = other;
        }

        foreach ((int number, ModelStage stage) in ModelLife.Moves(before, change.Head))
        {
            ModelVersion row = updated.TryGetValue(number, out ModelVersion? changed) ? changed : await ReadVersionAsync(table, pipeline, number, cancellation);
            updated[number] = ModelLife.To(row, stage);
        }

        // No version row changes without the head, whose ETag guards this transaction; so the rows are as they were read.
        actions.AddRange(updated.Values.Select(row => new TableTransactionAction(TableTransactionActionType.UpdateReplace, RegistryRows.ToRow(pipeline, row), ETag.All)));
        if (change is { Entry.Action: LedgerAction.Deleted, Updated: { } deleted })
        {
            // The same bytes, made once more, get a version of their own.
            actions.Add(new TableTransactionAction(TableTransactionActionType.Delete, RegistryRows.ToModelRow(pipeline, deleted), ETag.All));
        }

        await table.SubmitTransactionAsync(actions, cancellation);
    }

    private static async Task<ModelVersion> ReadVersionAsync(TableClient table, string pipeline, int version, CancellationToken cancellation) =>
        RegistryRows.ToVersion((await table.GetEntityAsync<TableEntity>(pipeline, RegistryRows.VersionKey(version), cancellationToken: cancellation)).Value);
}
