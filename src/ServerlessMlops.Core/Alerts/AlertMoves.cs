using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Alerts;

/// <summary>What events and people do to an alert, as pure functions from the row that was read to the row to write (the same instance: nothing to write).</summary>
public static class AlertMoves
{
    /// <summary>An event arrives. Null where there is nothing to keep: the end of what was never reported.</summary>
    public static Alert? Apply(Alert? current, AlertEvent occurred, AlertPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(occurred);
        ArgumentNullException.ThrowIfNull(policy);
        if (current is null)
        {
            return occurred.Resolved ? null : Begin(occurred);
        }

        if (IsCounted(current, occurred))
        {
            return current;
        }

        if (occurred.Resolved)
        {
            // An end that was never announced as a beginning is not announced either.
            return current.State == AlertState.Resolved
                ? current
                : current with
                {
                    State = AlertState.Resolved, Title = occurred.Title, Detail = occurred.Detail, Evidence = occurred.Evidence, LastAt = occurred.At,
                    Observation = occurred.Observation, Unsent = current.NotifiedAt is not null,
                };
        }

        if (current.State == AlertState.Resolved)
        {
            return Begin(occurred);
        }

        bool graver = occurred.Severity > current.Severity;
        bool due = current.State == AlertState.Firing && (current.NotifiedAt is not { } told || occurred.At - told >= policy.RepeatInterval);
        return current with
        {
            Severity = graver ? occurred.Severity : current.Severity,
            Title = occurred.Title,
            Detail = occurred.Detail,
            Evidence = occurred.Evidence,
            LastAt = occurred.At,
            Occurrences = current.Occurrences + 1,
            Observation = occurred.Observation,
            Unsent = current.Unsent || graver || due,
        };
    }

    /// <summary>Somebody looks after it. Repeating it changes nothing; an alert that is over stays over.</summary>
    public static Alert Acknowledge(Alert current, string by)
    {
        ArgumentNullException.ThrowIfNull(current);
        return current.State == AlertState.Firing ? current with { State = AlertState.Acknowledged, AcknowledgedBy = by, Unsent = false } : current;
    }

    /// <summary>It was told as it stood in <paramref name="told"/>: what has changed since remains to be told.</summary>
    public static Alert MarkSent(Alert current, Alert told, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(told);
        bool same = current.State == told.State && current.Severity == told.Severity && current.FirstAt == told.FirstAt;
        return current with { NotifiedAt = at, Unsent = current.Unsent && !same };
    }

    private static Alert Begin(AlertEvent occurred) => new()
    {
        Id = occurred.Fingerprint,
        Pipeline = occurred.Pipeline,
        Topic = occurred.Topic,
        Severity = occurred.Severity,
        Subject = occurred.Subject,
        Title = occurred.Title,
        Detail = occurred.Detail,
        Evidence = occurred.Evidence,
        State = AlertState.Firing,
        FirstAt = occurred.At,
        LastAt = occurred.At,
        Occurrences = 1,
        Observation = occurred.Observation,
        Unsent = true,
    };

    /// <summary>Whether this very event was applied before: activities run at least once.</summary>
    private static bool IsCounted(Alert current, AlertEvent occurred) => occurred.Observation == 0
        ? current.Observation == 0 && current.Evidence == occurred.Evidence && current.LastAt >= occurred.At && occurred.Resolved == (current.State == AlertState.Resolved)
        : occurred.Observation <= current.Observation;
}
