namespace ServerlessMlops.Functions.Training;

/// <summary>Many durable tasks, few at a time.</summary>
internal static class FanOut
{
    /// <summary>
    /// Starts a task for each item, at most <paramref name="atOnce"/> under way. Results come in the order of the items, whatever the order of their ends. For orchestrators:
    /// what is started next follows from the history alone.
    /// </summary>
    /// <param name="items">The items.</param>
    /// <param name="atOnce">At least 1.</param>
    /// <param name="start">Begins one.</param>
    /// <param name="progress">Told how many are done, first 0.</param>
    public static async Task<TResult[]> RunAsync<TItem, TResult>(IReadOnlyList<TItem> items, int atOnce, Func<TItem, Task<TResult>> start, Action<int> progress)
    {
        var results = new TResult[items.Count];
        var running = new List<(int Index, Task<TResult> Task)>();
        int next = 0;
        for (int done = 0; ; done++)
        {
            progress(done);
            for (; next < items.Count && running.Count < Math.Max(1, atOnce); next++)
            {
                running.Add((next, start(items[next])));
            }

            if (running.Count == 0)
            {
                return results;
            }

            Task<TResult> ended = await Task.WhenAny(running.Select(r => r.Task));
            int at = running.FindIndex(r => r.Task == ended);
            results[running[at].Index] = await ended;
            running.RemoveAt(at);
        }
    }
}
