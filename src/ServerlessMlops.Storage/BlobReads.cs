using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.Core;

namespace ServerlessMlops.Storage;

/// <summary>Ways to read a blob that may not be there.</summary>
internal static class BlobReads
{
    /// <summary>The blob's content, or the range of it that <paramref name="options"/> name; null where there is no such blob.</summary>
    public static async Task<BlobDownloadResult?> FindAsync(BlobClient blob, CancellationToken cancellation, BlobDownloadOptions? options = null)
    {
        try
        {
            return await blob.DownloadContentAsync(options, cancellation);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }

    /// <summary>The JSON document of a container's blob; null where there is no such blob.</summary>
    /// <exception cref="InvalidDataException">The blob holds <c>null</c>.</exception>
    /// <exception cref="JsonException">The blob holds no such document.</exception>
    public static async Task<T?> FindJsonAsync<T>(LazyContainer container, string path, CancellationToken cancellation)
        where T : class
    {
        BlobContainerClient client = await container.OpenAsync(cancellation);
        return await FindAsync(client.GetBlobClient(path), cancellation) is { } found ? Parse<T>(found, $"{client.Name}/{path}") : null;
    }

    /// <summary>A downloaded JSON document.</summary>
    /// <exception cref="InvalidDataException">It is <c>null</c>.</exception>
    public static T Parse<T>(BlobDownloadResult found, string path)
        where T : class => JsonSerializer.Deserialize<T>(found.Content.ToMemory().Span, MlopsJson.Options)
            ?? throw new InvalidDataException($"Blob '{path}' holds 'null', expected a {typeof(T).Name}. Restore it, or delete it.");
}
