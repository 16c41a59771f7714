using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Profiling;

namespace ServerlessMlops.Storage.Datasets;

/// <summary>
/// The <c>datasets</c> container. A batch: <c>{p}/batches/{id}/part.arrow</c>, <c>rejected.csv</c>, <c>profile.json</c> and last of all
/// <c>batch.json</c>. A data set: <c>{p}/{id}/manifest.json</c> and <c>outcome.json</c>.
/// </summary>
public sealed class DatasetsContainer(BlobServiceClient service) : IDatasetStore
{
    /// <summary>Name of the container.</summary>
    public const string Name = "datasets";

    private const int ReadsAtOnce = 16;
    private const string Received = "received";

    private readonly LazyContainer _container = new(service, Name);

    /// <inheritdoc/>
    public async Task<IPartDraft> BeginPartAsync(string pipeline, CancellationToken cancellation) =>
        new PartDraft(await _container.OpenAsync(cancellation), pipeline, cancellation);

    /// <inheritdoc/>
    public async Task SaveBatchAsync(
        string pipeline, BatchSummary batch, DatasetProfile profile, IPartDraft part, Stream rejected, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        string folder = Folder(pipeline, batch.BatchId);
        await ((PartDraft)part).KeepAsync(container.GetBlobClient($"{folder}/part.arrow"));
        await UploadAsync(container.GetBlobClient($"{folder}/rejected.csv"), rejected, "text/csv", cancellation);
        await CreateJsonAsync($"{folder}/profile.json", profile, cancellation);
        await CreateJsonAsync(
            $"{folder}/batch.json", batch, cancellation, new Dictionary<string, string> { [Received] = batch.ReceivedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture) });
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BatchSummary>> ListBatchesAsync(string pipeline, CancellationToken cancellation)
    {
        var batches = new ConcurrentBag<BatchSummary>();
        await Parallel.ForEachAsync(
            await ListSummariesAsync(pipeline, cancellation),
            new ParallelOptions { MaxDegreeOfParallelism = ReadsAtOnce, CancellationToken = cancellation },
            async (blob, token) =>
            {
                if (await ReadJsonAsync<BatchSummary>(blob.Name, token) is { } batch)
                {
                    batches.Add(batch);
                }
            });
        return [.. batches.OrderBy(b => b.ReceivedAt).ThenBy(b => b.BatchId, StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public async Task<BatchSummary?> GetNewestBatchAsync(string pipeline, CancellationToken cancellation)
    {
        // Round-trip timestamps of UTC sort as text.
        BlobItem? newest = (await ListSummariesAsync(pipeline, cancellation)).MaxBy(blob => blob.Metadata[Received], StringComparer.Ordinal);
        return newest is null ? null : await ReadJsonAsync<BatchSummary>(newest.Name, cancellation);
    }

    /// <inheritdoc/>
    public Task<BatchSummary?> GetBatchAsync(string pipeline, string batchId, CancellationToken cancellation) =>
        ReadJsonAsync<BatchSummary>($"{Folder(pipeline, batchId)}/batch.json", cancellation);

    /// <inheritdoc/>
    public Task<DatasetProfile?> GetProfileAsync(string pipeline, string batchId, CancellationToken cancellation) =>
        ReadJsonAsync<DatasetProfile>($"{Folder(pipeline, batchId)}/profile.json", cancellation);

    /// <inheritdoc/>
    public Task SaveManifestAsync(string pipeline, string datasetId, DatasetManifest manifest, CancellationToken cancellation) =>
        CreateJsonAsync($"{pipeline}/{datasetId}/manifest.json", manifest, cancellation);

    /// <inheritdoc/>
    public Task<DatasetManifest?> GetManifestAsync(string pipeline, string datasetId, CancellationToken cancellation) =>
        ReadJsonAsync<DatasetManifest>($"{pipeline}/{datasetId}/manifest.json", cancellation);

    /// <inheritdoc/>
    public async Task<ColumnTable> ReadAsync(string pipeline, DatasetManifest manifest, IReadOnlyCollection<string>? columns, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        return await DatasetReader.ReadAsync(
            manifest,
            async (batchId, token) => await RangeReadStream.OpenAsync(container.GetBlobClient($"{Folder(pipeline, batchId)}/part.arrow"), null, RangeReadStream.SmallestRead, token),
            columns,
            cancellation);
    }

    /// <inheritdoc/>
    public Task<DatasetOutcome?> GetOutcomeAsync(string pipeline, string datasetId, CancellationToken cancellation) =>
        ReadJsonAsync<DatasetOutcome>($"{pipeline}/{datasetId}/outcome.json", cancellation);

    /// <inheritdoc/>
    public Task SaveOutcomeAsync(string pipeline, string datasetId, DatasetOutcome outcome, CancellationToken cancellation) =>
        CreateJsonAsync($"{pipeline}/{datasetId}/outcome.json", outcome, cancellation);

    /// <inheritdoc/>
    public async Task ForgetOutcomeAsync(string pipeline, string datasetId, CancellationToken cancellation) =>
        await (await _container.OpenAsync(cancellation)).GetBlobClient($"{pipeline}/{datasetId}/outcome.json").DeleteIfExistsAsync(cancellationToken: cancellation);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> ListDatasetsAsync(string pipeline, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        var ids = new List<string>();
        await foreach (BlobHierarchyItem item in container.ListLevelAsync($"{pipeline}/", cancellation))
        {
            if (item.IsPrefix && item.Prefix.Split('/')[1] is { Length: ContentAddress.Length } id)
            {
                ids.Add(id);
            }
        }

        return ids;
    }

    private static string Folder(string pipeline, string batchId) => $"{pipeline}/batches/{batchId}";

    private async Task<List<BlobItem>> ListSummariesAsync(string pipeline, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        var blobs = new List<BlobItem>();
        await foreach (BlobItem blob in container.ListAsync($"{pipeline}/batches/", cancellation, BlobTraits.Metadata))
        {
            if (blob.Name.EndsWith("/batch.json", StringComparison.Ordinal))
            {
                blobs.Add(blob);
            }
        }

        return blobs;
    }

    private static Task UploadAsync(BlobClient blob, Stream content, string contentType, CancellationToken cancellation)
    {
        content.Seek(0, SeekOrigin.Begin);
        return BlobWrites.CreateAsync(blob, content, contentType, cancellation);
    }

    private async Task CreateJsonAsync<T>(string path, T value, CancellationToken cancellation, IDictionary<string, string>? metadata = null)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        var json = BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(value, MlopsJson.Indented));
        await BlobWrites.CreateAsync(container.GetBlobClient(path), json, "application/json", cancellation, metadata);
    }

    private Task<T?> ReadJsonAsync<T>(string path, CancellationToken cancellation)
        where T : class => BlobReads.FindJsonAsync<T>(_container, path, cancellation);
}
