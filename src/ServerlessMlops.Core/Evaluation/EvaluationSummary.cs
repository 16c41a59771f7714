namespace ServerlessMlops.Core.Evaluation;

/// <summary>An evaluation in short, for the model card.</summary>
/// <param name="Metrics">Metrics with intervals.</param>
/// <param name="Costs">What the model costs.</param>
/// <param name="Comparison">Against the version that served, by the metric that picks the winner.</param>
/// <param name="CalibrationError">See <see cref="CalibrationCurve.Error"/>.</param>
/// <param name="Fairness">Differences by sensitive column.</param>
/// <param name="WeakestSegment">The weakest segment found, if any.</param>
/// <param name="Sandbox">How the stored bytes behaved on the path that serving takes.</param>
public sealed record EvaluationSummary(
    IReadOnlyDictionary<string, MetricEstimate> Metrics,
    ModelCosts Costs,
    MetricComparison? Comparison,
    double? CalibrationError,
    IReadOnlyList<FairnessSummary> Fairness,
    WeakSegment? WeakestSegment,
    SandboxResult? Sandbox)
{
    /// <summary>The winner of a report, in short.</summary>
    public static EvaluationSummary Of(EvaluationReport report)
    {
        ModelEvaluation winner = report.Models.First(m => m.Name == report.Winner && m.Version is null);
        return new EvaluationSummary(
            winner.Metrics,
            winner.Costs,
            report.Comparisons.FirstOrDefault(c => c.Metric == report.Metric),
            winner.Calibration?.Error,
            [.. winner.Fairness.Select(f => new FairnessSummary(f.Column, f.Parity, f.Odds))],
            winner.WeakSegments.Count > 0 ? winner.WeakSegments[0] : null,
            report.Sandbox);
    }
}

/// <summary>Differences over the groups of a sensitive column.</summary>
/// <param name="Column">The column.</param>
/// <param name="Parity">Demographic parity difference.</param>
/// <param name="Odds">Equalized odds difference.</param>
public sealed record FairnessSummary(string Column, MetricEstimate? Parity, MetricEstimate? Odds);
