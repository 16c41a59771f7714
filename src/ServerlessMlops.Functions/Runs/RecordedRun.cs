using Microsoft.DurableTask;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Runs;

/// <summary>What every orchestration that is a run has around its steps.</summary>
public static class RecordedRun
{
    /// <summary>The orchestration's own time, the same at every replay.</summary>
    public static DateTimeOffset Now(this TaskOrchestrationContext context) => new(context.CurrentUtcDateTime, TimeSpan.Zero);

    /// <summary>
    /// Puts <paramref name="run"/> on record and takes the steps. Where one fails for good the run ends as failed with the cause, and the orchestration fails with it;
    /// how it ends otherwise is said by its last step.
    /// </summary>
    /// <exception cref="TaskFailedException">A step failed after its retries.</exception>
    public static async Task RecordAsync(this TaskOrchestrationContext context, Run run, Func<Task> steps)
    {
        try
        {
            await context.CallActivityAsync(nameof(RunActivities.StartRun), run, Retries.Lasting);
            await steps();
        }
        catch (TaskFailedException e)
        {
            await context.CallActivityAsync(nameof(RunActivities.FailRun), new RunFailure(run.Pipeline, run.Id, RunActivities.Describe(e)), Retries.Lasting);
            throw;
        }
    }
}
