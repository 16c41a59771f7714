using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Scoring.Bulk;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Runs;

namespace ServerlessMlops.Functions.Scoring.Bulk;

/// <summary>What the scoring of a file is about.</summary>
/// <param name="File">The version of the file.</param>
/// <param name="Attempt">1, or more where it is tried again.</param>
/// <param name="StartedAt">When the attempt began; null before it did.</param>
/// <param name="Job">What was decided about the file; null before it was looked at.</param>
/// <param name="Progress">How far an earlier generation of the orchestration came.</param>
public sealed record BulkInput(Upload File, int Attempt, DateTimeOffset? StartedAt = null, BulkJob? Job = null, BulkProgress? Progress = null);

/// <summary>A file to look at before it is scored.</summary>
/// <param name="File">The version of the file.</param>
/// <param name="StartedAt">When the run began.</param>
public sealed record BulkOpening(Upload File, DateTimeOffset StartedAt);

/// <summary>A part of a file to score: as many pieces as fit into an activity's time.</summary>
/// <param name="Job">The job.</param>
/// <param name="Progress">Where to go on.</param>
public sealed record BulkPart(BulkJob Job, BulkProgress Progress);

/// <summary>
/// One file, scored: opened, then part by part from checkpoint to checkpoint, then its answer is put together. A part that is lost is done again from its
/// checkpoint and gives the same pieces. The history begins anew every hundred parts, so that a file may have any size.
/// </summary>
public static class BulkOrchestrator
{
    private const string ETagPrefix = "etag ";
    private const int MostParts = 100;

    /// <summary>Id of the run: the same version of a file never gets a second one.</summary>
    public static string RunIdOf(Upload file) => "score-" + ContentAddress.Short(ContentAddress.Of($"{file.Path}\n{file.ETag}"));

    /// <summary>Id of the orchestration: the run's, with <c>.{attempt}</c> from the second attempt on.</summary>
    public static string InstanceId(BulkInput input) => input.Attempt == 1 ? RunIdOf(input.File) : $"{RunIdOf(input.File)}.{input.Attempt}";

    /// <summary>The version of the file that a run read, or null where its row does not say.</summary>
    public static Upload? FileOf(Run run) =>
        run.Inputs.FirstOrDefault(i => i.Kind == "scoring") is { Detail: { } detail } artifact && detail.StartsWith(ETagPrefix, StringComparison.Ordinal)
            ? new Upload(artifact.Id, detail[ETagPrefix.Length..])
            : null;

    /// <summary>The orchestration.</summary>
    [Function(nameof(BulkOrchestrator))]
    public static async Task Run([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        BulkInput input = context.GetInput<BulkInput>()!;
        DateTimeOffset startedAt = input.StartedAt ?? context.Now();
        var run = new Run
        {
            Pipeline = input.File.Pipeline,
            Id = RunIdOf(input.File),
            Kind = RunKind.Scoring,
            Status = RunStatus.Running,
            Stage = "scoring",
            StartedAt = startedAt,
            Attempt = input.Attempt,
            Inputs = [new RunArtifact("scoring", input.File.Path, ETagPrefix + input.File.ETag)],
        };
        await context.RecordAsync(run, async () =>
        {
            BulkJob? job = input.Job
                ?? await context.CallActivityAsync<BulkJob?>(nameof(BulkActivities.OpenBulkFile), new BulkOpening(input.File, startedAt), Retries.Activity);
            BulkProgress? progress = job is null ? null : input.Progress ?? new BulkProgress(job.StartOffset, 0, 0, 0, false, []);
            for (int part = 0; progress is { IsComplete: false }; part++)
            {
                if (part == MostParts)
                {
                    context.ContinueAsNew(input with { StartedAt = startedAt, Job = job, Progress = progress });
                    return;
                }

                progress = await context.CallActivityAsync<BulkProgress?>(nameof(BulkActivities.ScoreBulkPart), new BulkPart(job!, progress), Retries.Activity);
            }

            if (progress is not null)
            {
                await context.CallActivityAsync(nameof(BulkActivities.FinishBulkFile), new BulkPart(job!, progress), Retries.Activity);
            }
        });
    }
}
