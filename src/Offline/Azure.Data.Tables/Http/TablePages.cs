namespace Azure.Data.Tables.Http;

/// <summary>Asks for one page: <c>(async, continuation, page size)</c>.</summary>
internal delegate ValueTask<Page<T>> PageRequest<T>(bool async, string continuationToken, int? pageSize);

internal static class TablePages
{
    public const string NextPartitionKey = "x-ms-continuation-NextPartitionKey";
    public const string NextRowKey = "x-ms-continuation-NextRowKey";

    /// <summary>Both continuation headers in one text, split by a space, or null on the last page. The row key may be missing.</summary>
    public static string ContinuationOf(Response response)
    {
        var hasPartition = response.Headers.TryGetValue(NextPartitionKey, out var partition);
        var hasRow = response.Headers.TryGetValue(NextRowKey, out var row);
        return hasPartition || hasRow ? $"{partition} {row}" : null;
    }

    public static (string PartitionKey, string RowKey) ParseContinuation(string token)
    {
        if (token is null || token.Length <= 1)
        {
            return (null, null);
        }

        var space = token.IndexOf(' ', StringComparison.Ordinal);
        return space < 0 ? (token, null) : (token[..space], space == token.Length - 1 ? null : token[(space + 1)..]);
    }

    /// <summary>Pages one after another until none follows; a page may be empty and still be followed.</summary>
    public sealed class Asynchronous<T>(PageRequest<T> request, int? defaultPageSize) : AsyncPageable<T>
    {
        public override async IAsyncEnumerable<Page<T>> AsPages(string continuationToken = null, int? pageSizeHint = null)
        {
            do
            {
                var page = await request(true, continuationToken, pageSizeHint ?? defaultPageSize).ConfigureAwait(false);
                yield return page;
                continuationToken = page.ContinuationToken;
            }
            while (continuationToken is not null);
        }
    }

    /// <inheritdoc cref="Asynchronous{T}"/>
    public sealed class Synchronous<T>(PageRequest<T> request, int? defaultPageSize) : Pageable<T>
    {
        public override IEnumerable<Page<T>> AsPages(string continuationToken = null, int? pageSizeHint = null)
        {
            do
            {
                var page = request(false, continuationToken, pageSizeHint ?? defaultPageSize).Completed();
                yield return page;
                continuationToken = page.ContinuationToken;
            }
            while (continuationToken is not null);
        }
    }
}
