using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Monitoring;

/// <summary>What a report has to say to people: an alert for each alarm, and the end of those that are well again.</summary>
public static class MonitorAlerts
{
    private static readonly AlertTopic[] Topics = [AlertTopic.Drift, AlertTopic.Quality, AlertTopic.Performance, AlertTopic.Slo, AlertTopic.Value];

    /// <summary>
    /// The events. A warning or too little evidence changes nothing: an alert that holds goes on, none begins. A check that was made for
    /// another version of the model speaks of the same subject.
    /// </summary>
    /// <param name="report">The report.</param>
    /// <param name="open">Alerts of the pipeline that hold.</param>
    /// <param name="clearAfter">How many checks in a row must find well again what an alert is about; see <see cref="Pipelines.MonitorSpec.ClearAfter"/>.</param>
    public static IReadOnlyList<AlertEvent> Of(MonitorReport report, IEnumerable<Alert> open, int clearAfter = 1)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(open);
        var events = new List<AlertEvent>();
        foreach (MonitorFinding finding in report.Findings)
        {
            if (finding.Verdict == MonitorVerdict.Alarm && TopicOf(finding.Kind) is { } topic)
            {
                events.Add(Event(report, topic, SubjectOf(finding), SeverityOf(topic), TitleOf(finding), finding.Sentence, resolved: false));
            }
        }

        foreach (Alert alert in open)
        {
            if (Topics.Contains(alert.Topic) && WellAgain(report, alert) is { } sentence)
            {
                events.Add(Event(report, alert.Topic, alert.Subject, alert.Severity, $"{alert.Subject}: well again", sentence, resolved: true) with { ClearAfter = clearAfter });
            }
        }

        return events;
    }

    private static string? WellAgain(MonitorReport report, Alert alert)
    {
        MonitorFinding[] related = [.. report.Findings.Where(f => TopicOf(f.Kind) == alert.Topic)];
        if (related.FirstOrDefault(f => SubjectOf(f) == alert.Subject) is { } finding)
        {
            return finding.Verdict == MonitorVerdict.Ok ? finding.Sentence : null;
        }

        // Quality names only what is not well: what it does not name, and could judge, is well.
        return alert.Topic == AlertTopic.Quality && related.Any(f => f.Verdict != MonitorVerdict.InsufficientEvidence) ? "Within what is tolerated." : null;
    }

    private static AlertEvent Event(MonitorReport report, AlertTopic topic, string subject, AlertSeverity severity, string title, string detail, bool resolved) => new()
    {
        Pipeline = report.Pipeline,
        Topic = topic,
        Severity = severity,
        Subject = subject,
        Title = title,
        Detail = $"{detail} Version {report.Version}, {report.From:yyyy-MM-dd HH:mm} to {report.Until:HH:mm} UTC.",
        At = report.Until,
        Evidence = $"monitoring/{report.Pipeline} v{report.Version} {report.Until:yyyy-MM-ddTHH:mmZ}",
        Resolved = resolved,
        Observation = report.Until.UtcTicks / TimeSpan.TicksPerSecond,
    };

    private static AlertTopic? TopicOf(MonitorKind kind) => kind switch
    {
        MonitorKind.DataDrift or MonitorKind.PredictionDrift or MonitorKind.DatasetDrift or MonitorKind.AttributionDrift => AlertTopic.Drift,
        MonitorKind.DataQuality or MonitorKind.Staleness => AlertTopic.Quality,
        MonitorKind.EstimatedPerformance or MonitorKind.Performance or MonitorKind.ConceptDrift or MonitorKind.Fairness or MonitorKind.Calibration => AlertTopic.Performance,
        MonitorKind.Value => AlertTopic.Value,
        MonitorKind.Availability or MonitorKind.Latency => AlertTopic.Slo,
        _ => null,
    };

    private static AlertSeverity SeverityOf(AlertTopic topic) => topic == AlertTopic.Slo ? AlertSeverity.Critical : AlertSeverity.Warning;

    private static string SubjectOf(MonitorFinding finding) => finding.Kind switch
    {
        MonitorKind.DataDrift => $"input {finding.Subject}",
        MonitorKind.PredictionDrift => "output",
        MonitorKind.DatasetDrift => "data set",
        MonitorKind.EstimatedPerformance => $"estimated {finding.Subject}",
        MonitorKind.AttributionDrift => "attributions",
        MonitorKind.Staleness => $"no {finding.Subject}",
        MonitorKind.ConceptDrift => "concept",
        MonitorKind.Calibration => "calibration",
        _ => finding.Subject,
    };

    private static string TitleOf(MonitorFinding finding) => finding.Kind switch
    {
        MonitorKind.DataDrift => $"Input '{finding.Subject}' drifted",
        MonitorKind.PredictionDrift => "The model's answers drifted",
        MonitorKind.DatasetDrift => "Most inputs drifted",
        MonitorKind.AttributionDrift => "The model decides by other inputs than in training",
        MonitorKind.Staleness => $"Nothing comes any more: {finding.Subject}",
        MonitorKind.DataQuality => $"Bad live data: {finding.Subject}",
        MonitorKind.EstimatedPerformance => $"The model is estimated to have got worse: {finding.Subject}",
        MonitorKind.ConceptDrift => "What the model learned no longer holds",
        MonitorKind.Fairness => $"The model serves groups unequally: {finding.Subject}",
        MonitorKind.Calibration => "Probabilities no longer come true as often as they say",
        MonitorKind.Value => "Decisions are worth less than none",
        MonitorKind.Performance => $"The model got worse: {finding.Subject}",
        _ => $"Objective missed: {finding.Subject}",
    };
}
