using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Datasets;

namespace ServerlessMlops.Storage.Datasets;

/// <summary>Reports on uploads in the <c>datasets</c> container: <c>{p}/uploads/{runId}/report.json</c>, and <c>rejected.csv</c> of those that made no batch.</summary>
public sealed class UploadReports(BlobServiceClient service) : IUploadReports
{
    private readonly LazyContainer _container = new(service, DatasetsContainer.Name);

    /// <inheritdoc/>
    public async Task<UploadReport> SaveAsync(UploadReport report, Stream? rejected, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(report);
        BlobContainerClient container = await _container.OpenAsync(cancellation);
        string folder = Folder(report.Upload.Pipeline, report.Upload.RunId);
        if (rejected is not null)
        {
            rejected.Seek(0, SeekOrigin.Begin);
            report = report with { RejectedRows = $"{folder}/rejected.csv" };
            await PutAsync(container, report.RejectedRows, rejected, "text/csv", cancellation);
        }
        else if (report is { BatchId: { } batchId, RowsRejected: > 0 })
        {
            report = report with { RejectedRows = $"{report.Upload.Pipeline}/batches/{batchId}/rejected.csv" };
        }

        var json = BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(report, MlopsJson.Indented));
        await PutAsync(container, $"{folder}/report.json", json.ToStream(), "application/json", cancellation);
        return report;
    }

    /// <inheritdoc/>
    public Task<UploadReport?> LoadAsync(string pipeline, string runId, CancellationToken cancellation) =>
        BlobReads.FindJsonAsync<UploadReport>(_container, $"{Folder(pipeline, runId)}/report.json", cancellation);

    private static string Folder(string pipeline, string runId) => $"{pipeline}/uploads/{runId}";

    // Overwritten, not kept: a retry, or the same version of the file under a corrected spec, has the last word, as on the run.
    private static Task PutAsync(BlobContainerClient container, string path, Stream content, string contentType, CancellationToken cancellation) =>
        container.GetBlobClient(path).UploadAsync(content, new BlobUploadOptions { HttpHeaders = new BlobHttpHeaders { ContentType = contentType } }, cancellation);
}
