using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Telemetry;
using ServerlessMlops.Functions.Hosting;

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
        if (await ArrivedBlob.FindAsync(blob, cancellation) is not { } arrived)
        {
            return;
        }

        var upload = new Upload(path, arrived.ETag);
        MlopsTelemetry.UploadSeen(upload.Pipeline, time.GetUtcNow() - arrived.ModifiedAt);
        await durable.StartOnceAsync(nameof(IngestionOrchestrator), upload.RunId, new IngestionInput(upload, Attempt: 1), cancellation);
    }
}
