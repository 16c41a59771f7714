using System.ComponentModel.DataAnnotations;
using ServerlessMlops.Core.Alerts;

namespace ServerlessMlops.Functions.Alerts;

/// <summary>Settings of alerts, section <c>Alerts</c>.</summary>
public sealed class AlertsOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Alerts";

    /// <summary>See <see cref="AlertPolicy.GroupWait"/>. Default 30 s; 0 to 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00", ConvertValueInInvariantCulture = true, ParseLimitsInInvariantCulture = true)]
    public TimeSpan GroupWait { get; set; } = AlertPolicy.Default.GroupWait;

    /// <summary>See <see cref="AlertPolicy.GroupInterval"/>. Default 5 min; 0 to 1 day.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00", ConvertValueInInvariantCulture = true, ParseLimitsInInvariantCulture = true)]
    public TimeSpan GroupInterval { get; set; } = AlertPolicy.Default.GroupInterval;

    /// <summary>See <see cref="AlertPolicy.RepeatInterval"/>. Default 4 h; 1 min to 30 days.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00", ConvertValueInInvariantCulture = true, ParseLimitsInInvariantCulture = true)]
    public TimeSpan RepeatInterval { get; set; } = AlertPolicy.Default.RepeatInterval;

    /// <summary>Whether addresses on this machine (127.0.0.1, ::1, also over http) are allowed: for local work. Default false.</summary>
    public bool AllowLoopback { get; set; }

    /// <summary>How long one attempt to deliver may take. Default 10 s; 1 s to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00", ConvertValueInInvariantCulture = true, ParseLimitsInInvariantCulture = true)]
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a delivery is tried again after the first attempt, 1 s, 2 s, 4 s ... apart. Default 4; 0 to 8.</summary>
    [Range(0, 8)]
    public int Retries { get; set; } = 4;

    /// <summary>Wait before the first retry; doubled for each further. Default 1 s; 1 ms to 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.0010000", "00:01:00", ConvertValueInInvariantCulture = true, ParseLimitsInInvariantCulture = true)]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The three intervals.</summary>
    public AlertPolicy Policy => new(GroupWait, GroupInterval, RepeatInterval);
}
