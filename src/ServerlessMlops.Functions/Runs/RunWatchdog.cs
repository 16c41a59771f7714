using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Approvals;

namespace ServerlessMlops.Functions.Runs;

/// <summary>
/// Finds runs whose row says that they run while nothing does: their orchestration was ended from outside, purged, or hangs. Such a run ends as
/// failed, with the reason; the training request it held is closed, and the challenger it watched is taken from service. Where nothing is open it costs one listing and one query per pipeline.
/// </summary>
public sealed partial class RunWatchdog(
    IRunLog runs,
    RunEnds ends,
    RunControl control,
    ApprovalDecisions approvals,
    IPipelineStore pipelines,
    ITrainingRequests requests,
    IModelRegistry registry,
    IOptions<RunsOptions> options,
    TimeProvider time,
    ILogger<RunWatchdog> logger)
{
    /// <summary>Most orchestrations looked at in one round; the rest is looked at in the next.</summary>
    public const int MostLooks = 1000;

    private const string Actor = "system:watchdog";

    /// <summary>The timer, four times an hour. Fired twice or late, it finds the same.</summary>
    [Function(nameof(RunWatchdog))]
    public Task Run([TimerTrigger("0 7/15 * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient durable, CancellationToken cancellation) => WatchAsync(durable, cancellation);

    /// <summary>One round. Returns how many runs and requests it closed.</summary>
    public async Task<int> WatchAsync(DurableTaskClient durable, CancellationToken cancellation)
    {
        int looks = 0, closed = 0;
        List<string> names = [PipelineName.Unassigned];
        await foreach (string pipeline in pipelines.ListAsync(cancellation))
        {
            names.Add(pipeline);
        }

        foreach (string pipeline in names)
        {
            await foreach (Run run in runs.ListOpenAsync(pipeline, cancellation))
            {
                bool waits = run is { Status: RunStatus.Waiting, Kind: RunKind.Approval or RunKind.Rollout };
                if ((run.Status != RunStatus.Running && !waits) || time.GetUtcNow() - run.StartedAt < options.Value.Grace || ++looks > MostLooks)
                {
                    continue;
                }

                if (waits && await approvals.WakeIfDecidedAsync(run, durable, cancellation))
                {
                    // The one who decided died before the word got through.
                    closed++;
                }
                else if (await WhyStuckAsync(run, durable, cancellation) is { } why)
                {
                    LogStuck(logger, run.Id, why);
                    if (run.Kind == RunKind.Rollout)
                    {
                        // A challenger that nobody watches any more must not go on answering. Before the run ends, so that who dies in between finds it still open.
                        var reason = new MoveReason(Actor, $"the rollout broke: {why}", run.Id);
                        await registry.MoveAsync(pipeline, (head, at) => RolloutMoves.Withdraw(head, run.Id, reason, at), cancellation);
                    }

                    Run after = await ends.EndAsync(pipeline, run.Id, r => r with { Status = RunStatus.Failed, Reason = why }, cancellation);
                    await control.EndOrchestrationAsync(after, why, durable, cancellation);
                    closed++;
                }
            }
        }

        // A request that stays open blocks every later training: its run may have ended while nobody was left to close it.
        await foreach ((string pipeline, TrainingRequest request) in requests.ListRunningAsync(cancellation))
        {
            string id = TrainingRequest.RunId(pipeline, request.Generation);
            Run? run = await runs.GetAsync(pipeline, id, cancellation);
            if (run is { IsEnded: true } && (run.Status == RunStatus.Cancelled || await durable.GetInstanceAsync(id, cancellation) is null or { IsCompleted: true }))
            {
                await control.EndOrchestrationAsync(run, "its run has ended", durable, cancellation);
                closed++;
            }
            else if (run is null && await durable.GetInstanceAsync(id, cancellation) is { IsCompleted: true })
            {
                // It broke before its run stood on record.
                await control.CloseRequestAsync(pipeline, request.Generation, durable, cancellation);
                closed++;
            }
        }

        return closed;
    }

    private async Task<string?> WhyStuckAsync(Run run, DurableTaskClient durable, CancellationToken cancellation)
    {
        string id = RunControl.InstanceOf(run);
        OrchestrationMetadata? instance = await durable.GetInstanceAsync(id, getInputsAndOutputs: true, cancellation);
        TimeSpan age = time.GetUtcNow() - run.StartedAt;
        string advice = run.Kind is RunKind.Rollout or RunKind.Approval ? "Promote the version by hand if it shall serve." : "Retry the run.";
        return instance switch
        {
            null => $"Its orchestration '{id}' is gone while the run was at '{run.Stage}'. {advice}",
            { IsCompleted: true } =>
                $"Its orchestration ended ({instance.RuntimeStatus}) at {instance.LastUpdatedAt.UtcDateTime:u} without ending the run, which was at '{run.Stage}'{(instance.FailureDetails is { } f ? $": {f.ErrorMessage}" : "")}. {advice}",
            _ when run.Kind is RunKind.Ingestion or RunKind.Training && age > options.Value.Longest =>
                $"It ran for {age.TotalHours:0.#} h, longer than the {options.Value.Longest.TotalHours:0.#} h that are allowed (setting Runs:Longest), and was at '{run.Stage}'. {advice}",
            _ => null,
        };
    }

    [LoggerMessage(EventId = 121, Level = LogLevel.Warning, Message = "Run {RunId} was stuck. {Why}")]
    private static partial void LogStuck(ILogger logger, string runId, string why);
}
