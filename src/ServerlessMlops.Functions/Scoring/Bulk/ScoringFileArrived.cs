using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Scoring.Bulk;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Scoring.Bulk;

/// <summary>Starts the scoring of files that are dropped under <c>scoring/</c>. Events may come twice, late, or not at all; all are harmless.</summary>
public sealed class ScoringFileArrived(IBulkStore files, IRunLog runs, TimeProvider time)
{
    /// <summary>How far back the daily look for files whose event was lost goes.</summary>
    public static readonly TimeSpan LookBack = TimeSpan.FromDays(2);

    /// <summary>The trigger. The first segment of <paramref name="path"/> is the pipeline.</summary>
    [Function("ScoringFileArrived")]
    public async Task Run(
        [BlobTrigger("scoring/{path}", Connection = StorageServices.Setting, Source = BlobTriggerSource.EventGrid)] BlobClient blob,
        string path,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation)
    {
        if (!BulkAnswer.IsAnswer(path) && await ArrivedBlob.FindAsync(blob, cancellation) is { } arrived)
        {
            await StartAsync(new BulkInput(new Upload(path, arrived.ETag), Attempt: 1), durable, cancellation);
        }
    }

    /// <summary>Once a day: files of the last days whose event was lost.</summary>
    [Function("ReconcileScoring")]
    public async Task Reconcile([TimerTrigger("0 40 4 * * *")] TimerInfo timer, [DurableClient] DurableTaskClient durable, CancellationToken cancellation)
    {
        DateTimeOffset since = time.GetUtcNow() - LookBack;
        await foreach (ListedUpload listed in files.ListAsync(cancellation))
        {
            Upload file = listed.Upload;
            if (listed.ModifiedAt >= since && await runs.GetAsync(file.Pipeline, BulkOrchestrator.RunIdOf(file), cancellation) is null)
            {
                await StartAsync(new BulkInput(file, Attempt: 1), durable, cancellation);
            }
        }
    }

    /// <summary>Starts the scoring of a version of a file, once an attempt.</summary>
    internal static Task<bool> StartAsync(BulkInput input, DurableTaskClient durable, CancellationToken cancellation) =>
        durable.StartOnceAsync(nameof(BulkOrchestrator), BulkOrchestrator.InstanceId(input), input, cancellation);
}
