using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Runs;

namespace ServerlessMlops.Functions.Rollout;

/// <summary>Moves the live pointer to the version and ends the rollout's run.</summary>
public sealed class PromoteVersion(IModelRegistry registry, IRunLog runs, RunEnds ends)
{
    /// <summary>The activity. Repeating it changes nothing: the version serves already, and the run has ended.</summary>
    [Function(nameof(PromoteVersion))]
    public async Task Run([ActivityTrigger] RolloutInput input, CancellationToken cancellation)
    {
        string runId = RolloutOrchestrator.RunId(input.Pipeline, input.Version);
        if (await runs.GetAsync(input.Pipeline, runId, cancellation) is { IsEnded: true })
        {
            // Ended by an earlier try whose answer was lost. Promoting again here could undo what a person has done since.
            return;
        }

        await registry.PromoteAsync(input.Pipeline, input.Version, new MoveReason("system:rollout", input.Why, input.Evidence), cancellation);
        await ends.EndAsync(
            input.Pipeline,
            runId,
            run => run with
            {
                Status = RunStatus.Succeeded,
                Stage = "live",
                Outputs = [new RunArtifact("version", $"{input.Version}", "serves all traffic")],
            },
            cancellation);
    }
}
