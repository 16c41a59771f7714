using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Feedback;

namespace ServerlessMlops.Storage.Feedback;

/// <summary>
/// The <c>outcomes</c> container, <c>{pipeline}/{yyyy}/{MM}/{dd}/{HH}.json</c>: which labels an hour's predictions have; and the <c>outcomes</c> table made of
/// it: partition key <c>{pipeline}|{version}</c>, row key the hour.
/// </summary>
public sealed class OutcomesStore(BlobServiceClient blobs, TableServiceClient tables) : IOutcomeStore
{
    /// <summary>Name of the container and of the table.</summary>
    public const string Name = "outcomes";

    // A binary property holds 64 KiB, a row 1 MiB.
    private const int ChunkBytes = 60 * 1024;
    private const int MaxChunks = 16;
    private const string HourFormat = "yyyyMMddHH";

    private readonly LazyContainer _container = new(blobs, Name);
    private readonly LazyTable _table = new(tables, Name);

    /// <inheritdoc/>
    public async Task<(JoinedHour Joined, string? ETag)> LoadHourAsync(string pipeline, DateTimeOffset hour, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        BlobClient blob = container.GetBlobClient(PathOf(pipeline, hour));
        return await BlobReads.FindAsync(blob, cancellation) is { } found
            ? (BlobReads.Parse<JoinedHour>(found, $"{Name}/{blob.Name}"), found.Details.ETag.ToString())
            : (new JoinedHour(), null);
    }

    /// <inheritdoc/>
    public async Task<bool> SaveHourAsync(string pipeline, DateTimeOffset hour, JoinedHour joined, string? etag, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(joined, MlopsJson.Options);
        return await BlobWrites.SwapAsync(container.GetBlobClient(PathOf(pipeline, hour)), BinaryData.FromBytes(json), etag, cancellation);
    }

    /// <inheritdoc/>
    public async Task SaveCountsAsync(OutcomeRow row, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(row);
        TableClient table = await _table.OpenAsync(cancellation);
        TableEntity entity = ToRow(row);
        await CompareAndSwap.RunAsync($"the outcomes of pipeline '{row.Pipeline}' version {row.Version}, hour {entity.RowKey}", Attempt, cancellation);

        async Task<bool> Attempt()
        {
            NullableResponse<TableEntity> found = await table.GetEntityIfExistsAsync<TableEntity>(entity.PartitionKey, entity.RowKey, ["Revision"], cancellation);
            if (!found.HasValue)
            {
                await table.AddEntityAsync(entity, cancellation);
                return true;
            }

            if (found.Value!.GetInt64("Revision")!.Value > row.Revision)
            {
                return false;
            }

            await table.UpdateEntityAsync(entity, found.Value!.ETag, TableUpdateMode.Replace, cancellation);
            return true;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<OutcomeRow> ReadAsync(
        string pipeline, int version, DateTimeOffset from, DateTimeOffset until, [EnumeratorCancellation] CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        string partition = PartitionKey(pipeline, version);
        string first = RowKey(from.AddTicks(-1).AddHours(1)), end = RowKey(until.AddTicks(-1).AddHours(1));
        await foreach (TableEntity row in table.QueryAsync<TableEntity>(
                           TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ge {first} and RowKey lt {end}"), cancellationToken: cancellation))
        {
            yield return ToOutcomes(row, pipeline, version);
        }
    }

    private static string PartitionKey(string pipeline, int version) => string.Create(CultureInfo.InvariantCulture, $"{pipeline}|{version}");

    private static string RowKey(DateTimeOffset hour) => hour.UtcDateTime.ToString(HourFormat, CultureInfo.InvariantCulture);

    private static string PathOf(string pipeline, DateTimeOffset hour) =>
        string.Create(CultureInfo.InvariantCulture, $"{pipeline}/{hour.UtcDateTime:yyyy'/'MM'/'dd'/'HH}.json");

    private static TableEntity ToRow(OutcomeRow outcomes)
    {
        var row = new TableEntity(PartitionKey(outcomes.Pipeline, outcomes.Version), RowKey(outcomes.Hour)) { ["Revision"] = outcomes.Revision };
        byte[][] chunks = [.. JsonSerializer.SerializeToUtf8Bytes(outcomes.Counts, MlopsJson.Options).Chunk(ChunkBytes)];
        if (chunks.Length > MaxChunks)
        {
            throw new InvalidOperationException(
                $"Outcomes of pipeline '{outcomes.Pipeline}' version {outcomes.Version} take more than a table row holds ({MaxChunks * ChunkBytes} bytes): its sensitive columns have too many values.");
        }

        for (int i = 0; i < chunks.Length; i++)
        {
            row[string.Create(CultureInfo.InvariantCulture, $"Counts{i}")] = chunks[i];
        }

        return row;
    }

    private static OutcomeRow ToOutcomes(TableEntity row, string pipeline, int version)
    {
        using var json = new MemoryStream();
        for (int i = 0; row.GetBinary(string.Create(CultureInfo.InvariantCulture, $"Counts{i}")) is { } chunk; i++)
        {
            json.Write(chunk);
        }

        return new OutcomeRow(
            pipeline,
            version,
            DateTimeOffset.ParseExact(row.RowKey, HourFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
            row.GetInt64("Revision")!.Value,
            JsonSerializer.Deserialize<OutcomeCounts>(json.GetBuffer().AsSpan(0, (int)json.Length), MlopsJson.Options)!);
    }
}
