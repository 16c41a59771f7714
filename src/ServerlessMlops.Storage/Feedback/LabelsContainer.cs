using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Storage.Uploads;

namespace ServerlessMlops.Storage.Feedback;

/// <summary>The <c>labels</c> container: <c>{pipeline}/...</c>.</summary>
public sealed class LabelsContainer(BlobServiceClient service) : ILabelStore
{
    /// <summary>Name of the container.</summary>
    public const string Name = "labels";

    private readonly LazyContainer _container = new(service, Name);
    private readonly UploadsContainer _files = new(service, Name);

    /// <inheritdoc/>
    public Task<(Stream Content, DateTimeOffset ArrivedAt)?> OpenAsync(Upload labels, CancellationToken cancellation) => _files.OpenVersionAsync(labels, cancellation);

    /// <inheritdoc/>
    public async Task<Upload> PutAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        BlobClient blob = container.GetBlobClient(path);
        await BlobWrites.CreateAsync(blob, BinaryData.FromBytes(content), "application/octet-stream", cancellation);
        BlobProperties properties = await blob.GetPropertiesAsync(cancellationToken: cancellation);
        return new Upload(path, UploadsContainer.Bare(properties.ETag));
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ListedUpload> ListAsync(CancellationToken cancellation) => _files.ListAsync("", cancellation);
}
