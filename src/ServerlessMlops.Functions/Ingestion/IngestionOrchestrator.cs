using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Functions.Training;

namespace ServerlessMlops.Functions.Ingestion;

/// <summary>What an ingestion is about.</summary>
/// <param name="Upload">The version of the file.</param>
/// <param name="Attempt">1, or more for a retry.</param>
public sealed record IngestionInput(Upload Upload, int Attempt);

/// <summary>One uploaded file: checked, kept as a batch, and a training asked for.</summary>
public static class IngestionOrchestrator
{
    /// <summary>Instance id: the upload's run id, with <c>.{attempt}</c> from the second attempt on.</summary>
    public static string InstanceId(IngestionInput input) => input.Attempt == 1 ? input.Upload.RunId : $"{input.Upload.RunId}.{input.Attempt}";

    /// <summary>The orchestration.</summary>
    [Function(nameof(IngestionOrchestrator))]
    public static async Task Run([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        IngestionInput input = context.GetInput<IngestionInput>()!;
        string pipeline = input.Upload.Pipeline;
        var run = new Run
        {
            Pipeline = pipeline,
            Id = input.Upload.RunId,
            Kind = RunKind.Ingestion,
            Status = RunStatus.Running,
            Stage = "reading",
            StartedAt = context.Now(),
            Attempt = input.Attempt,
            Inputs = [new RunArtifact("upload", input.Upload.Path, $"etag {input.Upload.ETag}")],
        };
        await context.RecordAsync(run, async () =>
        {
            IngestionOutcome outcome = await context.CallActivityAsync<IngestionOutcome>(nameof(IngestUpload), input, Retries.Activity);
            if (outcome.AsksForTraining)
            {
                await context.CallActivityAsync(nameof(TrainingRequests.RequestTraining), new TrainingWish(pipeline, $"new data: {input.Upload.Path}", context.InstanceId), Retries.Lasting);
            }
            else if (outcome.LabelledRows > 0)
            {
                var wish = new RetrainWish(pipeline, RetrainCause.Labels, context.InstanceId, $"{outcome.LabelledRows} labelled predictions of {input.Upload.Path}") { Learned = outcome.LabelledRows };
                await context.CallActivityAsync(nameof(RetrainGuard.RequestByLabels), wish, Retries.Lasting);
            }
        });
    }
}
