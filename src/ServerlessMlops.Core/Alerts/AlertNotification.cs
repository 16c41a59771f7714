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
    /// <summary>How many alerts of the group hold that this destination knows of, those told now included.</summary>
    public int Holding { get; init; }

    /// <summary>How many of them nobody looks after.</summary>
    public int Unattended { get; init; }

    /// <summary>Names the group at services that keep an incident for it: the same from its first alert to the end of its last.</summary>
    public string IncidentKey { get; init; } = $"serverlessmlops/{Pipeline}/{Topic.ToString().ToLowerInvariant()}";

    /// <summary>The most alerts that one notification spells out.</summary>
    public const int MaxAlerts = 10;

    /// <summary>The gravest severity among those that hold, or among all where none holds any more.</summary>
    public AlertSeverity Severity => Alerts.Where(a => a.State != AlertState.Resolved).Select(a => a.Severity).DefaultIfEmpty(Alerts.Max(a => a.Severity)).Max();

    /// <summary>Whether all are over.</summary>
    public bool Resolved => Alerts.All(a => a.State == AlertState.Resolved);

    /// <summary>One line.</summary>
    public string Headline => $"[{(Resolved ? "resolved" : Severity.ToString().ToLowerInvariant())}] {Pipeline}: {(Total == 1 ? Alerts[0].Title : $"{Total} alerts about {Topic.ToString().ToLowerInvariant()}, first: {Alerts[0].Title}")}";

    /// <summary>Makes a notification of alerts, gravest and longest-standing first.</summary>
    /// <param name="group">The group.</param>
    /// <param name="alerts">What has something new, at least one.</param>
    /// <param name="holding">Alerts of the group that hold and that the destination knows of; those of <paramref name="alerts"/> need not be among them.</param>
    /// <param name="at">Now.</param>
    public static AlertNotification Of(AlertGroup group, IReadOnlyCollection<Alert> alerts, IEnumerable<Alert> holding, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(alerts);
        Alert[] first = [.. alerts
            .OrderBy(a => a.State == AlertState.Resolved)
            .ThenByDescending(a => a.Severity)
            .ThenBy(a => a.FirstAt)
            .ThenBy(a => a.Id, StringComparer.Ordinal)
            .Take(MaxAlerts)];
        Alert[] hold = [.. alerts.UnionBy(holding, a => a.Id).Where(a => a.State != AlertState.Resolved)];
        return new AlertNotification(group.NotificationId, group.Pipeline, group.Topic, first, alerts.Count, at)
        {
            Holding = hold.Length, Unattended = hold.Count(a => a.State == AlertState.Firing),
        };
    }
}
