using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Runs;

namespace ServerlessMlops.Functions.Rollout;

/// <summary>What a rollout is about.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Version">The version to bring into service.</param>
/// <param name="Why">Why, for the ledger.</param>
/// <param name="Evidence">The training run whose judgement bears it out.</param>
public sealed record RolloutInput(string Pipeline, int Version, string Why, string Evidence);

/// <summary>Brings one version into service. Strategy <c>replace</c>: at once.</summary>
public static class RolloutOrchestrator
{
    /// <summary>Id of the run and the orchestration: a version is rolled out once by the product; a person may promote it again by hand.</summary>
    public static string RunId(string pipeline, int version) => $"rollout-{pipeline}-{version}";

    /// <summary>The orchestration.</summary>
    [Function(nameof(RolloutOrchestrator))]
    public static async Task Run([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        RolloutInput input = context.GetInput<RolloutInput>()!;
        string runId = RunId(input.Pipeline, input.Version);
        var run = new Run
        {
            Pipeline = input.Pipeline,
            Id = runId,
            Kind = RunKind.Rollout,
            Status = RunStatus.Running,
            Stage = "promoting",
            StartedAt = new DateTimeOffset(context.CurrentUtcDateTime, TimeSpan.Zero),
            Inputs = [new RunArtifact("version", $"{input.Version}"), new RunArtifact("run", input.Evidence)],
        };
        try
        {
            await context.CallActivityAsync(nameof(RunActivities.StartRun), run, Retries.Activity);
            await context.CallActivityAsync(nameof(PromoteVersion), input, Retries.Activity);
        }
        catch (TaskFailedException e)
        {
            await context.CallActivityAsync(nameof(RunActivities.FailRun), new RunFailure(input.Pipeline, runId, RunActivities.Describe(e)), Retries.Activity);
            throw;
        }
    }
}
