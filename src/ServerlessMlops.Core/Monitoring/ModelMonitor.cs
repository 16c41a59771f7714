using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Monitoring.Attribution;
using ServerlessMlops.Core.Monitoring.Drift;
using ServerlessMlops.Core.Monitoring.Performance;
using ServerlessMlops.Core.Monitoring.Quality;
using ServerlessMlops.Core.Monitoring.Service;
using ServerlessMlops.Core.Monitoring.Staleness;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Training;

namespace ServerlessMlops.Core.Monitoring;

/// <summary>All checks of a live model, from counts alone.</summary>
public static class ModelMonitor
{
    /// <summary>How far back the rows must reach: the pipeline's window, or what service levels need.</summary>
    public static TimeSpan Lookback(MonitorSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return spec.Window > ServiceLevelMonitor.Lookback ? spec.Window : ServiceLevelMonitor.Lookback;
    }

    /// <summary>Checks the model.</summary>
    /// <param name="card">Its card.</param>
    /// <param name="version">Its version.</param>
    /// <param name="traffic">Its windows of the last <see cref="Lookback"/>, added up.</param>
    /// <param name="spec">The pipeline's <c>monitor</c> section.</param>
    /// <param name="outcomes">Its outcomes by hour within the label horizon, by time; none where no labels come.</param>
    /// <param name="interval">Time from one check to the next; where not given, the window's length.</param>
    /// <param name="before">The pipeline's report before this check; null for none.</param>
    /// <param name="seen">When data, labels and models last came; what is null is taken from <paramref name="before"/>.</param>
    public static MonitorReport Evaluate(
        ModelCard card,
        int version,
        MonitoredTraffic traffic,
        MonitorSpec spec,
        IReadOnlyList<OutcomeRow>? outcomes = null,
        TimeSpan? interval = null,
        MonitorReport? before = null,
        LastSeen? seen = null)
    {
        ArgumentNullException.ThrowIfNull(card);
        ArgumentNullException.ThrowIfNull(traffic);
        ArgumentNullException.ThrowIfNull(spec);
        WindowSums window = traffic.Window;
        double alpha = FalseAlarmBudget.Alpha(interval ?? spec.Window);
        IReadOnlyList<MonitorFinding> labelled = MeasuredPerformance.Evaluate(card, outcomes ?? [], traffic.Until, spec, alpha);
        var findings = new List<MonitorFinding>();
        if (window.IsEmpty)
        {
            findings.Add(new MonitorFinding(
                MonitorKind.Traffic, "requests", MonitorVerdict.InsufficientEvidence, 0, null, 0, null, null, $"No request in the last {spec.Window.TotalHours:0.##} h: nothing to compare."));
        }
        else
        {
            findings.AddRange(DriftMonitor.Evaluate(card, window, spec, alpha));
            findings.AddRange(AttributionMonitor.Evaluate(card, window, alpha));
            findings.AddRange(QualityMonitor.Evaluate(card, window, alpha));
            findings.AddRange(EstimatedPerformance.Evaluate(card, window, alpha, labelled));
        }

        findings.AddRange(labelled);
        findings.AddRange(ServiceLevelMonitor.Evaluate(traffic.Minutes, traffic.Until, spec.Slo));
        MonitorMemory memory = MonitorMemory.After(
            before, version, (seen ?? LastSeen.Nothing) with { Traffic = traffic.LastRequest }, Suspicion(findings) is not null, traffic.Until, spec.Window, interval ?? spec.Window);
        findings.AddRange(StalenessMonitor.Evaluate(memory.Seen, traffic.Until, spec.Stale));
        return new MonitorReport(card.Pipeline, version, traffic.From, traffic.Until, window.Predictions, window.Requests, alpha, findings) { Memory = memory };
    }

    /// <summary>
    /// What a report asks a training for: drift where labels confirm that the model got worse, a suspicion where only inputs or estimates moved, null
    /// where all is well.
    /// </summary>
    public static (RetrainCause Cause, string Detail)? AsksForTraining(MonitorReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        MonitorFinding? confirmed = report.Findings.FirstOrDefault(f => f is { Verdict: MonitorVerdict.Alarm, Kind: MonitorKind.Performance or MonitorKind.ConceptDrift });
        return confirmed is not null ? (RetrainCause.Drift, confirmed.Sentence) : Suspicion(report.Findings) is { } suspected ? (RetrainCause.Suspicion, suspected.Sentence) : null;
    }

    /// <summary>What inputs or estimates raise a suspicion by, without labels; null where nothing does.</summary>
    private static MonitorFinding? Suspicion(IEnumerable<MonitorFinding> findings) => findings.FirstOrDefault(f => f is
    {
        Verdict: MonitorVerdict.Alarm,
        Kind: MonitorKind.EstimatedPerformance or MonitorKind.DatasetDrift or MonitorKind.PredictionDrift or MonitorKind.AttributionDrift,
    });
}
