using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Functions.Runs;

/// <summary>Ends long work whose run a person has cancelled: the run's row is looked at now and then while the work goes on.</summary>
public sealed partial class RunCancellation(IRunLog runs, TimeProvider time, ILogger<RunCancellation> logger)
{
    /// <summary>Time between two looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    /// <summary>Does the work with a token that is cancelled once the run has ended.</summary>
    public async Task<T> WhileRunningAsync<T>(string pipeline, string runId, Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task watch = WatchAsync(pipeline, runId, linked);
        try
        {
            return await work(linked.Token);
        }
        finally
        {
            await linked.CancelAsync();
            await watch;
        }
    }

    private async Task WatchAsync(string pipeline, string runId, CancellationTokenSource work)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(work.Token))
            {
                if (await EndedAsync(pipeline, runId, work.Token))
                {
                    await work.CancelAsync();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The work is done, or was cancelled.
        }
    }

    private async Task<bool> EndedAsync(string pipeline, string runId, CancellationToken cancellation)
    {
        try
        {
            return await runs.GetAsync(pipeline, runId, cancellation) is { IsEnded: true };
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            // Whatever is wrong with storage (refused, not reached, timed out) is no reason to end the work or to lose what it made; the next look may tell.
            LogNoLook(logger, e, runId);
            return false;
        }
    }

    [LoggerMessage(EventId = 120, Level = LogLevel.Warning, Message = "Could not see whether run {RunId} was cancelled.")]
    private static partial void LogNoLook(ILogger logger, Exception e, string runId);
}
