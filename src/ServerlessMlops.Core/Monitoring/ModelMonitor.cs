using ServerlessMlops.Core.Monitoring.Drift;
using ServerlessMlops.Core.Monitoring.Performance;
using ServerlessMlops.Core.Monitoring.Quality;
using ServerlessMlops.Core.Monitoring.Service;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;

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
    public static MonitorReport Evaluate(ModelCard card, int version, MonitoredTraffic traffic, MonitorSpec spec)
    {
        ArgumentNullException.ThrowIfNull(card);
        ArgumentNullException.ThrowIfNull(traffic);
        ArgumentNullException.ThrowIfNull(spec);
        WindowSums window = traffic.Window;
        double alpha = FalseAlarmBudget.Alpha(spec.Window);
        var findings = new List<MonitorFinding>();
        if (window.IsEmpty)
        {
            findings.Add(new MonitorFinding(
                MonitorKind.Traffic, "requests", MonitorVerdict.InsufficientEvidence, 0, null, 0, null, null, $"No request in the last {spec.Window.TotalHours:0.##} h: nothing to compare."));
        }
        else
        {
            findings.AddRange(DriftMonitor.Evaluate(card, window, spec));
            findings.AddRange(QualityMonitor.Evaluate(card, window, alpha));
            findings.AddRange(EstimatedPerformance.Evaluate(card, window));
        }

        findings.AddRange(ServiceLevelMonitor.Evaluate(traffic.Minutes, traffic.Until, spec.Slo));
        return new MonitorReport(card.Pipeline, version, traffic.From, traffic.Until, window.Predictions, window.Requests, alpha, findings);
    }
}
