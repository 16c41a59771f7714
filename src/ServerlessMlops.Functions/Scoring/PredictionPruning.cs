using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Scoring.Predictions;
using ServerlessMlops.Functions.Pipelines;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>
/// Deletes what pipelines do not want kept any longer (<c>scoring.log.retention</c>). The storage account's own rule deletes what is older than the account allows,
/// whatever a spec says.
/// </summary>
public sealed class PredictionPruning(IPipelineStore pipelines, SpecReader specs, IPredictionRetention predictions, TimeProvider time, ILogger<PredictionPruning> logger)
{
    /// <summary>Once a day. What a run that was cut off leaves is found by the next.</summary>
    [Function("PrunePredictions")]
    public async Task Run([TimerTrigger("0 20 5 * * *")] TimerInfo timer, CancellationToken cancellation)
    {
        await foreach (string pipeline in pipelines.ListAsync(cancellation))
        {
            try
            {
                if ((await specs.ReadAsync(pipeline, cancellation))?.Spec.Scoring.Log.Retention is { } retention)
                {
                    int files = await predictions.DeleteBeforeAsync(pipeline, time.GetUtcNow() - retention, cancellation);
                    ScoringLog.Pruned(logger, files, pipeline, retention);
                }
            }
            catch (Exception failure) when (!cancellation.IsCancellationRequested)
            {
                // A faulty spec of one pipeline, or storage that fails once, must not keep the others' rows.
                ScoringLog.PruneFailed(logger, failure, pipeline);
            }
        }
    }
}
