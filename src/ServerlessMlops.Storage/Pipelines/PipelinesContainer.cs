using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Storage.Uploads;

namespace ServerlessMlops.Storage.Pipelines;

/// <summary>The <c>pipelines</c> container.</summary>
public sealed class PipelinesContainer(BlobServiceClient service) : IPipelineStore
{
    /// <summary>Name of the container.</summary>
    public const string Name = "pipelines";

    private const string PutBy = "putby";
    private const string ContentType = "application/yaml";

    private readonly LazyContainer _container = new(service, Name);

    /// <inheritdoc/>
    public Task<StoredSpec?> GetAsync(string pipeline, CancellationToken cancellation) => ReadAsync(pipeline, $"{pipeline}.yaml", cancellation);

    /// <inheritdoc/>
    public Task<StoredSpec?> GetVersionAsync(string pipeline, string specHash, CancellationToken cancellation) =>
        ReadAsync(pipeline, VersionPath(pipeline, specHash), cancellation);

    /// <inheritdoc/>
    public async Task KeepVersionAsync(string pipeline, string specHash, string yaml, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        await BlobWrites.CreateAsync(container.GetBlobClient(VersionPath(pipeline, specHash)), BinaryData.FromString(yaml), ContentType, cancellation);
    }

    /// <inheritdoc/>
    public async Task<string?> PutAsync(string pipeline, string yaml, string? ifMatch, string actor, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        var options = new BlobUploadOptions
        {
            HttpHeaders = new BlobHttpHeaders { ContentType = ContentType },
            // Metadata travels as an HTTP header, which takes ASCII only.
            Metadata = new Dictionary<string, string> { [PutBy] = Uri.EscapeDataString(actor) },
        };
        if (ifMatch is not null)
        {
            options.Conditions = new BlobRequestConditions { IfMatch = new ETag($"\"{ifMatch}\"") };
        }

        try
        {
            BlobContentInfo written = await container.GetBlobClient($"{pipeline}.yaml").UploadAsync(BinaryData.FromString(yaml), options, cancellation);
            return UploadsContainer.Bare(written.ETag);
        }
        catch (RequestFailedException e) when (e.Status == 412)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        await foreach (BlobHierarchyItem item in container.ListLevelAsync(null, cancellation))
        {
            if (item.IsBlob && item.Blob.Name.EndsWith(".yaml", StringComparison.Ordinal) && PipelineName.IsValid(item.Blob.Name[..^5]))
            {
                yield return item.Blob.Name[..^5];
            }
        }
    }

    private static string VersionPath(string pipeline, string specHash) => $"{pipeline}/specs/{specHash}.yaml";

    private async Task<StoredSpec?> ReadAsync(string pipeline, string path, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        return await BlobReads.FindAsync(container.GetBlobClient(path), cancellation) is not { } found ? null
            : new StoredSpec(pipeline, found.Content.ToString(), UploadsContainer.Bare(found.Details.ETag))
            {
                PutBy = found.Details.Metadata.TryGetValue(PutBy, out string? actor) ? Uri.UnescapeDataString(actor) : null,
            };
    }
}
