namespace ServerlessMlops.Core.Alerts;

/// <summary>How calm the voice is. Defaults are those that the field is used to.</summary>
/// <param name="GroupWait">How long the first notification of a group waits for more alerts. Default 30 s.</param>
/// <param name="GroupInterval">Least time between two notifications of a group. Default 5 min.</param>
/// <param name="RepeatInterval">After this time an alert that still holds is told again. Default 4 h.</param>
public sealed record AlertPolicy(TimeSpan GroupWait, TimeSpan GroupInterval, TimeSpan RepeatInterval)
{
    /// <summary>30 s, 5 min, 4 h.</summary>
    public static AlertPolicy Default { get; } = new(TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5), TimeSpan.FromHours(4));
}
