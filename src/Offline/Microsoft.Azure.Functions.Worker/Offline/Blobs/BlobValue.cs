using Azure.Core.Serialization;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;

namespace Microsoft.Azure.Functions.Worker.Offline.Blobs;

/// <summary>Makes a parameter's value from a blob.</summary>
internal delegate Task<object?> BlobBind(BlobContainerClient container, string name, ObjectSerializer? serializer, CancellationToken cancellation);

/// <summary>What a parameter bound to a blob gets, by its type. Types that are none of the well-known ones are read as JSON.</summary>
internal static class BlobValue
{
    private static readonly Dictionary<Type, BlobBind> Known = new()
    {
        [typeof(BlobContainerClient)] = static (container, _, _, _) => Task.FromResult<object?>(container),
        [typeof(BlobClient)] = static (container, name, _, _) => Task.FromResult<object?>(container.GetBlobClient(name)),
        [typeof(BlobBaseClient)] = static (container, name, _, _) => Task.FromResult<object?>(container.GetBlobBaseClient(name)),
        [typeof(BlockBlobClient)] = static (container, name, _, _) => Task.FromResult<object?>(container.GetBlockBlobClient(name)),
        [typeof(PageBlobClient)] = static (container, name, _, _) => Task.FromResult<object?>(container.GetPageBlobClient(name)),
        [typeof(AppendBlobClient)] = static (container, name, _, _) => Task.FromResult<object?>(container.GetAppendBlobClient(name)),
        [typeof(Stream)] = static async (container, name, _, cancellation) => await container.GetBlobClient(name).OpenReadAsync(cancellationToken: cancellation),
        [typeof(string)] = static async (container, name, _, cancellation) => (await ContentAsync(container, name, cancellation)).ToString(),
        [typeof(byte[])] = static async (container, name, _, cancellation) => (await ContentAsync(container, name, cancellation)).ToArray(),
        [typeof(BinaryData)] = static async (container, name, _, cancellation) => await ContentAsync(container, name, cancellation),
    };

    /// <summary>How a parameter of that type is made from the blob.</summary>
    public static BlobBind For(Type type) => Known.TryGetValue(type, out BlobBind? bind)
        ? bind
        : async (container, name, serializer, cancellation) =>
        {
            try
            {
                return await (serializer ?? throw new InvalidOperationException("WorkerOptions.Serializer is null; set one or leave the default."))
                    .DeserializeAsync((await ContentAsync(container, name, cancellation)).ToStream(), type, cancellation);
            }
            catch (System.Text.Json.JsonException e)
            {
                throw new InvalidOperationException($"Blob '{container.Name}/{name}' is no JSON of a {type.Name}: {e.Message} Bind string, Stream or BlobClient to read it as it is.", e);
            }
        };

    private static async Task<BinaryData> ContentAsync(BlobContainerClient container, string name, CancellationToken cancellation) =>
        (await container.GetBlobClient(name).DownloadContentAsync(cancellation)).Value.Content;
}
