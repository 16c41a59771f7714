using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Alerts;

/// <summary>What is known besides the alerts themselves when it is decided whom to tell.</summary>
/// <param name="Causes">Open alerts of the topics that may explain these; see <see cref="AlertRouting.CausesOf"/>.</param>
/// <param name="Silences">The pipeline's silences.</param>
/// <param name="Incidents">When the incidents of the topic began, as far back as any rule counts.</param>
/// <param name="Now">The time.</param>
public sealed record AlertSurroundings(IReadOnlyList<Alert> Causes, IReadOnlyList<Silence> Silences, IReadOnlyList<DateTimeOffset> Incidents, DateTimeOffset Now);

/// <summary>Whom to tell of an alert.</summary>
/// <param name="Alert">The alert.</param>
/// <param name="To">The destinations to which it has something new.</param>
/// <param name="Withheld">Why nobody is told, or null.</param>
/// <param name="Waiting">Whether its next report may change this.</param>
public sealed record AlertPlan(Alert Alert, IReadOnlyList<AlertDestination> To, string? Withheld, bool Waiting)
{
    /// <summary>Decides.</summary>
    public static AlertPlan Of(Alert alert, IReadOnlyList<AlertDestination> destinations, AlertSurroundings around, AlertPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(alert);
        ArgumentNullException.ThrowIfNull(destinations);
        ArgumentNullException.ThrowIfNull(around);
        ArgumentNullException.ThrowIfNull(policy);
        if (alert.State == AlertState.Resolved)
        {
            // Whoever knows of it is told of its end, whatever the rules say now and whatever is silenced: nobody is left with an open incident. The end
            // of news is of interest only where they have opened one.
            return new AlertPlan(alert, [.. destinations.Where(d => (d.KeepsIncidents || !alert.IsNews) && d.ToldOf(alert) is { State: not AlertState.Resolved })], null, false);
        }

        if (around.Silences.FirstOrDefault(silence => silence.Covers(alert, around.Now)) is { } silence)
        {
            return new AlertPlan(alert, [], $"silence {silence.Id} until {silence.Until.UtcDateTime:yyyy-MM-dd HH:mm} UTC: {silence.Why}", true);
        }

        if (AlertRouting.InhibitorOf(alert, around.Causes) is { } cause)
        {
            return new AlertPlan(alert, [], $"explained by alert {cause.Id} ({cause.Topic.ToString().ToLowerInvariant()}): {cause.Title}", true);
        }

        (AlertDestination Destination, bool Asked, bool Reached)[] looked =
            [.. destinations.Select(d => (d, d.RulesFor(alert).Any(), d.RulesFor(alert).Any(rule => IsReached(rule, alert, around.Incidents))))];
        return new AlertPlan(
            alert,
            [.. looked.Where(l => IsNews(l.Destination, l.Asked, l.Reached, alert, policy)).Select(l => l.Destination)],
            null,
            alert.State == AlertState.Firing && looked.Any(l => l.Asked && !l.Reached && l.Destination.ToldOf(alert) is null));
    }

    /// <summary>Whether the alert was reported as often as the rule wants, within the time before its last report.</summary>
    public static bool IsReached(AlertSpec rule, Alert alert, IReadOnlyList<DateTimeOffset> incidents)
    {
        ArgumentNullException.ThrowIfNull(rule);
        ArgumentNullException.ThrowIfNull(alert);
        if (rule.After is not { } after)
        {
            return true;
        }

        IEnumerable<DateTimeOffset> reports = alert.Observation == 0 ? incidents : alert.Recent;
        return reports.Count(at => at <= alert.LastAt && at > alert.LastAt - after.Within) >= after.Times;
    }

    private static bool IsNews(AlertDestination destination, bool asked, bool reached, Alert alert, AlertPolicy policy)
    {
        if (destination.ToldOf(alert) is not { State: not AlertState.Resolved } told)
        {
            return asked && reached && alert.State == AlertState.Firing;
        }

        return alert.State == AlertState.Acknowledged
            ? destination.KeepsIncidents && told.State == AlertState.Firing
            : asked && (alert.Severity > told.Severity || alert.LastAt - told.At >= policy.RepeatInterval);
    }
}

/// <summary>What came of a plan.</summary>
/// <param name="Seen">The alert as it was told.</param>
/// <param name="Told">What was told to whom.</param>
/// <param name="Failed">Whether a destination could not be told.</param>
/// <param name="Withheld">See <see cref="AlertPlan.Withheld"/>.</param>
/// <param name="Waiting">See <see cref="AlertPlan.Waiting"/>.</param>
public sealed record AlertSent(Alert Seen, IReadOnlyList<AlertTold> Told, bool Failed, string? Withheld, bool Waiting);
