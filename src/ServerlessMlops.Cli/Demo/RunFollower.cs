using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Cli.Demo;

/// <summary>Waits for a run to appear and to end, telling its stages meanwhile.</summary>
internal sealed class RunFollower(ControlPlaneClient client, string pipeline, TimeSpan limit, TimeProvider time)
{
    private const int MostPages = 40;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly long _started = time.GetTimestamp();

    /// <summary>Follows the newest run that <paramref name="which"/> accepts until it has ended.</summary>
    /// <param name="what">What it is, for an error.</param>
    /// <param name="which">Picks the run.</param>
    /// <param name="progress">Told of the stages.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="CliException">It ended otherwise than meant, or not in time.</exception>
    public async Task<Run> FollowAsync(string what, Func<Run, bool> which, IStepProgress progress, CancellationToken cancellation)
    {
        while (true)
        {
            Run? run = await FindAsync(which, cancellation);
            if (run is { IsEnded: true })
            {
                return run.Status is RunStatus.Succeeded or RunStatus.Cached
                    ? run
                    : throw CliException.Failed(
                        $"The {what} ended as {run.Status.ToString().ToLowerInvariant()} at '{run.Stage}': {run.Reason ?? "no reason was recorded"} (run {run.Id}).");
            }

            progress.Stage(run is null ? "waiting for it to begin" : run.Reason is null ? run.Stage : $"{run.Stage}: {run.Reason}");
            await WaitAsync(what, run, cancellation);
        }
    }

    /// <summary>Waits until <paramref name="condition"/> gives something.</summary>
    public async Task<T> UntilAsync<T>(string what, Func<Task<T?>> condition, CancellationToken cancellation)
        where T : class
    {
        while (true)
        {
            if (await condition() is { } found)
            {
                return found;
            }

            await WaitAsync(what, null, cancellation);
        }
    }

    /// <summary>The newest run that <paramref name="which"/> accepts, or null.</summary>
    public async Task<Run?> FindAsync(Func<Run, bool> which, CancellationToken cancellation)
    {
        string? next = null;
        for (int page = 0; page < MostPages; page++)
        {
            Page<Run> runs = await client.ListRunsAsync(pipeline, next, cancellation);
            if (runs.Items.FirstOrDefault(which) is { } found)
            {
                return found;
            }

            if (runs.Next is null)
            {
                return null;
            }

            next = runs.Next;
        }

        return null;
    }

    private async Task WaitAsync(string what, Run? run, CancellationToken cancellation)
    {
        if (time.GetElapsedTime(_started) > limit)
        {
            string state = run is null ? "it has not begun" : $"run {run.Id} is at '{run.Stage}' ({run.Status.ToString().ToLowerInvariant()})";
            throw CliException.Failed(
                $"The {what} was not done within {Format.Duration(limit)}: {state}. It may still end well: 'mlops runs --pipeline {pipeline}' tells. --timeout allows more.");
        }

        await Task.Delay(Interval, time, cancellation);
    }
}
