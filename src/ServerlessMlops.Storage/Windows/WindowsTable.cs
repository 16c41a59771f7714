using System.Globalization;
using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;
using ServerlessMlops.Core.Monitoring;

namespace ServerlessMlops.Storage.Windows;

/// <summary>
/// The <c>windows</c> table: partition key <c>{pipeline}|{version}|{yyyyMMddHH}</c>, so that the partition that is written to stays small;
/// row key <c>{mm}|{instance}|{sequence}</c>, which sorts by time.
/// </summary>
public sealed class WindowsTable(TableServiceClient service) : IWindowStore
{
    /// <summary>Name of the table.</summary>
    public const string Name = "windows";

    // A binary property holds 64 KiB, a row 1 MiB.
    private const int ChunkBytes = 60 * 1024;
    private const int MaxChunks = 16;

    private readonly LazyTable _table = new(service, Name);

    /// <inheritdoc/>
    public async Task<bool> AppendAsync(WindowRow row, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(row);
        TableClient table = await _table.OpenAsync(cancellation);
        try
        {
            await table.AddEntityAsync(ToRow(row), cancellation);
            return true;
        }
        catch (RequestFailedException e) when (e.Status == 409)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<WindowRow> ReadAsync(
        string pipeline, int version, DateTimeOffset from, DateTimeOffset until, [EnumeratorCancellation] CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        string first = PartitionKey(pipeline, version, HourOf(from)), last = PartitionKey(pipeline, version, HourOf(until));
        await foreach (TableEntity row in table.QueryAsync<TableEntity>(
                           TableClient.CreateQueryFilter($"PartitionKey ge {first} and PartitionKey le {last}"), cancellationToken: cancellation))
        {
            WindowRow window = ToWindow(row, pipeline, version);
            if (window.Minute >= from && window.Minute < until)
            {
                yield return window;
            }
        }
    }

    /// <inheritdoc/>
    public async Task<int> DeleteBeforeAsync(string pipeline, int version, DateTimeOffset before, CancellationToken cancellation)
    {
        TableClient table = await _table.OpenAsync(cancellation);
        string first = PartitionKey(pipeline, version, DateTimeOffset.MinValue), end = PartitionKey(pipeline, version, HourOf(before));
        int deleted = 0;
        var batch = new List<TableTransactionAction>();
        await foreach (TableEntity row in table.QueryAsync<TableEntity>(
                           TableClient.CreateQueryFilter($"PartitionKey ge {first} and PartitionKey lt {end}"), select: ["PartitionKey", "RowKey"], cancellationToken: cancellation))
        {
            // A transaction is of one partition and of 100 rows at most.
            if (batch.Count == 100 || (batch.Count > 0 && batch[0].Entity.PartitionKey != row.PartitionKey))
            {
                await table.SubmitTransactionAsync(batch, cancellation);
                batch.Clear();
            }

            batch.Add(new TableTransactionAction(TableTransactionActionType.Delete, new TableEntity(row.PartitionKey, row.RowKey), ETag.All));
            deleted++;
        }

        if (batch.Count > 0)
        {
            await table.SubmitTransactionAsync(batch, cancellation);
        }

        return deleted;
    }

    private static DateTimeOffset HourOf(DateTimeOffset time)
    {
        DateTimeOffset utc = time.ToUniversalTime();
        return utc.AddTicks(-(utc.Ticks % TimeSpan.TicksPerHour));
    }

    private static string PartitionKey(string pipeline, int version, DateTimeOffset hour) =>
        string.Create(CultureInfo.InvariantCulture, $"{pipeline}|{version}|{hour.UtcDateTime:yyyyMMddHH}");

    private static TableEntity ToRow(WindowRow window)
    {
        string rowKey = string.Create(CultureInfo.InvariantCulture, $"{window.Minute.UtcDateTime:mm}|{window.Instance}|{window.Sequence:D8}");
        var row = new TableEntity(PartitionKey(window.Pipeline, window.Version, window.Minute), rowKey);
        byte[] bytes = WindowCodec.Encode(window.Sums);
        byte[][] chunks = [.. bytes.Chunk(ChunkBytes)];
        if (chunks.Length > MaxChunks)
        {
            throw new InvalidOperationException(
                $"A window of pipeline '{window.Pipeline}' version {window.Version} takes {bytes.Length} bytes, more than a table row holds ({MaxChunks * ChunkBytes}); the model has {window.Sums.Features.Length} features.");
        }

        for (int i = 0; i < chunks.Length; i++)
        {
            row[ChunkName(i)] = chunks[i];
        }

        return row;
    }

    private static WindowRow ToWindow(TableEntity row, string pipeline, int version)
    {
        DateTimeOffset hour = DateTimeOffset.ParseExact(row.PartitionKey[^10..], "yyyyMMddHH", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        string[] key = row.RowKey.Split('|');
        using var bytes = new MemoryStream();
        for (int i = 0; row.GetBinary(ChunkName(i)) is { } chunk; i++)
        {
            bytes.Write(chunk);
        }

        return new WindowRow(
            pipeline,
            version,
            key[1],
            long.Parse(key[^1], CultureInfo.InvariantCulture),
            hour.AddMinutes(int.Parse(key[0], CultureInfo.InvariantCulture)),
            WindowCodec.Decode(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
    }

    private static string ChunkName(int number) => string.Create(CultureInfo.InvariantCulture, $"Counts{number}");
}
