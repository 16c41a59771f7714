using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Approvals;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Rollout;
using ServerlessMlops.Functions.Runs;

namespace ServerlessMlops.Functions.Training;

/// <summary>A model made elsewhere goes the way of one trained here: the same judgement on the same hold-out, the same registration and rollout.</summary>
public static class IncomingModelOrchestrator
{
    /// <summary>The orchestration.</summary>
    [Function(nameof(IncomingModelOrchestrator))]
    public static async Task Run([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        IncomingModelInput input = context.GetInput<IncomingModelInput>()!;
        var run = new Run
        {
            Pipeline = input.Pipeline,
            Id = input.RunId,
            Kind = RunKind.Training,
            Status = RunStatus.Running,
            Stage = "admitting",
            StartedAt = context.Now(),
            Inputs = [new RunArtifact("incoming", $"models/{input.Pipeline}/incoming/{input.Name}", input.ETag)],
        };
        await context.RecordAsync(run, () => AdmitAsync(context, input));
    }

    private static async Task AdmitAsync(TaskOrchestrationContext context, IncomingModelInput input)
    {
        AdmittedModel admitted = await context.CallActivityAsync<AdmittedModel>(nameof(AdmitIncomingModel), input, Retries.Activity);
        if (admitted.Judgement is not { } judgement)
        {
            return;
        }

        RegisteredModel registered = await context.CallActivityAsync<RegisteredModel>(nameof(JudgeCandidates), judgement, Retries.Activity);
        if (registered.Version is { } version)
        {
            await context.CallActivityAsync(
                nameof(HandOver), new RolloutInput(input.Pipeline, version, $"model '{input.Name}', made elsewhere, passed every gate", input.RunId), Retries.Lasting);
        }
    }
}
