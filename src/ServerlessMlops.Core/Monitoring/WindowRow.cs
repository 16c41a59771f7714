namespace ServerlessMlops.Core.Monitoring;

/// <summary>
/// What one instance counted for one model version in about a minute: a row of the <c>windows</c> table. Its key (minute, instance,
/// sequence) never names two different contents, so writing it twice leaves one row.
/// </summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Version">The model version.</param>
/// <param name="Instance">The process that counted; another after a restart.</param>
/// <param name="Sequence">1, 2, 3 ... within the instance and version.</param>
/// <param name="Minute">When it was closed, to the minute, UTC.</param>
/// <param name="Sums">The counts.</param>
public sealed record WindowRow(string Pipeline, int Version, string Instance, long Sequence, DateTimeOffset Minute, WindowSums Sums)
{
    private const string FilePrefix = "file-";

    /// <summary>Whether it holds the rows of a file that was scored, and no requests.</summary>
    public bool IsOfFile => Instance.StartsWith(FilePrefix, StringComparison.Ordinal);

    /// <summary>The row of a file: one for each version of it, in the minute in which its answer came.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="version">The model version that scored it.</param>
    /// <param name="file">What no other version of a file is named.</param>
    /// <param name="answeredAt">When it was answered first.</param>
    /// <param name="sums">Its rows.</param>
    public static WindowRow OfFile(string pipeline, int version, string file, DateTimeOffset answeredAt, WindowSums sums) =>
        new(pipeline, version, FilePrefix + file, 1, MinuteOf(answeredAt), sums);

    /// <summary>The minute, UTC, that a time lies in.</summary>
    internal static DateTimeOffset MinuteOf(DateTimeOffset at)
    {
        DateTimeOffset utc = at.ToUniversalTime();
        return utc.AddTicks(-(utc.Ticks % TimeSpan.TicksPerMinute));
    }
}
