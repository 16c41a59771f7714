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

    /// <summary>The slot's begin that <paramref name="now"/> lies in: the end of the window to check.</summary>
    public DateTimeOffset SlotOf(DateTimeOffset now)
    {
        DateTimeOffset utc = now.ToUniversalTime();
        return utc.AddTicks(-(utc.Ticks % Slot.Ticks));
    }
}
