using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Alerts;

/// <summary>What a channel tells: the alerts of one group that have something new. Delivery is at least once; <see cref="Id"/> tells repetitions apart.</summary>
/// <param name="Id">The same for every attempt to tell the same: <c>{pipeline}-{topic}-{number}</c>.</param>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Alerts">The alerts, gravest first; at most <see cref="MaxAlerts"/>.</param>
/// <param name="Total">How many there are, those left out included.</param>
/// <param name="At">When it was made.</param>
public sealed record AlertNotification(string Id, string Pipeline, AlertTopic Topic, IReadOnlyList<Alert> Alerts, int Total, DateTimeOffset At)
{
    /// <summary>The most alerts that one notification spells out.</summary>
    public const int MaxAlerts = 10;

    /// <summary>The gravest severity among those that hold, or among all where none holds any more.</summary>
    public AlertSeverity Severity => Alerts.Where(a => a.State != AlertState.Resolved).Select(a => a.Severity).DefaultIfEmpty(Alerts.Max(a => a.Severity)).Max();

    /// <summary>Whether all are over.</summary>
    public bool Resolved => Alerts.All(a => a.State == AlertState.Resolved);

    /// <summary>One line.</summary>
    public string Headline => $"[{(Resolved ? "resolved" : Severity.ToString().ToLowerInvariant())}] {Pipeline}: {(Total == 1 ? Alerts[0].Title : $"{Total} alerts about {Topic.ToString().ToLowerInvariant()}, first: {Alerts[0].Title}")}";

    /// <summary>Makes a notification of alerts, gravest and longest-standing first.</summary>
    public static AlertNotification Of(AlertGroup group, IReadOnlyCollection<Alert> alerts, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(alerts);
        Alert[] first = [.. alerts
            .OrderBy(a => a.State == AlertState.Resolved)
            .ThenByDescending(a => a.Severity)
            .ThenBy(a => a.FirstAt)
            .ThenBy(a => a.Id, StringComparer.Ordinal)
            .Take(MaxAlerts)];
        return new AlertNotification($"{group.Pipeline}-{group.Topic.ToString().ToLowerInvariant()}-{group.Number}", group.Pipeline, group.Topic, first, alerts.Count, at);
    }
}
