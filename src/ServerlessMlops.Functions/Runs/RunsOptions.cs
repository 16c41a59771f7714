using System.ComponentModel.DataAnnotations;

namespace ServerlessMlops.Functions.Runs;

/// <summary>Settings of runs, section <c>Runs</c>.</summary>
public sealed class RunsOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Runs";

    /// <summary>How long an ingestion or a training may run before the watchdog ends it as failed. Default 12 h; 10 min to 30 days.</summary>
    [Range(typeof(TimeSpan), "00:10:00", "30.00:00:00", ConvertValueInInvariantCulture = true, ParseLimitsInInvariantCulture = true)]
    public TimeSpan Longest { get; set; } = TimeSpan.FromHours(12);

    /// <summary>Open runs younger than this are left alone by the watchdog: their orchestration may just be ending them. Default 2 min; 0 to 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00", ConvertValueInInvariantCulture = true, ParseLimitsInInvariantCulture = true)]
    public TimeSpan Grace { get; set; } = TimeSpan.FromMinutes(2);
}
