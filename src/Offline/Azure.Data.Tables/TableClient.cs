using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables.Http;
using Azure.Data.Tables.Models;

namespace Azure.Data.Tables;

public partial class TableClient
{
    private readonly TableRequests _requests;
    private readonly string _accountName;

    protected TableClient()
    {
    }

    public TableClient(string connectionString, string tableName)
        : this(connectionString, tableName, null)
    {
    }

    public TableClient(string connectionString, string tableName, TableClientOptions options = null)
        : this(TableConnectionString.Parse(connectionString), tableName, options)
    {
    }

    public TableClient(Uri endpoint, TableClientOptions options = null)
        : this(endpoint, null, (HttpPipelinePolicy)null, options) =>
        TableAuthentication.RequireHttps(endpoint);

    public TableClient(Uri endpoint, AzureSasCredential credential, TableClientOptions options = null)
        : this(endpoint, null, TableAuthentication.Of(credential), options) =>
        TableAuthentication.RequireHttps(endpoint);

    public TableClient(Uri endpoint, string tableName, TableSharedKeyCredential credential)
        : this(endpoint, tableName, credential, null)
    {
    }

    public TableClient(Uri endpoint, string tableName, TableSharedKeyCredential credential, TableClientOptions options = null)
        : this(endpoint, tableName, TableAuthentication.Of(credential), options)
    {
    }

    public TableClient(Uri endpoint, string tableName, TokenCredential tokenCredential, TableClientOptions options = null)
        : this(endpoint, tableName, TableAuthentication.Of(tokenCredential, options), options)
    {
    }

    internal TableClient(Uri endpoint, string accountName, string tableName, TableRequests requests)
    {
        ArgumentException.ThrowIfNullOrEmpty(tableName);
        _accountName = accountName;
        _requests = requests;
        Name = tableName;
        Uri = TableEndpoint.WithTable(endpoint, tableName);
    }

    private TableClient(TableConnectionString connection, string tableName, TableClientOptions options)
        : this(
            connection.Endpoint,
            TableEndpoint.AccountName(connection.Endpoint),
            tableName,
            new TableRequests(connection.Endpoint, TableAuthentication.Of(connection), options))
    {
    }

    private TableClient(Uri endpoint, string tableName, HttpPipelinePolicy authentication, TableClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        Name = string.IsNullOrEmpty(tableName) ? TableEndpoint.TableName(endpoint) : tableName;
        ArgumentException.ThrowIfNullOrEmpty(Name, nameof(tableName));
        var account = TableEndpoint.WithoutTable(endpoint, Name);
        _accountName = TableEndpoint.AccountName(endpoint);
        _requests = new TableRequests(account, authentication ?? TableAuthentication.FromQuery(endpoint), options);
        Uri = TableEndpoint.WithTable(account, Name);
    }

    public virtual string Name { get; }

    public virtual Uri Uri { get; }

    public virtual string AccountName => _accountName;

    public virtual Response<TableItem> Create(CancellationToken cancellationToken = default) =>
        TableManagement.CreateAsync(false, _requests, Name, cancellationToken).Completed();

    public virtual async Task<Response<TableItem>> CreateAsync(CancellationToken cancellationToken = default) =>
        await TableManagement.CreateAsync(true, _requests, Name, cancellationToken).ConfigureAwait(false);

    public virtual Response<TableItem> CreateIfNotExists(CancellationToken cancellationToken = default) =>
        TableManagement.CreateIfNotExistsAsync(false, _requests, Name, cancellationToken).Completed();

    public virtual async Task<Response<TableItem>> CreateIfNotExistsAsync(CancellationToken cancellationToken = default) =>
        await TableManagement.CreateIfNotExistsAsync(true, _requests, Name, cancellationToken).ConfigureAwait(false);

    public virtual Response Delete(CancellationToken cancellationToken = default) =>
        TableManagement.DeleteAsync(false, _requests, Name, cancellationToken).Completed();

    public virtual async Task<Response> DeleteAsync(CancellationToken cancellationToken = default) =>
        await TableManagement.DeleteAsync(true, _requests, Name, cancellationToken).ConfigureAwait(false);
}
