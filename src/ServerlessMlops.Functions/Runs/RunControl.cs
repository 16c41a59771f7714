using Microsoft.DurableTask.Client;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Feedback;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Ingestion;
using ServerlessMlops.Functions.Scoring.Bulk;
using ServerlessMlops.Functions.Training;

namespace ServerlessMlops.Functions.Runs;

/// <summary>What a verb on a run came to.</summary>
/// <param name="Run">The run after it; for a retried training the run that failed.</param>
/// <param name="Refused">Why nothing was done, or null.</param>
/// <param name="RunId">The run to follow from here.</param>
public sealed record RunVerbResult(Run Run, string? Refused, string RunId);

/// <summary>
/// Cancelling and retrying runs by hand, and closing what a dead orchestration left open. Every step may be repeated: who dies between two of them
/// is followed by the same verb once more, or by the watchdog.
/// </summary>
public sealed class RunControl(RunEnds ends, ITrainingRequests requests, TrainingRequests trainings)
{
    /// <summary>Id of the orchestration of a run: its own, with the attempt from the second on where attempts are instances.</summary>
    public static string InstanceOf(Run run) => run is { Kind: RunKind.Ingestion or RunKind.Labels or RunKind.Scoring, Attempt: > 1 } ? $"{run.Id}.{run.Attempt}" : run.Id;

    /// <summary>Ends a run of ingestion or training: first its row, so that nothing it still does counts, then its orchestration, then the request it answered.</summary>
    public async Task<RunVerbResult> CancelAsync(Run run, string actor, string why, DurableTaskClient durable, CancellationToken cancellation)
    {
        if (run.Kind is not (RunKind.Ingestion or RunKind.Training))
        {
            return Refused(run, $"Run '{run.Id}' is a {Name(run.Kind)}, which is not cancelled: {Instead(run.Kind)}");
        }

        if (run.IsEnded && run.Status != RunStatus.Cancelled)
        {
            return Refused(run, $"Run '{run.Id}' has ended already ({Name(run.Status)}).");
        }

        Run after = await ends.EndAsync(run.Pipeline, run.Id, r => r with { Status = RunStatus.Cancelled, Reason = $"Cancelled by {actor}: {why}" }, cancellation);
        if (after.Status != RunStatus.Cancelled)
        {
            return Refused(after, $"Run '{run.Id}' ended ({Name(after.Status)}) before it could be cancelled.");
        }

        await EndOrchestrationAsync(after, "cancelled", durable, cancellation);
        return new RunVerbResult(after, null, after.Id);
    }

    /// <summary>Tries a run again: an ingestion as its next attempt, a training as the next generation.</summary>
    public async Task<RunVerbResult> RetryAsync(Run run, string actor, DurableTaskClient durable, CancellationToken cancellation)
    {
        switch (run.Kind)
        {
            case RunKind.Ingestion when run.CanBeRetried():
                if (UploadOf(run) is not { } upload)
                {
                    return Refused(run, $"Run '{run.Id}' does not say which upload it read. Upload the file again.");
                }

                var input = new IngestionInput(upload, run.Attempt + 1);
                await durable.StartOnceAsync(nameof(IngestionOrchestrator), IngestionOrchestrator.InstanceId(input), input, cancellation);
                return new RunVerbResult(run, null, run.Id);
            case RunKind.Labels when run.CanBeRetried() && LabelsOrchestrator.LabelsOf(run) is { } labels:
                LabelsInput again = LabelsOrchestrator.Again(run, labels);
                await durable.StartOnceAsync(nameof(LabelsOrchestrator), LabelsOrchestrator.InstanceId(again), again, cancellation);
                return new RunVerbResult(run, null, run.Id);
            case RunKind.Scoring when run.CanBeRetried() && BulkOrchestrator.FileOf(run) is { } file:
                await ScoringFileArrived.StartAsync(new BulkInput(file, run.Attempt + 1), durable, cancellation);
                return new RunVerbResult(run, null, run.Id);
            case RunKind.Training when run.CanBeRetried():
                TrainingRequest row = await trainings.AskAsync(new TrainingWish(run.Pipeline, $"retry of {run.Id}, asked for by {actor}"), durable, cancellation);
                return new RunVerbResult(run, null, TrainingRequest.RunId(run.Pipeline, row.Pending ? row.Generation + 1 : row.Generation));
            case RunKind.Training when run.Status == RunStatus.Rejected:
                return Refused(run, $"Run '{run.Id}' was rejected, and the same data and spec lead to the same judgement. Change the spec or upload more data.");
            case RunKind.Rollout or RunKind.Monitor or RunKind.Approval or RunKind.Replay:
                return Refused(run, $"Run '{run.Id}' is a {Name(run.Kind)}, which is not retried: {Instead(run.Kind)}");
            default:
                return Refused(run, $"Run '{run.Id}' is {Name(run.Status)}; a retry takes one that failed{Others(run.Kind)}.");
        }
    }

    /// <summary>Ends the orchestration of a run that has ended, and closes the training request that it answered.</summary>
    public async Task EndOrchestrationAsync(Run run, string why, DurableTaskClient durable, CancellationToken cancellation)
    {
        string instance = InstanceOf(run);
        if (await durable.GetInstanceAsync(instance, cancellation) is { IsCompleted: false })
        {
            await durable.TerminateInstanceAsync(instance, new TerminateInstanceOptions(why, Recursive: true), cancellation);
        }

        if (run.Kind == RunKind.Training && TrainingRequest.GenerationOf(run.Pipeline, run.Id) is { } generation)
        {
            await CloseRequestAsync(run.Pipeline, generation, durable, cancellation);
        }
    }

    /// <summary>Closes the training request of a generation that is over, or starts the next where somebody asked meanwhile.</summary>
    public async Task CloseRequestAsync(string pipeline, long generation, DurableTaskClient durable, CancellationToken cancellation)
    {
        TrainingRequest after = await requests.UpdateAsync(pipeline, row => row.End(generation), cancellation);
        await TrainingRequests.EnsureStartedAsync(pipeline, after, durable, cancellation);
    }

    private static Upload? UploadOf(Run run) =>
        run.Inputs.FirstOrDefault(i => i.Kind == "upload") is { Detail: { } detail } artifact && detail.StartsWith("etag ", StringComparison.Ordinal)
        && new Upload(artifact.Id, detail["etag ".Length..]) is var upload && upload.RunId == run.Id
            ? upload
            : null;

    private static RunVerbResult Refused(Run run, string why) => new(run, why, run.Id);

    private static string Name(Enum value) => value.ToString().ToLowerInvariant();

    private static string Others(RunKind kind) => kind switch
    {
        RunKind.Ingestion => ", was rejected, waits or was cancelled",
        RunKind.Training => " or was cancelled",
        _ => " or was rejected",
    };

    private static string Instead(RunKind kind) => kind switch
    {
        RunKind.Rollout => "promote or roll back a version by hand (POST .../promote, .../rollback).",
        RunKind.Labels => "joining labels twice changes nothing; a later label of the same prediction replaces it.",
        RunKind.Scoring => "delete or overwrite the file, and its scoring ends.",
        RunKind.Replay => "ask for it again (POST .../replays).",
        RunKind.Approval => "decide it (POST .../runs/{id}/approval), or promote the version by hand.",
        _ => "the next check comes with the next hour.",
    };
}
