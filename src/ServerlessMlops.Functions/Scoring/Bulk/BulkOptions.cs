using System.ComponentModel.DataAnnotations;

namespace ServerlessMlops.Functions.Scoring.Bulk;

/// <summary>Settings of scoring files, section <c>BulkScoring</c> of the app's settings. Checked at start-up.</summary>
public sealed class BulkOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "BulkScoring";

    /// <summary>
    /// Text that is scored at a time: it, its answers and their log are what a job holds in memory. An answer has at most 50,000 pieces, so files of up to 200 GB
    /// (unpacked) are answered at the default. Default 4 MiB; 1 KiB to 64 MiB.
    /// </summary>
    [Range(1024, 64 * 1024 * 1024)]
    public int PieceBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Time after which a step ends with a checkpoint; a piece that is begun is finished. Default 1 min; zero (a checkpoint after each piece) to 5 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00", ConvertValueInInvariantCulture = true, ParseLimitsInInvariantCulture = true)]
    public TimeSpan PartTime { get; set; } = TimeSpan.FromMinutes(1);
}
