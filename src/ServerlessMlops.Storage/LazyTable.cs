using Azure.Data.Tables;

namespace ServerlessMlops.Storage;

/// <summary>A table that is made on first use, so that nothing is done at start-up and nothing has to be made by hand.</summary>
public sealed class LazyTable(TableServiceClient service, string name)
{
    private readonly TableClient _client = service.GetTableClient(name);
    private volatile bool _exists;

    /// <summary>The table's client, once the table is there.</summary>
    public async ValueTask<TableClient> OpenAsync(CancellationToken cancellation)
    {
        if (!_exists)
        {
            await _client.CreateIfNotExistsAsync(cancellation);
            _exists = true;
        }

        return _client;
    }
}
