namespace ServerlessMlops.EndToEnd.Harness;

/// <summary>Waits for conditions of other processes: looks again and again, up to a deadline, and says what it last saw.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(300);

    /// <summary>Looks until it gets something.</summary>
    /// <param name="what">What is waited for, for the error.</param>
    /// <param name="look">Gives what it found, or null and what it saw instead.</param>
    /// <param name="interval">Time between two looks.</param>
    public static async Task<T> GetAsync<T>(string what, Func<Task<(T? Found, string Seen)>> look, TimeSpan? interval = null)
        where T : class
    {
        long started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            (T? found, string seen) = await look();
            if (found is not null)
            {
                return found;
            }

            if (TimeProvider.System.GetElapsedTime(started) > Limit)
            {
                throw new TimeoutException($"{what}: not within {Limit.TotalSeconds:0} s. Last seen:\n{seen}");
            }

            await Task.Delay(interval ?? TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }
}
