namespace ServerlessMlops.Core.Monitoring;

/// <summary>
/// How often a pipeline may cry wolf. The budget is per month and is shared out over the checks of the month, hourly repetition included:
/// a check every hour runs at 1/720 of it.
/// </summary>
public static class FalseAlarmBudget
{
    /// <summary>False alarms that a pipeline may raise in 30 days while nothing changes.</summary>
    public const double PerMonth = 1;

    /// <summary>The largest level of a single check, however seldom it runs.</summary>
    public const double MaxAlpha = 0.05;

    /// <summary>The level at which one check of a window of this length is significant.</summary>
    public static double Alpha(TimeSpan window) => Math.Min(MaxAlpha, PerMonth * (window / TimeSpan.FromDays(30)));
}
