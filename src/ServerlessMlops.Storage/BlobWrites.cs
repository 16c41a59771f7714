using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace ServerlessMlops.Storage;

/// <summary>Ways to write a blob that may be repeated.</summary>
internal static class BlobWrites
{
    /// <summary>Writes the blob where there is none; what stands stays (content-addressed and versioned paths hold one content for ever), and false tells of it.</summary>
    public static Task<bool> CreateAsync(BlobClient blob, BinaryData content, string contentType, CancellationToken cancellation, IDictionary<string, string>? metadata = null) =>
        CreateAsync(blob, content.ToStream(), contentType, cancellation, metadata);

    /// <summary>As above, of a stream from where it stands.</summary>
    public static async Task<bool> CreateAsync(BlobClient blob, Stream content, string contentType, CancellationToken cancellation, IDictionary<string, string>? metadata = null)
    {
        var options = new BlobUploadOptions
        {
            Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All },
            HttpHeaders = new BlobHttpHeaders { ContentType = contentType },
            Metadata = metadata,
        };
        try
        {
            await blob.UploadAsync(content, options, cancellation);
            return true;
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412)
        {
            return false; // written before, by this run's first try or by another of the same content
        }
    }

    /// <summary>Writes the JSON document if the blob is still the one that <paramref name="etag"/> marks (null: there is none); false where another was faster.</summary>
    public static async Task<bool> SwapAsync(BlobClient blob, BinaryData json, string? etag, CancellationToken cancellation)
    {
        var options = new BlobUploadOptions
        {
            Conditions = etag is null ? new BlobRequestConditions { IfNoneMatch = ETag.All } : new BlobRequestConditions { IfMatch = new ETag(etag) },
            HttpHeaders = new BlobHttpHeaders { ContentType = "application/json" },
        };
        try
        {
            await blob.UploadAsync(json, options, cancellation);
            return true;
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412)
        {
            return false;
        }
    }
}
