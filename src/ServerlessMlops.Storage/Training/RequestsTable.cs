using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;
using ServerlessMlops.Core.Training;

namespace ServerlessMlops.Storage.Training;

/// <summary>The <c>requests</c> table: partition key the pipeline, one row <c>training</c>.</summary>
public sealed class RequestsTable(TableServiceClient service) : ITrainingRequests
{
    /// <summary>Name of the table.</summary>
    public const string Name = "requests";

    private const string RowKey = "training";

    private readonly LazyTable _table = new(service, Name);

    /// <inheritdoc/>
    public async Task<TrainingRequest> GetAsync(string pipeline, CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        NullableResponse<TableEntity> row = await table.GetEntityIfExistsAsync<TableEntity>(pipeline, RowKey, cancellationToken: cancellation);
        return row.HasValue ? ToRequest(row.Value!) : TrainingRequest.None;
    }

    /// <inheritdoc/>
    public async Task<TrainingRequest> UpdateAsync(string pipeline, Func<TrainingRequest, TrainingRequest> change, CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        return await CompareAndSwap.RunAsync($"the training request of pipeline '{pipeline}'", Attempt, cancellation);

        async Task<TrainingRequest> Attempt()
        {
            NullableResponse<TableEntity> row = await table.GetEntityIfExistsAsync<TableEntity>(pipeline, RowKey, cancellationToken: cancellation);
            TrainingRequest current = row.HasValue ? ToRequest(row.Value!) : TrainingRequest.None;
            TrainingRequest next = change(current);
            if (next == current)
            {
                return current;
            }

            if (row.HasValue)
            {
                await table.UpdateEntityAsync(ToRow(pipeline, next), row.Value!.ETag, TableUpdateMode.Replace, cancellation);
            }
            else
            {
                await table.AddEntityAsync(ToRow(pipeline, next), cancellation);
            }

            return next;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<(string Pipeline, TrainingRequest Request)> ListRunningAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        string filter = TableClient.CreateQueryFilter($"RowKey eq {RowKey} and Running eq {true}");
        await foreach (TableEntity row in table.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
        {
            yield return (row.PartitionKey, ToRequest(row));
        }
    }

    private static TableEntity ToRow(string pipeline, TrainingRequest request) => new(pipeline, RowKey)
    {
        ["Generation"] = request.Generation,
        ["Running"] = request.Running,
        ["Pending"] = request.Pending,
        ["Reason"] = TableText.Fit(request.Reason),
        ["RequestedAt"] = request.RequestedAt,
        ["Wishes"] = request.Wishes,
    };

    private static TrainingRequest ToRequest(TableEntity row) => new(
        row.GetInt64("Generation")!.Value,
        row.GetBoolean("Running")!.Value,
        row.GetBoolean("Pending")!.Value,
        row.GetString("Reason"),
        row.GetDateTimeOffset("RequestedAt")!.Value) { Wishes = row.GetString("Wishes") ?? "" };
}
