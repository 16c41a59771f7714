using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Monitoring;

/// <summary>What a round of checks is about.</summary>
/// <param name="Until">End of the windows.</param>
public sealed record MonitorInput(DateTimeOffset Until);

/// <summary>What one check is about.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Until">End of the window.</param>
public sealed record CheckInput(string Pipeline, DateTimeOffset Until);

/// <summary>One round: every pipeline with a live model is checked, a few at a time. One that cannot be checked does not keep the others from it.</summary>
public static class MonitorOrchestrator
{
    private const int AtOnce = 8;

    /// <summary>The orchestration. Returns how many pipelines were checked.</summary>
    [Function(nameof(MonitorOrchestrator))]
    public static async Task<int> Run([OrchestrationTrigger] TaskOrchestrationContext context, MonitorInput input)
    {
        string[] pipelines = await context.CallActivityAsync<string[]>(nameof(CheckModel.ListLivePipelines), options: Retries.Activity);
        int done = 0;
        foreach (string[] few in pipelines.Chunk(AtOnce))
        {
            Task<bool>[] checks = [.. few.Select(pipeline => CheckAsync(context, new CheckInput(pipeline, input.Until)))];
            done += (await Task.WhenAll(checks)).Count(ok => ok);
        }

        return done;
    }

    private static async Task<bool> CheckAsync(TaskOrchestrationContext context, CheckInput check)
    {
        try
        {
            await context.CallActivityAsync(nameof(CheckModel), check, Retries.Activity);
            return true;
        }
        catch (TaskFailedException e)
        {
            await context.CallActivityAsync(nameof(CheckModel.ReportFailedCheck), new FailedCheck(check.Pipeline, check.Until, e.FailureDetails.ErrorMessage), Retries.Activity);
            return false;
        }
    }
}
