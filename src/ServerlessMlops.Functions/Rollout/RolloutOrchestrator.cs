using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Runs;

namespace ServerlessMlops.Functions.Rollout;

/// <summary>
/// Brings one version into service as the spec's <c>deploy</c> section says: at once, or step by step, each step watched and judged. The live
/// pointer says which rollout runs; a person's promotion or rollback, or a newer rollout, takes the pointer away from this one, which then ends
/// without touching anything.
/// </summary>
public static class RolloutOrchestrator
{
    /// <summary>The event that wakes a rollout when somebody has moved the live pointer; the pointer itself says what happened.</summary>
    public const string PointerMoved = "PointerMoved";

    /// <summary>Id of the run and the orchestration.</summary>
    public static string RunId(string pipeline, int version) => $"rollout-{pipeline}-{version}";

    /// <summary>The orchestration.</summary>
    [Function(nameof(RolloutOrchestrator))]
    public static async Task Run([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        RolloutInput input = context.GetInput<RolloutInput>()!;
        var run = new Run
        {
            Pipeline = input.Pipeline,
            Id = input.RunId,
            Kind = RunKind.Rollout,
            Status = RunStatus.Running,
            Stage = "promoting",
            StartedAt = context.Now(),
            Inputs = [new RunArtifact("version", $"{input.Version}"), new RunArtifact("run", input.Evidence)],
        };
        try
        {
            await context.CallActivityAsync(nameof(RunActivities.StartRun), run, Retries.Lasting);
            RolloutPlan plan = await context.CallActivityAsync<RolloutPlan>(nameof(RolloutActivities.BeginRollout), input, Retries.Activity);
            if (!plan.Ended)
            {
                await WatchAsync(context, input, plan);
            }
        }
        catch (TaskFailedException e)
        {
            // A challenger that nobody watches any more must not go on answering.
            string reason = RunActivities.Describe(e);
            await context.CallActivityAsync(nameof(RolloutActivities.AbandonRollout), new RolloutMove(input, RolloutPlan.Done, null, reason), Retries.Lasting);
            throw;
        }
    }

    private static async Task WatchAsync(TaskOrchestrationContext context, RolloutInput input, RolloutPlan plan)
    {
        for (int step = 0; step < plan.Shares.Count;)
        {
            StepJudgement? judgement = await WatchStepAsync(context, input, plan, step);
            if (judgement is null)
            {
                return;
            }

            bool last = step == plan.Shares.Count - 1;
            (string move, int? next) = judgement.Verdict == StepVerdict.RollBack ? (nameof(RolloutActivities.WithdrawVersion), (int?)null)
                : last ? (nameof(RolloutActivities.PromoteVersion), null)
                : (nameof(RolloutActivities.AdvanceRollout), step + 1);
            bool goesOn = await context.CallActivityAsync<bool>(move, new RolloutMove(input, plan, next, judgement.Reason), Retries.Activity);
            if (!goesOn)
            {
                return;
            }

            // A last step that passed while a person held the rollout is watched on.
            step += next is null ? 0 : 1;
        }
    }

    /// <summary>Looks at a step until it is decided; null where the rollout was ended from outside.</summary>
    private static async Task<StepJudgement?> WatchStepAsync(TaskOrchestrationContext context, RolloutInput input, RolloutPlan plan, int step)
    {
        DateTimeOffset began = context.Now();
        StepJudgement? judgement = null;
        DateTimeOffset? at = null;
        for (int look = 1; ; look++)
        {
            TimeSpan pause = plan.Pause(context.Now() - began);
            var progress = new RolloutProgress(
                input.RunId, input.Version, plan.Strategy, step + 1, plan.Shares.Count, plan.Shares[step], look - 1, at, context.Now() + pause, judgement);
            context.SetCustomStatus(JsonSerializer.SerializeToElement(progress, MlopsJson.Options));
            await SleepAsync(context, pause);
            judgement = await context.CallActivityAsync<StepJudgement?>(
                nameof(RolloutActivities.JudgeStep), new StepLook(input, plan, step, look, context.Now() - began), Retries.Activity);
            at = context.Now();
            if (judgement is null or { Verdict: StepVerdict.Advance or StepVerdict.RollBack })
            {
                return judgement;
            }
        }
    }

    private static async Task SleepAsync(TaskOrchestrationContext context, TimeSpan pause)
    {
        try
        {
            await context.WaitForExternalEvent<string>(PointerMoved, pause);
        }
        catch (TaskCanceledException)
        {
            // The time is over and nobody has moved the pointer.
        }
    }
}
