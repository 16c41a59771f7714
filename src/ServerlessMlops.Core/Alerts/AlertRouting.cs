using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Alerts;

/// <summary>Who is told of what, by the <c>alerts</c> section of a spec.</summary>
public static class AlertRouting
{
    /// <summary>The rule of a spec without any: everything from a warning on, to the webhook of the setting <c>ALERTS_WEBHOOK_URL</c>, where it is set.</summary>
    public static AlertSpec Default { get; } = new() { To = AlertTarget.Webhook };

    /// <summary>Name of the setting that holds a rule's address.</summary>
    public static string SettingName(AlertSpec rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return rule.UrlSetting ?? $"ALERTS_{rule.To.ToString().ToUpperInvariant()}_URL";
    }

    /// <summary>The rules in force, one for each channel and address.</summary>
    public static IReadOnlyList<AlertSpec> Rules(IReadOnlyList<AlertSpec> spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return spec.Count == 0 ? [Default] : spec;
    }

    /// <summary>The alerts that a rule asks for. Resolved ones go where they went when they fired: by the same rule.</summary>
    public static IReadOnlyList<Alert> Select(AlertSpec rule, IEnumerable<Alert> alerts)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return [.. alerts.Where(alert => alert.Severity >= rule.Severity && (rule.On.Count == 0 || rule.On.Contains(alert.Topic)))];
    }

    /// <summary>
    /// Whether another alert that holds explains this one, so that only the cause is told: data that breaks expectations drifts too, and what
    /// drifts is estimated worse.
    /// </summary>
    public static bool IsInhibited(Alert alert, IEnumerable<Alert> firing)
    {
        ArgumentNullException.ThrowIfNull(alert);
        AlertTopic[] causes = alert.Topic switch
        {
            AlertTopic.Drift => [AlertTopic.Quality],
            AlertTopic.Performance => [AlertTopic.Quality, AlertTopic.Drift],
            _ => [],
        };
        return alert.State != AlertState.Resolved && firing.Any(other => other.State != AlertState.Resolved && causes.Contains(other.Topic) && other.Severity >= alert.Severity);
    }
}
