using Azure;

namespace ServerlessMlops.Storage;

/// <summary>Optimistic concurrency: read, work out, write guarded by what was read; again when another was faster.</summary>
internal static class CompareAndSwap
{
    /// <summary>Enough for a hundred writers at one row, each of whom loses at most once to every other, with room.</summary>
    private const int MaxAttempts = 256;

    /// <summary>Runs <paramref name="attempt"/> until it is not refused for a lost race (409, 412).</summary>
    /// <param name="what">What is changed, for the error.</param>
    /// <param name="attempt">Reads and writes once.</param>
    /// <param name="cancellation">Ends the retries.</param>
    public static async Task<T> RunAsync<T>(string what, Func<Task<T>> attempt, CancellationToken cancellation)
    {
        for (int number = 1; ; number++)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return await attempt();
            }
            catch (RequestFailedException e) when (e.Status is 409 or 412 && number < MaxAttempts)
            {
                // The loser waits a little longer each time, spread by what it lost to, so that writers do not march in step.
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(200, number * 2) + (Environment.CurrentManagedThreadId % 7)), TimeProvider.System, cancellation);
            }
            catch (RequestFailedException e) when (e.Status is 409 or 412)
            {
                throw new InvalidOperationException($"Gave up changing {what} after {MaxAttempts} lost races; something else keeps rewriting it.", e);
            }
        }
    }
}
