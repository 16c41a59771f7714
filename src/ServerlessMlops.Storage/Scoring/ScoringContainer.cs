using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Scoring.Bulk;
using ServerlessMlops.Storage.Uploads;

namespace ServerlessMlops.Storage.Scoring;

/// <summary>The <c>scoring</c> container. An answer is a block blob whose blocks are staged piece by piece and seen only once they are committed, all at once.</summary>
public sealed class ScoringContainer(BlobServiceClient service) : IBulkStore
{
    /// <summary>Name of the container.</summary>
    public const string Name = "scoring";

    private const string FileETag = "file_etag";
    private const string ModelVersion = "version";
    private const string AnsweredAt = "answered_at";

    private readonly LazyContainer _container = new(service, Name);
    private readonly UploadsContainer _files = new(service, Name);

    /// <inheritdoc/>
    public async Task<Stream?> OpenAsync(Upload file, long offset, CancellationToken cancellation) => (await _files.OpenVersionAsync(file, cancellation, offset))?.Content;

    /// <inheritdoc/>
    public async Task StageAsync(BulkJob job, int piece, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        BlockBlobClient answer = await AnswerAsync(job, cancellation);
        using var stream = new MemoryStream(content.ToArray(), writable: false);
        await answer.StageBlockAsync(BlockId(job, piece), stream, cancellationToken: cancellation);
    }

    /// <inheritdoc/>
    public async Task<DateTimeOffset?> CommitAsync(BulkJob job, int pieces, DateTimeOffset at, CancellationToken cancellation)
    {
        BlockBlobClient answer = await AnswerAsync(job, cancellation);
        string version = job.Version.ToString(CultureInfo.InvariantCulture);
        while (true)
        {
            BlobProperties? there = await PropertiesAsync(answer, cancellation);
            DateTimeOffset answeredAt = there is not null && there.Metadata.TryGetValue(FileETag, out string? etag) && etag == job.File.ETag
                && there.Metadata.TryGetValue(ModelVersion, out string? by) && by == version && there.Metadata.TryGetValue(AnsweredAt, out string? before)
                ? DateTimeOffset.ParseExact(before, "O", CultureInfo.InvariantCulture)
                : at;
            try
            {
                await answer.CommitBlockListAsync(
                    Enumerable.Range(0, pieces).Select(piece => BlockId(job, piece)),
                    new CommitBlockListOptions
                    {
                        HttpHeaders = new BlobHttpHeaders { ContentType = job.Format == BulkFormat.Csv ? "text/csv; charset=utf-8" : "application/x-ndjson" },
                        Metadata = new Dictionary<string, string>
                        {
                            [FileETag] = job.File.ETag, [ModelVersion] = version, [AnsweredAt] = answeredAt.ToString("O", CultureInfo.InvariantCulture),
                        },
                        Conditions = there is null ? new BlobRequestConditions { IfNoneMatch = ETag.All } : new BlobRequestConditions { IfMatch = there.ETag },
                    },
                    cancellation);
                return answeredAt;
            }
            catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.InvalidBlockList)
            {
                // Blocks that are not in a commit are thrown away with it: another version of the file was answered first.
                return null;
            }
            catch (RequestFailedException e) when (e.Status == 412 || e.ErrorCode == BlobErrorCode.BlobAlreadyExists)
            {
                // Another try was faster. Whose answer it is, and when it came, is read again.
            }
        }
    }

    /// <inheritdoc/>
    public async Task WriteSummaryAsync(BulkJob job, ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        await container.GetBlobClient(BulkAnswer.SummaryPathOf(job.File.Path)).UploadAsync(
            BinaryData.FromBytes(json), new BlobUploadOptions { HttpHeaders = new BlobHttpHeaders { ContentType = "application/json" } }, cancellation);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ListedUpload> ListAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (ListedUpload file in _files.ListAsync("", cancellation))
        {
            if (!BulkAnswer.IsAnswer(file.Upload.Path))
            {
                yield return file;
            }
        }
    }

    private async Task<BlockBlobClient> AnswerAsync(BulkJob job, CancellationToken cancellation) =>
        (await _container.OpenAsync(cancellation)).GetBlockBlobClient(BulkAnswer.PathOf(job.File.Path, job.Format));

    private static async Task<BlobProperties?> PropertiesAsync(BlockBlobClient answer, CancellationToken cancellation)
    {
        try
        {
            return await answer.GetPropertiesAsync(cancellationToken: cancellation);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }

    // Ids of one blob have one length.
    private static string BlockId(BulkJob job, int piece) => Convert.ToBase64String(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{job.Instance}-{piece:D8}")));
}
