using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Telemetry;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Storage.Uploads;

namespace ServerlessMlops.Functions.Ingestion;

/// <summary>A file was dropped under <c>uploads/</c>: starts its ingestion. Events may come twice, late, or for a version that is gone; all are harmless.</summary>
public sealed class UploadArrived(TimeProvider time)
{
    /// <summary>The trigger. The first segment of <paramref name="path"/> is the pipeline; sub-folders below it are the user's own.</summary>
    [Function("UploadArrived")]
    public async Task Run(
        [BlobTrigger("uploads/{path}", Connection = StorageServices.Setting, Source = BlobTriggerSource.EventGrid)] BlobClient blob,
        string path,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation)
    {
        Azure.Response<BlobProperties> properties;
        try
        {
            properties = await blob.GetPropertiesAsync(cancellationToken: cancellation);
        }
        catch (Azure.RequestFailedException e) when (e.Status == 404)
        {
            // Deleted between the event and now: there is nothing to ingest, and nothing was promised.
            return;
        }

        var upload = new Upload(path, UploadsContainer.Bare(properties.Value.ETag));
        MlopsTelemetry.UploadSeen(upload.Pipeline, time.GetUtcNow() - properties.Value.LastModified);
        await durable.StartOnceAsync(nameof(IngestionOrchestrator), upload.RunId, new IngestionInput(upload, Attempt: 1), cancellation);
    }
}
