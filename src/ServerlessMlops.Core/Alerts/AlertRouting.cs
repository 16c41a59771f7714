using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Alerts;

/// <summary>Who is told of what, by the <c>alerts</c> section of a spec.</summary>
public static class AlertRouting
{
    /// <summary>Name of the setting that holds a rule's address.</summary>
    public static string SettingName(AlertSpec rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return rule.UrlSetting ?? $"ALERTS_{rule.To.ToString().ToUpperInvariant()}_URL";
    }

    /// <summary>
    /// Where alerts go by the rules of a spec. Without any: to every channel whose setting is set, everything from a warning on, to PagerDuty what is
    /// critical.
    /// </summary>
    public static IReadOnlyList<AlertDestination> Destinations(IReadOnlyList<AlertSpec> rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        IEnumerable<AlertSpec> inForce = rules.Count > 0
            ? rules
            : Enum.GetValues<AlertTarget>().Select(to => new AlertSpec { To = to, Severity = to == AlertTarget.PagerDuty ? AlertSeverity.Critical : AlertSeverity.Warning });
        return [.. inForce.GroupBy(rule => (rule.To, Setting: SettingName(rule))).Select(g => new AlertDestination(g.Key.To, g.Key.Setting, [.. g], rules.Count == 0))];
    }

    /// <summary>What explains alerts of a topic: data that breaks expectations drifts too, and what drifts is estimated worse.</summary>
    public static IReadOnlyList<AlertTopic> CausesOf(AlertTopic topic) => topic switch
    {
        AlertTopic.Drift => [AlertTopic.Quality],
        AlertTopic.Performance => [AlertTopic.Quality, AlertTopic.Drift],
        _ => [],
    };

    /// <summary>The alert that holds and explains this one, so that only the cause is told; null where none does.</summary>
    public static Alert? InhibitorOf(Alert alert, IEnumerable<Alert> open)
    {
        ArgumentNullException.ThrowIfNull(alert);
        IReadOnlyList<AlertTopic> causes = CausesOf(alert.Topic);
        return open.FirstOrDefault(other => other.State != AlertState.Resolved && causes.Contains(other.Topic) && other.Severity >= alert.Severity);
    }
}
