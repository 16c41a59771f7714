namespace ServerlessMlops.Core.Alerts;

/// <summary>What events and people do to an alert, as pure functions from the row that was read to the row to write (the same instance: nothing to write).</summary>
public static class AlertMoves
{
    /// <summary>After so many notifications in a row that did not reach a destination it is given up; the alert stays on the record.</summary>
    public const int MaxFailures = 12;

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
            if (current.State == AlertState.Resolved)
            {
                return current;
            }

            if (current.Clear + 1 < occurred.ClearAfter)
            {
                return current with { Clear = current.Clear + 1, Observation = occurred.Observation };
            }

            // An end that was never announced as a beginning is not announced either.
            return current with
            {
                State = AlertState.Resolved, Title = occurred.Title, Detail = occurred.Detail, Evidence = occurred.Evidence, LastAt = occurred.At,
                Observation = occurred.Observation, Clear = current.Clear + 1, Unsent = current.Told.Count > 0, Withheld = null,
            };
        }

        if (current.State == AlertState.Resolved)
        {
            return Begin(occurred);
        }

        bool graver = occurred.Severity > current.Severity;
        bool due = current.State == AlertState.Firing
            && (current.Waiting || current.DecidedAt is not { } decided || occurred.At - decided >= policy.RepeatInterval);
        return current with
        {
            Severity = graver ? occurred.Severity : current.Severity,
            Title = occurred.Title,
            Detail = occurred.Detail,
            Evidence = occurred.Evidence,
            LastAt = occurred.At,
            Occurrences = current.Occurrences + 1,
            Observation = occurred.Observation,
            Clear = 0,
            Recent = [.. current.Recent.TakeLast(Alert.MaxRecent - 1), occurred.At],
            Unsent = current.Unsent || graver || due,
        };
    }

    /// <summary>
    /// Somebody looks after it: no reminders, and services that keep incidents of their own are told. Repeating it changes nothing; an alert that is
    /// over stays over.
    /// </summary>
    public static Alert Acknowledge(Alert current, string by)
    {
        ArgumentNullException.ThrowIfNull(current);
        return current.State == AlertState.Firing
            ? current with { State = AlertState.Acknowledged, AcknowledgedBy = by, Unsent = current.Told.Count > 0, Waiting = false }
            : current;
    }

    /// <summary>Somebody says that it is over, or nothing has been heard of it for long. A later report begins it anew.</summary>
    public static Alert Resolve(Alert current, string by)
    {
        ArgumentNullException.ThrowIfNull(current);
        return current.State == AlertState.Resolved
            ? current
            : current with { State = AlertState.Resolved, AcknowledgedBy = by, Unsent = current.Told.Count > 0, Withheld = null, Waiting = false };
    }

    /// <summary>It was decided whom to tell of it as it stood then, and they were told or not: what has changed since remains to be told.</summary>
    public static Alert MarkSent(Alert current, AlertSent sent, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(current);
        ArgumentNullException.ThrowIfNull(sent);
        Alert seen = sent.Seen;
        if (current.FirstAt != seen.FirstAt)
        {
            return current; // it ended and began anew meanwhile
        }

        bool same = current.State == seen.State && current.Severity == seen.Severity && (!sent.Waiting || current.Occurrences == seen.Occurrences);
        int failures = sent.Failed ? current.Failures + 1 : 0;
        bool again = sent.Failed && failures < MaxFailures;

        // Its end, or that somebody looks after it, was not to be told as long as nobody had been told of it, and came while the first were being told.
        bool overtaken = current.State != seen.State && sent.Told.Count > 0;
        Alert marked = current with
        {
            Told = [.. current.Told.Where(old => sent.Told.All(told => told.Destination != old.Destination)), .. sent.Told],
            DecidedAt = at,
            Waiting = sent.Waiting && current.State == AlertState.Firing,
            Withheld = current.State == AlertState.Resolved ? null : sent.Withheld,
            Failures = failures,
            Unsent = (current.Unsent && !same) || overtaken || again,
        };

        // News is over with this. Whoever keeps incidents of their own is told at once that there is none; see AlertPlan.
        return current.IsNews && !again
            ? marked with { State = AlertState.Resolved, Waiting = false, Withheld = null, Unsent = overtaken || (current.State != AlertState.Resolved && sent.Told.Count > 0) }
            : marked;
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
        Recent = [occurred.At],
        Unsent = true,
    };

    /// <summary>Whether this very event was applied before: activities run at least once.</summary>
    private static bool IsCounted(Alert current, AlertEvent occurred) => occurred.Observation == 0
        ? current.Observation == 0 && current.Evidence == occurred.Evidence && current.LastAt >= occurred.At
            && (current.IsNews || occurred.Resolved == (current.State == AlertState.Resolved))
        : occurred.Observation <= current.Observation;
}
