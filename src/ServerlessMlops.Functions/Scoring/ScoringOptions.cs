using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Predictions;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>Settings of scoring, section <c>Scoring</c> of the app's settings (<c>Scoring__MaxRows</c> as an environment variable). Checked at start-up.</summary>
public sealed class ScoringOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Scoring";

    /// <summary>Largest request body in bytes. Default 10 MiB; 1 KiB to 25 MiB.</summary>
    public int MaxBodyBytes { get; set; } = 10 * 1024 * 1024;

    /// <summary>Most rows in one request. Default 10,000; 1 to 1,000,000.</summary>
    public int MaxRows { get; set; } = 10_000;

    /// <summary>Requests scored or read at once; one more is answered by 429. Default 512; 1 to 100,000.</summary>
    public int MaxConcurrentRequests { get; set; } = 512;

    /// <summary>
    /// Age at which what is known of the live version is read again, by the first request that finds it that old and without that request
    /// waiting. Default 5 s; 1 s to 5 min.
    /// </summary>
    public TimeSpan RefreshAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Age at which a request waits for the refresh (at most <see cref="RefreshTimeout"/>), so that a rollback is not undone by an instance that
    /// was idle: the bound on how long a rollback can take. Default 10 s; <see cref="RefreshAfter"/> to 1 h.
    /// </summary>
    public TimeSpan WaitForRefreshAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest that a request waits for a refresh while it has a model to answer with. Default 2 s; 100 ms to 30 s.</summary>
    public TimeSpan RefreshTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Oldest row of the prediction log in memory: what a crash loses is at most what was answered in this time, plus what storage did not take yet. Default 5 s; 100 ms to 5 min.</summary>
    public TimeSpan LogFlushInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Size from which a file of the prediction log is written without waiting for its time. Default 8 MiB; 64 KiB to 64 MiB.</summary>
    public int LogFileBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Rows waiting for storage, in bytes; beyond, rows are answered but not logged, and counted as dropped. Default 64 MiB; 1 MiB to 1 GiB.</summary>
    public int LogBufferBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>
    /// Rows per second that one model's log takes in this process, with a reserve of ten seconds; beyond, rows are answered but not logged, and
    /// counted as dropped: writing the log must not take the processor from scoring. Default 10,000; 0 (no log) to 10,000,000.
    /// </summary>
    public int LogRowsPerSecond { get; set; } = 10_000;

    /// <summary>
    /// Key of the hashes in the prediction log (<c>scoring.columns.*.log: hash</c>): at least 16 bytes as Base64, a secret. Another key makes other hashes. Without it
    /// those columns are left out.
    /// </summary>
    public string? LogHashKey { get; set; }

    /// <summary>Hashes by <see cref="LogHashKey"/>; null without it.</summary>
    public ValueHasher? CreateHasher() => string.IsNullOrEmpty(LogHashKey) ? null : new ValueHasher(Convert.FromBase64String(LogHashKey));

    /// <summary>The limits of a request.</summary>
    public ScoringLimits Limits => new(MaxBodyBytes, MaxRows, ScoringLimits.Default.MaxDepth);
}

/// <summary>Checks <see cref="ScoringOptions"/>: all faults at once.</summary>
internal sealed class ScoringOptionsValidator : IValidateOptions<ScoringOptions>
{
    public ValidateOptionsResult Validate(string? name, ScoringOptions options)
    {
        var faults = new List<string>();
        Check(faults, nameof(options.MaxBodyBytes), options.MaxBodyBytes, 1024, 25 * 1024 * 1024);
        Check(faults, nameof(options.MaxRows), options.MaxRows, 1, 1_000_000);
        Check(faults, nameof(options.MaxConcurrentRequests), options.MaxConcurrentRequests, 1, 100_000);
        Check(faults, nameof(options.RefreshAfter), options.RefreshAfter, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
        Check(faults, nameof(options.WaitForRefreshAfter), options.WaitForRefreshAfter, options.RefreshAfter, TimeSpan.FromHours(1));
        Check(faults, nameof(options.RefreshTimeout), options.RefreshTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(30));
        Check(faults, nameof(options.LogFlushInterval), options.LogFlushInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5));
        Check(faults, nameof(options.LogFileBytes), options.LogFileBytes, 64 * 1024, 64 * 1024 * 1024);
        Check(faults, nameof(options.LogBufferBytes), options.LogBufferBytes, 1024 * 1024, 1024 * 1024 * 1024);
        Check(faults, nameof(options.LogRowsPerSecond), options.LogRowsPerSecond, 0, 10_000_000);
        if (!string.IsNullOrEmpty(options.LogHashKey) && !IsKey(options.LogHashKey))
        {
            faults.Add($"Setting '{ScoringOptions.Section}:{nameof(options.LogHashKey)}' is no key; expected at least {ValueHasher.LeastKeyBytes} bytes as Base64, such as 'openssl rand -base64 32' makes.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static bool IsKey(string text)
    {
        Span<byte> key = new byte[text.Length];
        return Convert.TryFromBase64String(text, key, out int length) && length >= ValueHasher.LeastKeyBytes;
    }

    private static void Check<T>(List<string> faults, string name, T value, T least, T most)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            faults.Add($"Setting '{ScoringOptions.Section}:{name}' is {value}; expected {least} to {most}.");
        }
    }
}
