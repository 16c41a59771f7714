using System.ComponentModel.DataAnnotations;

namespace ServerlessMlops.Functions.Monitoring;

/// <summary>Settings of monitoring, section <c>Monitoring</c>.</summary>
public sealed class MonitoringOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Monitoring";

    /// <summary>
    /// A check is made at most once in each slot of this length (aligned to the UTC clock), however often the timer fires. Default 1 hour;
    /// 10 seconds to 1 day.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00", ConvertValueInInvariantCulture = true, ParseLimitsInInvariantCulture = true)]
    public TimeSpan Slot { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long windows are kept: 7 to 3650 days, default 90. Whole hours older than that are deleted, once a day.</summary>
    [Range(7, 3650)]
    public int WindowDays { get; set; } = 90;

    /// <summary>How long reports are kept: 7 to 36500 days, default 400. Whole days older than that are deleted, once a day.</summary>
    [Range(7, 36500)]
    public int ReportDays { get; set; } = 400;

    /// <summary>The slot's begin that <paramref name="now"/> lies in: the end of the window to check.</summary>
    public DateTimeOffset SlotOf(DateTimeOffset now)
    {
        DateTimeOffset utc = now.ToUniversalTime();
        return utc.AddTicks(-(utc.Ticks % Slot.Ticks));
    }
}
