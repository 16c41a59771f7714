using System.Text.Json;
using Azure.Storage.Blobs;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Evaluation;

namespace ServerlessMlops.Storage.Models;

/// <summary>Evaluations in the <c>models</c> container: <c>{pipeline}/{version}/evaluation.json</c> and <c>{pipeline}/runs/{runId}/evaluation.json</c>.</summary>
public sealed class EvaluationBlobs(BlobServiceClient service) : IEvaluationStore
{
    private readonly LazyContainer _container = new(service, ModelsContainer.Name);

    /// <inheritdoc/>
    public Task SaveRunAsync(string pipeline, string runId, EvaluationReport report, CancellationToken cancellation) => SaveAsync(OfRun(pipeline, runId), report, cancellation);

    /// <inheritdoc/>
    public Task SaveVersionAsync(string pipeline, int version, EvaluationReport report, CancellationToken cancellation) => SaveAsync(OfVersion(pipeline, version), report, cancellation);

    /// <inheritdoc/>
    public Task<EvaluationReport?> LoadRunAsync(string pipeline, string runId, CancellationToken cancellation) => LoadAsync(OfRun(pipeline, runId), cancellation);

    /// <inheritdoc/>
    public Task<EvaluationReport?> LoadVersionAsync(string pipeline, int version, CancellationToken cancellation) => LoadAsync(OfVersion(pipeline, version), cancellation);

    private static string OfRun(string pipeline, string runId) => $"{pipeline}/runs/{runId}/evaluation.json";

    private static string OfVersion(string pipeline, int version) => $"{pipeline}/{version}/evaluation.json";

    private async Task SaveAsync(string path, EvaluationReport report, CancellationToken cancellation)
    {
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        var json = BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(report, MlopsJson.Indented));
        await BlobWrites.CreateAsync(container.GetBlobClient(path), json, "application/json", cancellation);
    }

    private Task<EvaluationReport?> LoadAsync(string path, CancellationToken cancellation) => BlobReads.FindJsonAsync<EvaluationReport>(_container, path, cancellation);
}
