using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Ingestion;

namespace ServerlessMlops.Functions.Pipelines;

/// <summary>
/// A spec was written into the <c>pipelines</c> container: a new version in the ledger, and uploads that waited for it go on. The same as a PUT over
/// HTTP, except that nobody is there to be told of faults: those are on the runs of the uploads that wait for it, and in the log.
/// </summary>
public sealed partial class SpecArrived(SpecChanges changes, UploadReconciler reconciler, ILogger<SpecArrived> logger)
{
    /// <summary>The trigger. Only <c>{pipeline}.yaml</c> is a spec in force; kept versions lie in folders.</summary>
    [Function("SpecArrived")]
    public async Task Run(
        [BlobTrigger("pipelines/{path}", Connection = StorageServices.Setting, Source = BlobTriggerSource.EventGrid)] BlobClient blob,
        string path,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation)
    {
        if (path.Contains('/') || !path.EndsWith(".yaml", StringComparison.Ordinal))
        {
            return;
        }

        string pipeline = path[..^".yaml".Length];
        if (!PipelineName.IsValid(pipeline))
        {
            LogName(logger, path, PipelineName.Rule);
            return;
        }

        try
        {
            if (await changes.RecordAsync(pipeline, cancellation) is not null)
            {
                await reconciler.ReconcileAsync($"{pipeline}/", durable, cancellation);
            }
        }
        catch (SpecFaultException fault)
        {
            LogFault(logger, fault.Message);
        }
    }

    [LoggerMessage(EventId = 110, Level = LogLevel.Warning, Message = "The spec pipelines/{Path} names no pipeline: before '.yaml' comes {Rule}.")]
    private static partial void LogName(ILogger logger, string path, string rule);

    [LoggerMessage(EventId = 111, Level = LogLevel.Warning, Message = "{Fault}")]
    private static partial void LogFault(ILogger logger, string fault);
}
