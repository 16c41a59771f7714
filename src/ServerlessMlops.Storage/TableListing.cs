using System.Globalization;
using Azure;
using Azure.Data.Tables;

namespace ServerlessMlops.Storage;

/// <summary>Pages over the rows of one partition whose row key begins with a prefix.</summary>
internal static class TableListing
{
    /// <summary>The filter for such rows: from the prefix to the prefix with its last character raised by one.</summary>
    public static string PrefixFilter(string partitionKey, string rowKeyPrefix)
    {
        string end = rowKeyPrefix[..^1] + (char)(rowKeyPrefix[^1] + 1);
        return TableClient.CreateQueryFilter($"PartitionKey eq {partitionKey} and RowKey ge {rowKeyPrefix} and RowKey lt {end}");
    }

    /// <summary>One page of such rows; a page that storage answers empty though more follow is skipped.</summary>
    public static async Task<Core.Page<T>> PageAsync<T>(
        TableClient table, string partitionKey, string rowKeyPrefix, int pageSize, string? continuation, Func<TableEntity, T> map, CancellationToken cancellation)
    {
        if (pageSize is < 1 or > 1000)
        {
            throw new ArgumentOutOfRangeException(nameof(pageSize), pageSize, "A page has 1 to 1000 rows.");
        }

        AsyncPageable<TableEntity> rows = table.QueryAsync<TableEntity>(PrefixFilter(partitionKey, rowKeyPrefix), pageSize, cancellationToken: cancellation);
        await foreach (Azure.Page<TableEntity> page in rows.AsPages(continuation, pageSize))
        {
            if (page.Values.Count > 0 || page.ContinuationToken is null)
            {
                return new Core.Page<T>([.. page.Values.Select(map)], page.ContinuationToken);
            }
        }

        return new Core.Page<T>([], null);
    }

    /// <summary>A number as a row key part that sorts largest first.</summary>
    public static string Descending(long number) => (long.MaxValue - number).ToString("D19", CultureInfo.InvariantCulture);
}
