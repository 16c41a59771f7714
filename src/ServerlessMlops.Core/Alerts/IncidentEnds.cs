using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Core.Alerts;

/// <summary>
/// Which alerts are over without anybody saying so: what failed has gone well since, or nothing has been heard of it for long. What checks still look at (drift of an
/// input) ends before that by what they find (<see cref="Monitoring.MonitorAlerts"/>), and approvals by being decided.
/// </summary>
public static class IncidentEnds
{
    /// <summary>Subject of the alert about a check that could not be made.</summary>
    public const string Check = "monitor";

    /// <summary>After this time without news an alert is over. It stays on the record, and happening again it is told again.</summary>
    public static readonly TimeSpan Forgotten = TimeSpan.FromDays(7);

    /// <summary>The ends.</summary>
    /// <param name="open">Alerts of the pipeline that hold.</param>
    /// <param name="runs">The pipeline's newest runs, newest first.</param>
    /// <param name="at">When a check was made that did not fail.</param>
    /// <param name="evidence">What bears that out.</param>
    public static IReadOnlyList<AlertEvent> Of(IEnumerable<Alert> open, IReadOnlyList<Run> runs, DateTimeOffset at, string evidence)
    {
        ArgumentNullException.ThrowIfNull(open);
        ArgumentNullException.ThrowIfNull(runs);
        var ends = new List<AlertEvent>();
        foreach (Alert alert in open)
        {
            if (alert is { Topic: AlertTopic.Failed, Subject: Check })
            {
                if (alert.LastAt < at)
                {
                    ends.Add(End(alert, "The live model is checked again", "A later check went through.", at, evidence));
                }
            }
            else if (alert.Observation == 0 && alert.Topic == AlertTopic.Failed && Since(alert, runs) is { } well)
            {
                ends.Add(End(alert, $"{well.Kind} works again", $"Run {well.Id} succeeded since.", at, well.Id));
            }
            else if (alert.Topic != AlertTopic.Approval && alert.LastAt < at - Forgotten)
            {
                ends.Add(End(alert, alert.Title, $"Nothing has been heard of it for {Forgotten.TotalDays:0} days. Before: {alert.Detail}", at, evidence));
            }
        }

        return ends;
    }

    /// <summary>The newest run that succeeded, of the kind whose failure the alert is about, and that began after it; null where none did.</summary>
    private static Run? Since(Alert alert, IReadOnlyList<Run> runs) =>
        runs.FirstOrDefault(run => run.Status is RunStatus.Succeeded or RunStatus.Cached && run.StartedAt > alert.LastAt && alert.Title == RunAlerts.FailureOf(run.Kind));

    private static AlertEvent End(Alert alert, string title, string detail, DateTimeOffset at, string evidence) => new()
    {
        Pipeline = alert.Pipeline,
        Topic = alert.Topic,
        Severity = alert.Severity,
        Subject = alert.Subject,
        Title = title,
        Detail = detail,
        At = at,
        Evidence = evidence,
        Resolved = true,
        Observation = alert.Observation == 0 ? 0 : at.UtcTicks / TimeSpan.TicksPerSecond,
    };
}
