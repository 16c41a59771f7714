using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Storage.Models;

/// <summary>The <c>models</c> container: <c>{pipeline}/{version}/model.onnx</c> and <c>model.json</c>, <c>{pipeline}/runs/{runId}/{candidate}.onnx</c> and <c>search.json</c>, <c>{pipeline}/incoming/</c> for models made elsewhere.</summary>
public sealed class ModelsContainer(BlobServiceClient service) : IModelStore
{
    /// <summary>Name of the container.</summary>
    public const string Name = "models";

    private readonly LazyContainer _container = new(service, Name);

    /// <inheritdoc/>
    public async Task<string> SaveCandidateAsync(string pipeline, string runId, string candidate, ReadOnlyMemory<byte> onnx, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        string id = ContentAddress.Of(onnx.Span);

        // Overwritten, not kept: an activity that ran twice made the same bytes, and one killed half-way left none.
        await container.GetBlobClient(CandidatePath(pipeline, runId, candidate)).UploadAsync(BinaryData.FromBytes(onnx), overwrite: true, cancellation);
        return id;
    }

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>> LoadCandidateAsync(string pipeline, string runId, string candidate, string modelId, CancellationToken cancellation) =>
        LoadAsync(CandidatePath(pipeline, runId, candidate), modelId, cancellation);

    /// <inheritdoc/>
    public async Task SaveVersionAsync(string pipeline, int version, ReadOnlyMemory<byte> onnx, ModelCard card, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        string path = $"{pipeline}/{version}/model.onnx";
        await BlobWrites.CreateAsync(container.GetBlobClient(path), BinaryData.FromBytes(onnx), "application/octet-stream", cancellation);
        try
        {
            await LoadAsync(path, card.ModelId, cancellation);
        }
        catch (InvalidDataException)
        {
            // Somebody changed what was there; a training that made the same model again puts it right.
            await container.GetBlobClient(path).UploadAsync(BinaryData.FromBytes(onnx), overwrite: true, cancellation);
        }

        var json = BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(card, MlopsJson.Indented));
        await BlobWrites.CreateAsync(container.GetBlobClient($"{pipeline}/{version}/model.json"), json, "application/json", cancellation);
    }

    /// <inheritdoc/>
    public Task<ModelCard?> LoadCardAsync(string pipeline, int version, CancellationToken cancellation) =>
        BlobReads.FindJsonAsync<ModelCard>(_container, $"{pipeline}/{version}/model.json", cancellation);

    /// <inheritdoc/>
    public async Task<string> SaveSearchAsync(string pipeline, string runId, SearchRecord search, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        string path = SearchPath(pipeline, runId);
        var json = BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(search, MlopsJson.Indented));
        await BlobWrites.CreateAsync(container.GetBlobClient(path), json, "application/json", cancellation);
        return $"{Name}/{path}";
    }

    /// <inheritdoc/>
    public Task<SearchRecord?> LoadSearchAsync(string pipeline, string runId, CancellationToken cancellation) =>
        BlobReads.FindJsonAsync<SearchRecord>(_container, SearchPath(pipeline, runId), cancellation);

    /// <inheritdoc/>
    public async Task DeleteModelAsync(string pipeline, ModelVersion version, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        await container.GetBlobClient(CandidatePath(pipeline, version.RunId, version.Candidate)).DeleteIfExistsAsync(cancellationToken: cancellation);
        await container.GetBlobClient($"{pipeline}/{version.Version}/model.onnx").DeleteIfExistsAsync(cancellationToken: cancellation);
    }

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>> LoadModelAsync(string pipeline, int version, ModelCard card, CancellationToken cancellation) =>
        LoadAsync($"{pipeline}/{version}/model.onnx", card.ModelId, cancellation);

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>?> LoadIncomingAsync(string pipeline, string name, string etag, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        BlobClient blob = container.GetBlobClient($"{pipeline}/incoming/{name}");
        var unchanged = new BlobRequestConditions { IfMatch = new ETag(etag) };
        try
        {
            BlobProperties properties = await blob.GetPropertiesAsync(unchanged, cancellation);
            if (properties.ContentLength > OnnxModel.MaxBytes)
            {
                throw new InvalidDataException($"Blob '{Name}/{blob.Name}' has {properties.ContentLength} bytes; a model may have at most {OnnxModel.MaxBytes}.");
            }

            BlobDownloadResult found = await blob.DownloadContentAsync(new BlobDownloadOptions { Conditions = unchanged }, cancellation);
            return found.Content.ToMemory();
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412 or 304)
        {
            return null;
        }
    }

    private async Task<ReadOnlyMemory<byte>> LoadAsync(string path, string modelId, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        BlobDownloadResult found = await container.GetBlobClient(path).DownloadContentAsync(cancellation);
        ReadOnlyMemory<byte> bytes = found.Content.ToMemory();
        string id = ContentAddress.Of(bytes.Span);
        return id == modelId
            ? bytes
            : throw new InvalidDataException($"Blob '{Name}/{path}' has SHA-256 {id}, expected {modelId}: it was changed after it was written. Restore it, or train again.");
    }

    private static string SearchPath(string pipeline, string runId) => $"{pipeline}/runs/{runId}/search.json";

    private static string CandidatePath(string pipeline, string runId, string candidate) => $"{pipeline}/runs/{runId}/{candidate}.onnx";
}
