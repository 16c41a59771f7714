using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Monitoring.Performance;

/// <summary>
/// Confidence-based performance estimation (CBPE): what accuracy and area under the curve to expect of live predictions before their labels are
/// known, from the predicted probabilities alone. It holds as far as the probabilities are calibrated on live data; it cannot see a
/// change of what the labels mean (concept drift).
/// </summary>
public static class EstimatedPerformance
{
    /// <summary>Below this many predictions nothing is estimated.</summary>
    public const long MinRows = 100;

    /// <summary>The fall below the hold-out's metric from which it is an alarm; half of it is a warning.</summary>
    public const double Large = 0.05;

    // Two-sided 99.7%: the fall must exceed three standard errors of the estimate.
    private const double StandardErrors = 3;

    /// <summary>Names of metrics, as learners give them.</summary>
    private const string Accuracy = "accuracy";
    private const string Auc = "auc";

    /// <summary>The estimates against the hold-out's metrics of the same name; none for regression, or where the card has no such metric.</summary>
    public static IReadOnlyList<MonitorFinding> Evaluate(ModelCard card, WindowSums window)
    {
        ArgumentNullException.ThrowIfNull(card);
        ArgumentNullException.ThrowIfNull(window);
        if (card.Task == LearningTask.Regression)
        {
            return [];
        }

        var findings = new List<MonitorFinding>();
        foreach ((string metric, Estimate? estimate) in ((string, Estimate?)[])
                 [(Accuracy, ExpectedAccuracy(card, window)), (Auc, card.Task == LearningTask.Binary ? ExpectedAuc(window) : null)])
        {
            if (estimate is { } found && card.Metrics.TryGetValue(metric, out double holdout))
            {
                findings.Add(Judge(metric, found, holdout, window.Predictions));
            }
        }

        return findings;
    }

    /// <summary>
    /// Expected accuracy. Binary: positives are right with probability p, negatives with 1 - p. Multiclass: the winning class is right with its
    /// probability. The standard error is that of a sum of independent outcomes with the mean probability of each group.
    /// </summary>
    public static Estimate? ExpectedAccuracy(ModelCard card, WindowSums window)
    {
        ArgumentNullException.ThrowIfNull(card);
        ArgumentNullException.ThrowIfNull(window);
        long rows = window.Predictions;
        if (rows == 0)
        {
            return null;
        }

        double sum = window.OutputSums.Sum();
        double right = card.Task == LearningTask.Binary
            ? window.PositiveSum + (rows - window.Positives - (sum - window.PositiveSum))
            : sum;
        double variance = 0;
        for (int group = 0; group < window.Outputs.Length; group++)
        {
            double mean = window.Outputs[group] == 0 ? 0 : Math.Clamp(window.OutputSums[group] / window.Outputs[group], 0, 1);
            variance += window.Outputs[group] * mean * (1 - mean);
        }

        return new Estimate(right / rows, Math.Sqrt(variance) / rows);
    }

    /// <summary>
    /// Expected area under the curve: the chance that a positive is in a higher group than a negative, ties counted half. Groups hide the order
    /// within them, which lowers it a little. The standard error is Hanley and McNeil's (1982).
    /// </summary>
    public static Estimate? ExpectedAuc(WindowSums window)
    {
        ArgumentNullException.ThrowIfNull(window);
        double positives = 0;
        double negatives = 0;
        double pairs = 0;
        for (int group = 0; group < window.Outputs.Length - 1; group++)
        {
            double positive = window.OutputSums[group];
            double negative = window.Outputs[group] - positive;
            pairs += positive * (negatives + (negative / 2));
            positives += positive;
            negatives += negative;
        }

        if (positives < 1 || negatives < 1)
        {
            return null;
        }

        double auc = pairs / (positives * negatives);
        double q1 = auc / (2 - auc);
        double q2 = 2 * auc * auc / (1 + auc);
        double variance = ((auc * (1 - auc)) + ((positives - 1) * (q1 - (auc * auc))) + ((negatives - 1) * (q2 - (auc * auc)))) / (positives * negatives);
        return new Estimate(auc, Math.Sqrt(Math.Max(0, variance)));
    }

    private static MonitorFinding Judge(string metric, Estimate estimate, double holdout, long rows)
    {
        double fall = holdout - estimate.Value;
        bool significant = fall > StandardErrors * estimate.StandardError;
        MonitorVerdict verdict =
            rows < MinRows || (!significant && StandardErrors * estimate.StandardError > Large) ? MonitorVerdict.InsufficientEvidence
            : significant && fall >= Large ? MonitorVerdict.Alarm
            : significant && fall >= Large / 2 ? MonitorVerdict.Warning
            : MonitorVerdict.Ok;
        return new MonitorFinding(
            MonitorKind.EstimatedPerformance, metric, verdict, rows, fall, Large, Statistics.Distributions.NormalTail(fall / Math.Max(1e-12, estimate.StandardError)), null,
            $"Estimated {metric} {estimate.Value:0.000} +- {StandardErrors * estimate.StandardError:0.000} over {rows} predictions without labels; {holdout:0.000} on the hold-out. Holds while the probabilities are calibrated and the concept is unchanged.");
    }
}

/// <summary>An estimate with its sampling error.</summary>
/// <param name="Value">The estimate.</param>
/// <param name="StandardError">Its standard error.</param>
public readonly record struct Estimate(double Value, double StandardError);
