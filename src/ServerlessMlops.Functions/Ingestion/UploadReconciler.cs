using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Training;

namespace ServerlessMlops.Functions.Ingestion;

/// <summary>
/// Starts what lost triggers missed: ingestions of uploads that have no run, of uploads that waited for a spec which has arrived, and trainings
/// that were asked for by somebody who died before starting them.
/// </summary>
public sealed class UploadReconciler(IUploadStore uploads, IRunLog runs, IPipelineStore pipelines, ITrainingRequests requests, TimeProvider time)
{
    /// <summary>How far back the frequent sweep looks; the daily one looks at everything.</summary>
    public static readonly TimeSpan FrequentSweep = TimeSpan.FromHours(1);

    /// <summary>The frequent sweep: uploads of the last hour, and trainings.</summary>
    [Function("Reconcile")]
    public async Task Frequent([TimerTrigger("%RECONCILE_SCHEDULE%")] TimerInfo timer, [DurableClient] DurableTaskClient durable, CancellationToken cancellation)
    {
        await foreach ((string pipeline, TrainingRequest request) in requests.ListRunningAsync(cancellation))
        {
            await TrainingRequests.EnsureStartedAsync(pipeline, request, durable, cancellation);
        }

        await ReconcileAsync("", durable, cancellation, since: time.GetUtcNow() - FrequentSweep);
    }

    /// <summary>The whole sweep, daily.</summary>
    [Function("ReconcileAll")]
    public Task Daily([TimerTrigger("0 30 3 * * *")] TimerInfo timer, [DurableClient] DurableTaskClient durable, CancellationToken cancellation) =>
        ReconcileAsync("", durable, cancellation);

    /// <summary>Starts the ingestions that are missing among uploads below <paramref name="prefix"/>. Returns how many it started.</summary>
    public async Task<int> ReconcileAsync(string prefix, DurableTaskClient durable, CancellationToken cancellation, DateTimeOffset? since = null)
    {
        int started = 0;
        var hasSpec = new Dictionary<string, bool>(StringComparer.Ordinal);
        await foreach (ListedUpload listed in uploads.ListAsync(prefix, cancellation))
        {
            if (listed.ModifiedAt < since)
            {
                continue;
            }

            Upload upload = listed.Upload;
            Run? run = await runs.GetAsync(upload.Pipeline, upload.RunId, cancellation);
            int? attempt = run switch
            {
                null => await BrokeBeforeItsRunAsync(upload) ? 2 : 1,
                { Status: RunStatus.Waiting } when await HasSpecAsync(upload.Pipeline) => run.Attempt + 1,
                _ => null,
            };
            var input = new IngestionInput(upload, attempt ?? 0);
            if (attempt is not null && await durable.StartOnceAsync(nameof(IngestionOrchestrator), IngestionOrchestrator.InstanceId(input), input, cancellation))
            {
                started++;
            }
        }

        return started;

        // An orchestration that is over without a run on record would keep the upload from ever being read. The row is looked for again, since it may have come between.
        async Task<bool> BrokeBeforeItsRunAsync(Upload upload) =>
            await durable.GetInstanceAsync(upload.RunId, cancellation) is { IsCompleted: true } && await runs.GetAsync(upload.Pipeline, upload.RunId, cancellation) is null;

        async Task<bool> HasSpecAsync(string pipeline)
        {
            if (!hasSpec.TryGetValue(pipeline, out bool has))
            {
                hasSpec[pipeline] = has = PipelineName.IsValid(pipeline) && await pipelines.GetAsync(pipeline, cancellation) is { } stored && PipelineSpecParser.Parse(stored.Yaml).Spec is not null;
            }

            return has;
        }
    }
}
