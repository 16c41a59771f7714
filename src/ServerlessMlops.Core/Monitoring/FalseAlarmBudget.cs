namespace ServerlessMlops.Core.Monitoring;

/// <summary>
/// How often a pipeline may cry wolf. The budget is per month and is shared out over the checks of the month, hourly repetition included, and over the
/// families of checks that correct for themselves only: a family that is checked every hour runs at 1/720 of a fifth of it. Where windows overlap
/// (a day, checked each hour) that is less than the budget, for the same chance is met again rather than a new one.
/// </summary>
public static class FalseAlarmBudget
{
    /// <summary>False alarms that a pipeline may raise in 30 days while nothing changes.</summary>
    public const double PerMonth = 1;

    /// <summary>The largest level of a single check, however seldom it runs.</summary>
    public const double MaxAlpha = 0.05;

    /// <summary>Families of checks that each keep to the level: drift, attributions, quality, estimates, labels. Service levels have a level of their own.</summary>
    public const int Families = 5;

    /// <summary>The level at which one family of checks is significant.</summary>
    /// <param name="interval">Time from one check to the next.</param>
    public static double Alpha(TimeSpan interval) => Math.Min(MaxAlpha, PerMonth * (interval / TimeSpan.FromDays(30))) / Families;
}
