using System.Linq.Expressions;
using System.Text.Json;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables.Filters;
using Azure.Data.Tables.Http;
using Azure.Data.Tables.Models;

namespace Azure.Data.Tables;

public class TableServiceClient
{
    private readonly TableRequests _requests;
    private readonly string _accountName;

    protected TableServiceClient()
    {
    }

    public TableServiceClient(string connectionString)
        : this(connectionString, null)
    {
    }

    public TableServiceClient(string connectionString, TableClientOptions options = null)
        : this(TableConnectionString.Parse(connectionString), options)
    {
    }

    public TableServiceClient(Uri endpoint, TableClientOptions options = null)
        : this(endpoint, (HttpPipelinePolicy)null, options)
    {
        TableAuthentication.RequireHttps(endpoint);
        if (string.IsNullOrEmpty(endpoint.Query))
        {
            throw new ArgumentException($"{nameof(endpoint)} must contain a SAS token query.");
        }
    }

    public TableServiceClient(Uri endpoint, AzureSasCredential credential)
        : this(endpoint, credential, null)
    {
    }

    public TableServiceClient(Uri endpoint, AzureSasCredential credential, TableClientOptions options = null)
        : this(endpoint, TableAuthentication.Of(credential), options) =>
        TableAuthentication.RequireHttps(endpoint);

    public TableServiceClient(Uri endpoint, TableSharedKeyCredential credential)
        : this(endpoint, credential, null)
    {
    }

    public TableServiceClient(Uri endpoint, TableSharedKeyCredential credential, TableClientOptions options)
        : this(endpoint, TableAuthentication.Of(credential), options)
    {
    }

    public TableServiceClient(Uri endpoint, TokenCredential tokenCredential, TableClientOptions options = null)
        : this(endpoint, TableAuthentication.Of(tokenCredential, options), options)
    {
    }

    private TableServiceClient(TableConnectionString connection, TableClientOptions options)
        : this(connection.Endpoint, TableAuthentication.Of(connection), options) =>
        _accountName = connection.AccountName ?? _accountName;

    private TableServiceClient(Uri endpoint, HttpPipelinePolicy authentication, TableClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        _requests = new TableRequests(endpoint, authentication ?? TableAuthentication.FromQuery(endpoint), options);
        _accountName = TableEndpoint.AccountName(endpoint);
        Uri = TableEndpoint.WithoutQuery(endpoint);
    }

    public virtual string AccountName => _accountName;

    public virtual Uri Uri { get; }

    public static string CreateQueryFilter(FormattableString filter) => InterpolatedFilter.Create(filter);

    public static string CreateQueryFilter(Expression<Func<TableItem, bool>> filter) => ExpressionFilter.Create(filter);

    public virtual TableClient GetTableClient(string tableName)
    {
        ArgumentNullException.ThrowIfNull(tableName);
        return new TableClient(Uri, _accountName, tableName, _requests);
    }

    public virtual Response<TableItem> CreateTable(string tableName, CancellationToken cancellationToken = default) =>
        TableManagement.CreateAsync(false, _requests, Required(tableName), cancellationToken).Completed();

    public virtual async Task<Response<TableItem>> CreateTableAsync(string tableName, CancellationToken cancellationToken = default) =>
        await TableManagement.CreateAsync(true, _requests, Required(tableName), cancellationToken).ConfigureAwait(false);

    public virtual Response<TableItem> CreateTableIfNotExists(string tableName, CancellationToken cancellationToken = default) =>
        TableManagement.CreateIfNotExistsAsync(false, _requests, Required(tableName), cancellationToken).Completed();

    public virtual async Task<Response<TableItem>> CreateTableIfNotExistsAsync(string tableName, CancellationToken cancellationToken = default) =>
        await TableManagement.CreateIfNotExistsAsync(true, _requests, Required(tableName), cancellationToken).ConfigureAwait(false);

    public virtual Response DeleteTable(string tableName, CancellationToken cancellationToken = default) =>
        TableManagement.DeleteAsync(false, _requests, Required(tableName), cancellationToken).Completed();

    public virtual async Task<Response> DeleteTableAsync(string tableName, CancellationToken cancellationToken = default) =>
        await TableManagement.DeleteAsync(true, _requests, Required(tableName), cancellationToken).ConfigureAwait(false);

    public virtual AsyncPageable<TableItem> QueryAsync(string filter = null, int? maxPerPage = null, CancellationToken cancellationToken = default) =>
        new TablePages.Asynchronous<TableItem>(PageRequest(filter, cancellationToken), maxPerPage);

    public virtual AsyncPageable<TableItem> QueryAsync(
        FormattableString filter, int? maxPerPage = null, CancellationToken cancellationToken = default) =>
        QueryAsync(InterpolatedFilter.Create(filter), maxPerPage, cancellationToken);

    public virtual AsyncPageable<TableItem> QueryAsync(
        Expression<Func<TableItem, bool>> filter, int? maxPerPage = null, CancellationToken cancellationToken = default) =>
        QueryAsync(ExpressionFilter.Create(filter), maxPerPage, cancellationToken);

    public virtual Pageable<TableItem> Query(string filter = null, int? maxPerPage = null, CancellationToken cancellationToken = default) =>
        new TablePages.Synchronous<TableItem>(PageRequest(filter, cancellationToken), maxPerPage);

    public virtual Pageable<TableItem> Query(FormattableString filter, int? maxPerPage = null, CancellationToken cancellationToken = default) =>
        Query(InterpolatedFilter.Create(filter), maxPerPage, cancellationToken);

    public virtual Pageable<TableItem> Query(
        Expression<Func<TableItem, bool>> filter, int? maxPerPage = null, CancellationToken cancellationToken = default) =>
        Query(ExpressionFilter.Create(filter), maxPerPage, cancellationToken);

    private static string Required(string tableName)
    {
        ArgumentNullException.ThrowIfNull(tableName);
        return tableName;
    }

    private static List<TableItem> ReadTables(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.GetProperty("value").EnumerateArray()
            .Select(table => new TableItem(table.GetProperty("TableName").GetString()))
            .ToList();
    }

    private PageRequest<TableItem> PageRequest(string filter, CancellationToken cancellationToken) => async (async, continuationToken, pageSize) =>
    {
        const string NextTableName = "x-ms-continuation-NextTableName";
        using var message = _requests.Get(_requests.TablesPath + TableRequests.Query(
            ("$filter", filter), ("$top", TableRequests.Top(pageSize)), ("NextTableName", continuationToken)));
        var response = await _requests.SendAsync(async, message, TableRequests.Ok, cancellationToken).ConfigureAwait(false);
        var next = response.Headers.TryGetValue(NextTableName, out var name) ? name : null;
        return Page<TableItem>.FromValues(ReadTables(response.Content.ToMemory()), next, response);
    };
}
