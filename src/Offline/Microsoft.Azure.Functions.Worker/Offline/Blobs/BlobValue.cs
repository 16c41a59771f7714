using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;

namespace Microsoft.Azure.Functions.Worker.Offline.Blobs;

/// <summary>What a blob trigger's parameter gets, by its type.</summary>
internal static class BlobValue
{
    /// <summary>How a parameter of that type is made from the blob, or null where it cannot be.</summary>
    public static Func<BlobContainerClient, string, CancellationToken, Task<object?>>? For(Type type)
    {
        if (type == typeof(BlobClient))
        {
            return static (container, name, _) => Task.FromResult<object?>(container.GetBlobClient(name));
        }

        if (type == typeof(BlobBaseClient))
        {
            return static (container, name, _) => Task.FromResult<object?>(container.GetBlobBaseClient(name));
        }

        if (type == typeof(BlockBlobClient))
        {
            return static (container, name, _) => Task.FromResult<object?>(container.GetBlockBlobClient(name));
        }

        if (type == typeof(Stream))
        {
            return static async (container, name, cancellation) => await container.GetBlobClient(name).OpenReadAsync(cancellationToken: cancellation);
        }

        if (type == typeof(string))
        {
            return static async (container, name, cancellation) => (await container.GetBlobClient(name).DownloadContentAsync(cancellation)).Value.Content.ToString();
        }

        if (type == typeof(byte[]))
        {
            return static async (container, name, cancellation) => (await container.GetBlobClient(name).DownloadContentAsync(cancellation)).Value.Content.ToArray();
        }

        return null;
    }
}
