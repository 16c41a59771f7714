using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.Core.Scoring.Predictions;

namespace ServerlessMlops.Storage.Predictions;

/// <summary>The <c>predictions</c> container; see <see cref="PredictionSegmentName"/> for its paths.</summary>
public sealed class PredictionsContainer(BlobServiceClient service) : IPredictionStore, IPredictionRetention
{
    /// <summary>Name of the container.</summary>
    public const string Name = "predictions";

    private readonly BlobContainerClient _container = service.GetBlobContainerClient(Name);
    private volatile bool _exists;

    /// <inheritdoc/>
    public async Task WriteAsync(PredictionSegmentName name, ReadOnlyMemory<byte> lines, ReadOnlyMemory<byte> index, CancellationToken cancellation)
    {
        if (!_exists)
        {
            await _container.CreateIfNotExistsAsync(cancellationToken: cancellation);
            _exists = true;
        }

        // No other process has these names: what stands is what an earlier try wrote, whose answer was lost.
        await BlobWrites.CreateAsync(_container.GetBlobClient(name.LinesPath), BinaryData.FromBytes(lines), "application/x-ndjson", cancellation);
        await BlobWrites.CreateAsync(_container.GetBlobClient(name.IndexPath), BinaryData.FromBytes(index), "text/plain; charset=utf-8", cancellation);
    }

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>?> ReadIndexAsync(PredictionSegmentName name, CancellationToken cancellation) =>
        ReadAsync(name.IndexPath, default, cancellation);

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>?> ReadLineAsync(PredictionSegmentName name, PredictionLine line, CancellationToken cancellation) =>
        ReadAsync(name.LinesPath, new HttpRange(line.Offset, line.Length), cancellation);

    /// <inheritdoc/>
    public async Task<Stream?> OpenLinesAsync(PredictionSegmentName name, CancellationToken cancellation)
    {
        try
        {
            return await _container.GetBlobClient(name.LinesPath).OpenReadAsync(cancellationToken: cancellation);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>?> ReadLinesAsync(PredictionSegmentName name, CancellationToken cancellation) =>
        ReadAsync(name.LinesPath, default, cancellation);

    /// <inheritdoc/>
    public async IAsyncEnumerable<PredictionSegmentName> ListAsync(
        string pipeline, DateTimeOffset hour, [EnumeratorCancellation] CancellationToken cancellation)
    {
        IAsyncEnumerator<BlobItem> blobs = _container
            .ListAsync(PredictionSegmentName.HourPrefix(pipeline, hour), cancellation).GetAsyncEnumerator(cancellation);
        await using (blobs)
        {
            while (await MoveNextAsync(blobs))
            {
                if (PredictionSegmentName.TryParseIndexPath(blobs.Current.Name, out PredictionSegmentName name))
                {
                    yield return name;
                }
            }
        }
    }

    /// <inheritdoc/>
    public async Task<int> DeleteBeforeAsync(string pipeline, DateTimeOffset time, CancellationToken cancellation)
    {
        int deleted = 0;
        IAsyncEnumerator<BlobItem> blobs = _container.ListAsync(pipeline + "/", cancellation).GetAsyncEnumerator(cancellation);
        await using (blobs)
        {
            // Names sort by their hour, so the first that is young enough ends the search.
            while (await MoveNextAsync(blobs))
            {
                DateTimeOffset? hour = PredictionSegmentName.HourOf(blobs.Current.Name);
                if (hour?.AddHours(1) > time)
                {
                    break;
                }

                if (hour is not null)
                {
                    await _container.DeleteBlobIfExistsAsync(blobs.Current.Name, cancellationToken: cancellation);
                    deleted++;
                }
            }
        }

        return deleted;
    }

    // A container that nothing was ever written to lists as an empty one.
    private static async ValueTask<bool> MoveNextAsync(IAsyncEnumerator<BlobItem> blobs)
    {
        try
        {
            return await blobs.MoveNextAsync();
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return false;
        }
    }

    private async Task<ReadOnlyMemory<byte>?> ReadAsync(string path, HttpRange range, CancellationToken cancellation) =>
        (await BlobReads.FindAsync(_container.GetBlobClient(path), cancellation, new BlobDownloadOptions { Range = range }))?.Content.ToMemory();
}
