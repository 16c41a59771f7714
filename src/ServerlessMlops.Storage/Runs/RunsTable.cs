using System.Globalization;
using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Storage.Runs;

/// <summary>
/// The <c>runs</c> table: partition key the pipeline, two rows a run, written in one transaction: <c>id:{id}</c> for point reads and
/// <c>at:{ticks until year 9999}:{id}</c>, which sorts newest first, for listing; and <c>open:{id}</c> as long as it has not ended, for those who
/// look after stuck runs.
/// </summary>
public sealed class RunsTable(TableServiceClient service) : IRunLog
{
    /// <summary>Name of the table.</summary>
    public const string Name = "runs";

    private const string OpenPrefix = "open:";

    private readonly LazyTable _table = new(service, Name);

    /// <inheritdoc/>
    public async Task<Run> StartAsync(Run run, CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        try
        {
            List<TableTransactionAction> actions =
            [
                new(TableTransactionActionType.Add, ToRow(run, IdKey(run.Id))),
                new(TableTransactionActionType.UpsertReplace, ToRow(run, AtKey(run))),
            ];
            if (!run.IsEnded)
            {
                actions.Add(new TableTransactionAction(TableTransactionActionType.UpsertReplace, ToRow(run, OpenKey(run.Id))));
            }

            await table.SubmitTransactionAsync(actions, cancellation);
            return run;
        }
        catch (RequestFailedException e) when (e.Status == 409)
        {
            return await GetAsync(run.Pipeline, run.Id, cancellation)
                ?? throw new InvalidOperationException($"Run '{run.Id}' of pipeline '{run.Pipeline}' was there and is gone; a run row is never deleted by the product.", e);
        }
    }

    /// <inheritdoc/>
    public async Task<Run> UpdateAsync(string pipeline, string id, Func<Run, Run> change, CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        return await CompareAndSwap.RunAsync($"run '{id}' of pipeline '{pipeline}'", Attempt, cancellation);

        async Task<Run> Attempt()
        {
            NullableResponse<TableEntity> found = await table.GetEntityIfExistsAsync<TableEntity>(pipeline, IdKey(id), cancellationToken: cancellation);
            if (!found.HasValue)
            {
                throw new InvalidOperationException($"Pipeline '{pipeline}' has no run '{id}' to update.");
            }

            Run current = ToRun(found.Value!);
            Run next = change(current);
            if (next == current || (current.IsEnded && next.Status != RunStatus.Running))
            {
                return current;
            }

            // The listing row's key holds the start, so a run that is started again keeps its place in the list.
            next = next with { Pipeline = pipeline, Id = id, StartedAt = current.StartedAt };
            List<TableTransactionAction> actions =
            [
                new(TableTransactionActionType.UpdateReplace, ToRow(next, IdKey(id)), found.Value!.ETag),
                new(TableTransactionActionType.UpsertReplace, ToRow(next, AtKey(next))),
            ];
            if (!next.IsEnded)
            {
                actions.Add(new TableTransactionAction(TableTransactionActionType.UpsertReplace, ToRow(next, OpenKey(id))));
            }
            else if (!current.IsEnded)
            {
                actions.Add(new TableTransactionAction(TableTransactionActionType.Delete, new TableEntity(pipeline, OpenKey(id)), ETag.All));
            }

            await table.SubmitTransactionAsync(actions, cancellation);
            return next;
        }
    }

    /// <inheritdoc/>
    public async Task<Run?> GetAsync(string pipeline, string id, CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        NullableResponse<TableEntity> found = await table.GetEntityIfExistsAsync<TableEntity>(pipeline, IdKey(id), cancellationToken: cancellation);
        return found.HasValue ? ToRun(found.Value!) : null;
    }

    /// <inheritdoc/>
    public async Task<Core.Page<Run>> ListAsync(string pipeline, int pageSize, string? continuation, CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        return await TableListing.PageAsync(table, pipeline, "at:", pageSize, continuation, ToRun, cancellation);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<Run> ListOpenAsync(string pipeline, [EnumeratorCancellation] CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        await foreach (TableEntity row in table.QueryAsync<TableEntity>(TableListing.PrefixFilter(pipeline, OpenPrefix), cancellationToken: cancellation))
        {
            yield return ToRun(row);
        }
    }

    private static string OpenKey(string id) => OpenPrefix + id;

    private static string IdKey(string id) => $"id:{id}";

    private static string AtKey(Run run) =>
        $"at:{(DateTime.MaxValue.Ticks - run.StartedAt.UtcTicks).ToString("D19", CultureInfo.InvariantCulture)}:{run.Id}";

    private static TableEntity ToRow(Run run, string rowKey) => new(run.Pipeline, rowKey)
    {
        ["Id"] = run.Id,
        ["Kind"] = run.Kind.ToString(),
        ["Status"] = run.Status.ToString(),
        ["Stage"] = run.Stage,
        ["StartedAt"] = run.StartedAt,
        ["EndedAt"] = run.EndedAt,
        ["Attempt"] = run.Attempt,
        ["Reason"] = TableText.Fit(run.Reason),
        ["Inputs"] = TableText.ListJson(run.Inputs, More),
        ["Outputs"] = TableText.ListJson(run.Outputs, More),
    };

    private static RunArtifact More(int count) => new("more", $"{count} more");

    private static Run ToRun(TableEntity row) => new()
    {
        Pipeline = row.PartitionKey,
        Id = row.GetString("Id"),
        Kind = Enum.Parse<RunKind>(row.GetString("Kind")),
        Status = Enum.Parse<RunStatus>(row.GetString("Status")),
        Stage = row.GetString("Stage"),
        StartedAt = row.GetDateTimeOffset("StartedAt")!.Value,
        EndedAt = row.GetDateTimeOffset("EndedAt"),
        Attempt = row.GetInt32("Attempt")!.Value,
        Reason = row.GetString("Reason"),
        Inputs = TableText.Read<IReadOnlyList<RunArtifact>>(row.GetString("Inputs"), []),
        Outputs = TableText.Read<IReadOnlyList<RunArtifact>>(row.GetString("Outputs"), []),
    };
}
