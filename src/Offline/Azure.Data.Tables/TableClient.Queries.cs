using System.Linq.Expressions;
using Azure.Data.Tables.Entities;
using Azure.Data.Tables.Filters;
using Azure.Data.Tables.Http;

namespace Azure.Data.Tables;

public partial class TableClient
{
    public static string CreateQueryFilter(FormattableString filter) => InterpolatedFilter.Create(filter);

    public static string CreateQueryFilter<T>(Expression<Func<T, bool>> filter) => ExpressionFilter.Create(filter);

    public virtual AsyncPageable<T> QueryAsync<T>(
        Expression<Func<T, bool>> filter, int? maxPerPage = null, IEnumerable<string> select = null, CancellationToken cancellationToken = default)
        where T : class, ITableEntity =>
        QueryAsync<T>(ExpressionFilter.Create(filter), maxPerPage, select, cancellationToken);

    public virtual AsyncPageable<T> QueryAsync<T>(
        string filter = null, int? maxPerPage = null, IEnumerable<string> select = null, CancellationToken cancellationToken = default)
        where T : class, ITableEntity =>
        new TablePages.Asynchronous<T>(PageRequest<T>(filter, select, cancellationToken), maxPerPage);

    public virtual Pageable<T> Query<T>(
        Expression<Func<T, bool>> filter, int? maxPerPage = null, IEnumerable<string> select = null, CancellationToken cancellationToken = default)
        where T : class, ITableEntity =>
        Query<T>(ExpressionFilter.Create(filter), maxPerPage, select, cancellationToken);

    public virtual Pageable<T> Query<T>(
        string filter = null, int? maxPerPage = null, IEnumerable<string> select = null, CancellationToken cancellationToken = default)
        where T : class, ITableEntity =>
        new TablePages.Synchronous<T>(PageRequest<T>(filter, select, cancellationToken), maxPerPage);

    private PageRequest<T> PageRequest<T>(string filter, IEnumerable<string> select, CancellationToken cancellationToken)
        where T : class, ITableEntity
    {
        var columns = Joined(select);
        return async (async, continuationToken, pageSize) =>
        {
            var (partitionKey, rowKey) = TablePages.ParseContinuation(continuationToken);
            using var message = _requests.Get(_requests.QueryPath(Name) + TableRequests.Query(
                ("$filter", filter),
                ("$select", columns),
                ("$top", TableRequests.Top(pageSize)),
                ("NextPartitionKey", partitionKey),
                ("NextRowKey", rowKey)));
            var response = await _requests.SendAsync(async, message, TableRequests.Ok, cancellationToken).ConfigureAwait(false);
            return Page<T>.FromValues(EntityReader.ReadPage<T>(response.Content.ToMemory()), TablePages.ContinuationOf(response), response);
        };
    }
}
