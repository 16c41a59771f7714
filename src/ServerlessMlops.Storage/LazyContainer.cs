using Azure.Storage.Blobs;

namespace ServerlessMlops.Storage;

/// <summary>A blob container that is made on first use.</summary>
public sealed class LazyContainer(BlobServiceClient service, string name)
{
    private readonly BlobContainerClient _client = service.GetBlobContainerClient(name);
    private volatile bool _exists;

    /// <summary>The container's client, once the container is there.</summary>
    public async ValueTask<BlobContainerClient> OpenAsync(CancellationToken cancellation)
    {
        if (!_exists)
        {
            await _client.CreateIfNotExistsAsync(cancellationToken: cancellation);
            _exists = true;
        }

        return _client;
    }
}
