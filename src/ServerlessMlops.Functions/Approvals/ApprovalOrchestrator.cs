using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Rollout;
using ServerlessMlops.Functions.Runs;

namespace ServerlessMlops.Functions.Approvals;

/// <summary>
/// Waits, for days if need be and at no cost, until a person says whether a version may go live. The decision stands in the registry before anybody is woken: the
/// event says only "look", so one that comes early, twice, late or never changes nothing.
/// </summary>
public static class ApprovalOrchestrator
{
    /// <summary>The event that wakes the wait.</summary>
    public const string Decided = "ApprovalDecided";

    private const string IdPrefix = "approval-";

    /// <summary>Id of the run and the orchestration: a version is asked about once.</summary>
    public static string RunId(string pipeline, int version) => $"{IdPrefix}{pipeline}-{version}";

    /// <summary>The version that a run id of <see cref="RunId"/> is about, or null where it is none of the pipeline's.</summary>
    public static int? VersionOf(string pipeline, string runId) =>
        runId.StartsWith($"{IdPrefix}{pipeline}-", StringComparison.Ordinal) && int.TryParse(runId.AsSpan(IdPrefix.Length + pipeline.Length + 1), out int version) && version > 0
            ? version
            : null;

    /// <summary>The orchestration.</summary>
    [Function(nameof(ApprovalOrchestrator))]
    public static async Task Run([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        RolloutInput input = context.GetInput<RolloutInput>()!;
        string runId = RunId(input.Pipeline, input.Version);
        var run = new Run
        {
            Pipeline = input.Pipeline,
            Id = runId,
            Kind = RunKind.Approval,
            Status = RunStatus.Running,
            Stage = "asking",
            StartedAt = context.Now(),
            Inputs = [new RunArtifact("version", $"{input.Version}"), new RunArtifact("run", input.Evidence)],
        };
        await context.RecordAsync(run, async () =>
        {
            ModelApproval approval = await context.CallActivityAsync<ModelApproval>(nameof(ApprovalActivities.RequestApproval), input, Retries.Lasting);
            if (approval.State == ApprovalState.Pending)
            {
                approval = await WaitAsync(context, input, approval.ExpiresAt);
            }

            await context.CallActivityAsync(nameof(ApprovalActivities.CloseApproval), new ClosedApproval(input, approval), Retries.Lasting);
        });
    }

    private static async Task<ModelApproval> WaitAsync(TaskOrchestrationContext context, RolloutInput input, DateTimeOffset expiresAt)
    {
        using var decided = new CancellationTokenSource();
        Task expiry = context.CreateTimer(expiresAt.UtcDateTime, decided.Token);
        ModelApproval approval;
        do
        {
            await Task.WhenAny(context.WaitForExternalEvent<string>(Decided), expiry);
            approval = await context.CallActivityAsync<ModelApproval>(
                nameof(ApprovalActivities.SettleApproval), new ApprovalLook(input.Pipeline, input.Version, context.Now()), Retries.Lasting);
        }
        while (approval.State == ApprovalState.Pending);

        // The timer that lost is taken away: an orchestration does not end before its timers do.
        decided.Cancel();
        return approval;
    }
}
