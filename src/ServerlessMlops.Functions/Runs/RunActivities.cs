using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Functions.Runs;

/// <summary>A run that broke.</summary>
/// <param name="Pipeline">Its pipeline.</param>
/// <param name="RunId">Its id.</param>
/// <param name="Reason">What broke.</param>
public sealed record RunFailure(string Pipeline, string RunId, string Reason);

/// <summary>The steps of a run's row that every orchestrator shares.</summary>
public sealed class RunActivities(IRunLog runs, RunEnds ends)
{
    /// <summary>Inserts the row, or sets an ended one running again for a further attempt.</summary>
    [Function(nameof(StartRun))]
    public async Task StartRun([ActivityTrigger] Run run, CancellationToken cancellation)
    {
        Run stands = await runs.StartAsync(run, cancellation);
        if (stands.Attempt < run.Attempt)
        {
            await runs.UpdateAsync(
                run.Pipeline,
                run.Id,
                current => current.Attempt >= run.Attempt ? current : run with { StartedAt = current.StartedAt },
                cancellation);
        }
    }

    /// <summary>Ends the row as failed. A run that had ended well before stays as it is, and people are told that what was to follow it did not come about.</summary>
    [Function(nameof(FailRun))]
    public async Task FailRun([ActivityTrigger] RunFailure failure, CancellationToken cancellation)
    {
        Run after = await ends.EndAsync(
            failure.Pipeline, failure.RunId, run => run with { Status = RunStatus.Failed, Reason = $"{failure.Reason} Retry the run once the cause is gone." }, cancellation);
        if (after.Status == RunStatus.Succeeded)
        {
            string byHand = after.Kind == RunKind.Training ? "Promote the version by hand if it shall serve." : $"Start a training by hand (POST /api/pipelines/{after.Pipeline}/train) if there is to be one.";
            await ends.TellAsync(after with { Status = RunStatus.Failed, Reason = $"The run itself succeeded, and what was to follow it did not begin: {failure.Reason} {byHand}" }, cancellation);
        }
    }

    /// <summary>The cause of a failed task in words: the innermost failure's type and message, and the activity it came from.</summary>
    public static string Describe(TaskFailedException failure)
    {
        TaskFailureDetails cause = failure.FailureDetails;
        while (cause.InnerFailure is { } inner)
        {
            cause = inner;
        }

        return $"{failure.TaskName} failed after its retries: {cause.ErrorMessage} ({cause.ErrorType}).";
    }
}
