using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Drift;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;
using static System.FormattableString;

namespace ServerlessMlops.Core.Rollout.Replay;

/// <summary>What a replay found.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Version">The version that scored again.</param>
/// <param name="From">Begin of the period.</param>
/// <param name="To">Its end.</param>
/// <param name="Summary">The comparison in sentences.</param>
/// <param name="FlippedShare">Share of the decisions that changed, 0 to 1; null for regressions and without rows.</param>
/// <param name="MeanDifference">Mean absolute difference of the outputs; null without rows.</param>
/// <param name="LoggedMean">Mean output that was given.</param>
/// <param name="ReplayedMean">Mean output of the replay.</param>
/// <param name="OutputShift">How far the distributions of the outputs are apart: Cramer's V, 0 to 1.</param>
/// <param name="Metrics">Where labels are known: accuracy and log_loss, or mse, given and replayed; else empty.</param>
/// <param name="Sums">The sums behind it.</param>
public sealed record ReplayReport(
    string Pipeline,
    int Version,
    DateTimeOffset From,
    DateTimeOffset To,
    IReadOnlyList<string> Summary,
    double? FlippedShare,
    double? MeanDifference,
    double? LoggedMean,
    double? ReplayedMean,
    double? OutputShift,
    IReadOnlyDictionary<string, ReplayedMetric> Metrics,
    ReplaySums Sums)
{
    private static readonly ChiSquareStatistic ChiSquare = new();

    /// <summary>Makes the report of the sums.</summary>
    public static ReplayReport Of(ReplayRequest request, ModelCard card, ReplaySums sums)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(card);
        ArgumentNullException.ThrowIfNull(sums);
        long flipped = sums.Flips.Values.Sum();
        bool any = sums.Rows > 0;
        double? share = any && card.Task != LearningTask.Regression ? (double)flipped / sums.Rows : null;
        double? difference = any ? sums.ByVersion.Values.Sum(v => v.Difference) / sums.Rows : null;
        double? shift = any
            ? ChiSquare.Measure(new FeatureGroups("output", FeatureKind.Number, card.OutputReference.Edges, [], sums.Logged), [.. sums.Replayed]).Effect
            : null;
        var metrics = new SortedDictionary<string, ReplayedMetric>(StringComparer.Ordinal);
        if (sums.Labelled is { Rows: > 0 } labels)
        {
            metrics[card.Task == LearningTask.Regression ? "mse" : "log_loss"] = new ReplayedMetric(labels.LoggedLoss / labels.Rows, labels.ReplayedLoss / labels.Rows);
            if (card.Task != LearningTask.Regression)
            {
                metrics["accuracy"] = new ReplayedMetric((double)labels.LoggedRight / labels.Rows, (double)labels.ReplayedRight / labels.Rows);
            }
        }

        return new ReplayReport(
            request.Pipeline, request.Version, request.From, request.To, [.. Sentences(request, sums, flipped, share, difference, shift, metrics)],
            share, difference, any ? sums.LoggedSum / sums.Rows : null, any ? sums.ReplayedSum / sums.Rows : null, shift, metrics, sums);
    }

    private static IEnumerable<string> Sentences(
        ReplayRequest request, ReplaySums sums, long flipped, double? share, double? difference, double? shift, SortedDictionary<string, ReplayedMetric> metrics)
    {
        if (sums.Rows == 0)
        {
            yield return Invariant($"No answer between {request.From.UtcDateTime:u} and {request.To.UtcDateTime:u} could be replayed; the log of that time is empty, or has been deleted.");
        }
        else
        {
            yield return Invariant($"Version {request.Version} scored {sums.Rows} logged row(s) again; its outputs differ by {difference:0.####} on average and {sums.LargestDifference:0.####} at most (distributions apart by {shift:0.00}, Cramer's V).");
        }

        if (share is not null)
        {
            yield return Invariant($"{flipped} decision(s) are others now ({share:0.0%}){(flipped == 0 ? "" : ": ")}{string.Join(", ", sums.Flips.OrderByDescending(f => f.Value).Take(5).Select(f => $"{f.Key} {f.Value}"))}.");
        }

        foreach ((string name, ReplayedMetric metric) in metrics)
        {
            yield return Invariant($"{name} over {sums.Labelled.Rows} labels: {metric.Logged:0.####} as answered, {metric.Replayed:0.####} replayed.");
        }

        foreach ((string input, long rows) in sums.MissingInputs)
        {
            yield return Invariant($"Input '{input}' was not logged with {rows} row(s) and counts as missing there: the comparison is only as good as that.");
        }

        if (sums.Unscorable > 0)
        {
            yield return Invariant($"{sums.Unscorable} row(s) could not be scored again; the first: {sums.FirstFault}");
        }
    }
}

/// <summary>A metric of the answers as they were given and as the replay gives them.</summary>
/// <param name="Logged">As given.</param>
/// <param name="Replayed">Of the replay.</param>
public sealed record ReplayedMetric(double Logged, double Replayed);
