using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.Core.Datasets;

namespace ServerlessMlops.Storage.Uploads;

/// <summary>The <c>uploads</c> container, or another that files are dropped into.</summary>
/// <param name="service">The storage account.</param>
/// <param name="container">Name of the container.</param>
public sealed class UploadsContainer(BlobServiceClient service, string container = UploadsContainer.Name) : IUploadStore
{
    /// <summary>Name of the container.</summary>
    public const string Name = "uploads";

    private readonly LazyContainer _container = new(service, container);

    /// <inheritdoc/>
    public async Task<Stream?> OpenAsync(Upload upload, CancellationToken cancellation) => (await OpenVersionAsync(upload, cancellation))?.Content;

    /// <summary>As <see cref="OpenAsync"/>, from a place on, with the time when the version was written.</summary>
    public async Task<(Stream Content, DateTimeOffset ModifiedAt)?> OpenVersionAsync(Upload upload, CancellationToken cancellation, long from = 0)
    {
        ArgumentNullException.ThrowIfNull(upload);
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        try
        {
            RangeReadStream stream = await RangeReadStream.OpenAsync(
                container.GetBlobClient(upload.Path), new ETag(Quoted(upload.ETag)), RangeReadStream.LargestRead, cancellation, from);
            return (new PinnedStream(stream, upload), stream.LastModified);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ListedUpload> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        await foreach (BlobItem blob in container.ListAsync(prefix, cancellation))
        {
            yield return new ListedUpload(
                new Upload(blob.Name, Bare(blob.Properties.ETag!.Value)), blob.Properties.ContentLength ?? 0, blob.Properties.LastModified ?? default);
        }
    }

    /// <summary>An ETag without its quotes, as <see cref="Upload"/> keeps it: services differ in whether they write them.</summary>
    public static string Bare(ETag etag) => etag.ToString().Trim('"');

    private static string Quoted(string bare) => $"\"{bare}\"";
}
