using Azure.Data.Tables.Entities;
using Azure.Data.Tables.Http;

namespace Azure.Data.Tables;

public partial class TableClient
{
    public virtual Response AddEntity<T>(T entity, CancellationToken cancellationToken = default)
        where T : ITableEntity =>
        InsertAsync(false, entity, cancellationToken).Completed();

    public virtual async Task<Response> AddEntityAsync<T>(T entity, CancellationToken cancellationToken = default)
        where T : ITableEntity =>
        await InsertAsync(true, entity, cancellationToken).ConfigureAwait(false);

    public virtual Response UpsertEntity<T>(T entity, TableUpdateMode mode = TableUpdateMode.Merge, CancellationToken cancellationToken = default)
        where T : ITableEntity =>
        PutAsync(false, entity, mode, null, cancellationToken).Completed();

    public virtual async Task<Response> UpsertEntityAsync<T>(
        T entity, TableUpdateMode mode = TableUpdateMode.Merge, CancellationToken cancellationToken = default)
        where T : ITableEntity =>
        await PutAsync(true, entity, mode, null, cancellationToken).ConfigureAwait(false);

    public virtual Response UpdateEntity<T>(
        T entity, ETag ifMatch, TableUpdateMode mode = TableUpdateMode.Merge, CancellationToken cancellationToken = default)
        where T : ITableEntity =>
        PutAsync(false, entity, mode, Required(ifMatch), cancellationToken).Completed();

    public virtual async Task<Response> UpdateEntityAsync<T>(
        T entity, ETag ifMatch, TableUpdateMode mode = TableUpdateMode.Merge, CancellationToken cancellationToken = default)
        where T : ITableEntity =>
        await PutAsync(true, entity, mode, Required(ifMatch), cancellationToken).ConfigureAwait(false);

    public virtual Response DeleteEntity(ITableEntity entity, ETag ifMatch = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entity);
        return DeleteEntity(entity.PartitionKey, entity.RowKey, ifMatch, cancellationToken);
    }

    public virtual Response DeleteEntity(string partitionKey, string rowKey, ETag ifMatch = default, CancellationToken cancellationToken = default) =>
        DeleteAsync(false, partitionKey, rowKey, ifMatch, cancellationToken).Completed();

    public virtual async Task<Response> DeleteEntityAsync(ITableEntity entity, ETag ifMatch = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entity);
        return await DeleteAsync(true, entity.PartitionKey, entity.RowKey, ifMatch, cancellationToken).ConfigureAwait(false);
    }

    public virtual async Task<Response> DeleteEntityAsync(
        string partitionKey, string rowKey, ETag ifMatch = default, CancellationToken cancellationToken = default) =>
        await DeleteAsync(true, partitionKey, rowKey, ifMatch, cancellationToken).ConfigureAwait(false);

    public virtual Response<T> GetEntity<T>(
        string partitionKey, string rowKey, IEnumerable<string> select = null, CancellationToken cancellationToken = default)
        where T : class, ITableEntity =>
        GetAsync<T>(false, partitionKey, rowKey, select, cancellationToken).Completed();

    public virtual async Task<Response<T>> GetEntityAsync<T>(
        string partitionKey, string rowKey, IEnumerable<string> select = null, CancellationToken cancellationToken = default)
        where T : class, ITableEntity =>
        await GetAsync<T>(true, partitionKey, rowKey, select, cancellationToken).ConfigureAwait(false);

    public virtual NullableResponse<T> GetEntityIfExists<T>(
        string partitionKey, string rowKey, IEnumerable<string> select = null, CancellationToken cancellationToken = default)
        where T : class, ITableEntity =>
        GetIfExistsAsync<T>(false, partitionKey, rowKey, select, cancellationToken).Completed();

    public virtual async Task<NullableResponse<T>> GetEntityIfExistsAsync<T>(
        string partitionKey, string rowKey, IEnumerable<string> select = null, CancellationToken cancellationToken = default)
        where T : class, ITableEntity =>
        await GetIfExistsAsync<T>(true, partitionKey, rowKey, select, cancellationToken).ConfigureAwait(false);

    private static string Required(ETag ifMatch) =>
        ifMatch == default ? throw new ArgumentException("Value cannot be empty.", nameof(ifMatch)) : ifMatch.ToString();

    private static void RequireKeys(ITableEntity entity)
    {
        ArgumentNullException.ThrowIfNull(entity);
        ArgumentNullException.ThrowIfNull(entity.PartitionKey, nameof(entity.PartitionKey));
        ArgumentNullException.ThrowIfNull(entity.RowKey, nameof(entity.RowKey));
    }

    private static string Joined(IEnumerable<string> select) => select is null ? null : string.Join(',', select);

    private async ValueTask<Response> InsertAsync(bool async, ITableEntity entity, CancellationToken cancellationToken)
    {
        RequireKeys(entity);
        using var message = _requests.Insert(Name, entity);
        return await _requests.SendAsync(async, message, TableRequests.Created, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<Response> PutAsync(
        bool async, ITableEntity entity, TableUpdateMode mode, string ifMatch, CancellationToken cancellationToken)
    {
        RequireKeys(entity);
        using var message = _requests.Put(Name, entity, mode, ifMatch);
        return await _requests.SendAsync(async, message, TableRequests.NoContent, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Without an ETag whatever is there goes; that nothing is there is no failure.</summary>
    private async ValueTask<Response> DeleteAsync(
        bool async, string partitionKey, string rowKey, ETag ifMatch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(partitionKey);
        ArgumentNullException.ThrowIfNull(rowKey);
        var etag = ifMatch == default ? ETag.All : ifMatch;
        using var message = _requests.Delete(_requests.EntityPath(Name, partitionKey, rowKey), etag.ToString());
        return await _requests.SendAsync(async, message, TableRequests.NoContentOrNotFound, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<Response<T>> GetAsync<T>(
        bool async, string partitionKey, string rowKey, IEnumerable<string> select, CancellationToken cancellationToken)
        where T : class, ITableEntity
    {
        using var message = _requests.Get(_requests.EntityPath(Name, partitionKey, rowKey) + TableRequests.Query(("$select", Joined(select))));
        var response = await _requests.SendAsync(async, message, TableRequests.Ok, cancellationToken).ConfigureAwait(false);
        return Response.FromValue(EntityReader.ReadOne<T>(response.Content.ToMemory()), response);
    }

    private async ValueTask<NullableResponse<T>> GetIfExistsAsync<T>(
        bool async, string partitionKey, string rowKey, IEnumerable<string> select, CancellationToken cancellationToken)
        where T : class, ITableEntity
    {
        using var message = _requests.Get(_requests.EntityPath(Name, partitionKey, rowKey) + TableRequests.Query(("$select", Joined(select))));
        var response = await _requests.SendAsync(async, message, TableRequests.OkOrNotFound, cancellationToken).ConfigureAwait(false);
        return response.Status == 404
            ? new NoValueResponse<T>(response)
            : Response.FromValue(EntityReader.ReadOne<T>(response.Content.ToMemory()), response);
    }
}
