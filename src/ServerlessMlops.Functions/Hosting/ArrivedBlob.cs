using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.Storage.Feedback;
using ServerlessMlops.Storage.Uploads;

namespace ServerlessMlops.Functions.Hosting;

/// <summary>A version of a blob that a trigger was told of.</summary>
/// <param name="ETag">Its ETag, without quotes, as ids are made of it.</param>
/// <param name="ModifiedAt">When it was written.</param>
public sealed record ArrivedBlob(string ETag, DateTimeOffset ModifiedAt)
{
    /// <summary>Whether it is a request for labels as the app wrote it, and no answer; see <see cref="LabelRequestsContainer.Mark"/>.</summary>
    public bool IsLabelRequest { get; init; }

    /// <summary>The version that stands now; null where the blob was deleted between the event and now: there is nothing to do then, and nothing was promised.</summary>
    public static async Task<ArrivedBlob?> FindAsync(BlobClient blob, CancellationToken cancellation)
    {
        try
        {
            BlobProperties properties = await blob.GetPropertiesAsync(cancellationToken: cancellation);
            return new ArrivedBlob(UploadsContainer.Bare(properties.ETag), properties.LastModified)
            {
                IsLabelRequest = properties.Metadata.ContainsKey(LabelRequestsContainer.Mark),
            };
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }
}
