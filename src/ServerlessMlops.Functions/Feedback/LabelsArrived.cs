using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Storage.Feedback;

namespace ServerlessMlops.Functions.Feedback;

/// <summary>Starts the joining of files that are dropped under <c>labels/</c>. Events may come twice, late, or not at all; all are harmless.</summary>
public sealed class LabelsArrived(ILabelStore labels, IRunLog runs, TimeProvider time)
{
    /// <summary>How long a file whose labels found no prediction is tried again, once a day: its predictions may have been logged late.</summary>
    public static readonly TimeSpan TryAgain = TimeSpan.FromDays(2);

    /// <summary>The trigger. The first segment of <paramref name="path"/> is the pipeline.</summary>
    [Function("LabelsArrived")]
    public async Task Run(
        [BlobTrigger("labels/{path}", Connection = StorageServices.Setting, Source = BlobTriggerSource.EventGrid)] BlobClient blob,
        string path,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation)
    {
        // Once somebody has filled in a request where it stands, its mark is gone and it is an answer.
        if (await ArrivedBlob.FindAsync(blob, cancellation) is { IsLabelRequest: false } arrived)
        {
            await StartAsync(new Upload(path, arrived.ETag), durable, cancellation);
        }
    }

    /// <summary>Once a day: files of the last days whose event was lost, or some of whose labels found no prediction.</summary>
    [Function("ReconcileLabels")]
    public async Task Reconcile([TimerTrigger("0 10 4 * * *")] TimerInfo timer, [DurableClient] DurableTaskClient durable, CancellationToken cancellation)
    {
        DateTimeOffset since = time.GetUtcNow() - TryAgain;
        await foreach (ListedUpload listed in labels.ListAsync(cancellation))
        {
            // Of requests the listing does not say whether they are answered; who fills one in where it stands relies on its event.
            if (listed.ModifiedAt < since || LabelRequestsContainer.IsRequestPath(listed.Upload.Path))
            {
                continue;
            }

            Upload file = listed.Upload;
            Run? run = await runs.GetAsync(file.Pipeline, LabelsOrchestrator.RunIdOf(file), cancellation);
            if (run is null)
            {
                await StartAsync(file, durable, cancellation);
            }
            else if (run is { IsEnded: true } && run.Outputs.Any(o => o is { Kind: "unknown", Id: not "0" }))
            {
                LabelsInput again = LabelsOrchestrator.Again(run, file);
                await durable.StartOnceAsync(nameof(LabelsOrchestrator), LabelsOrchestrator.InstanceId(again), again, cancellation);
            }
        }
    }

    /// <summary>Starts the joining of a version of a file, once.</summary>
    internal static Task<bool> StartAsync(Upload file, DurableTaskClient durable, CancellationToken cancellation)
    {
        var input = new LabelsInput(file, Attempt: 1);
        return durable.StartOnceAsync(nameof(LabelsOrchestrator), LabelsOrchestrator.InstanceId(input), input, cancellation);
    }
}
