using ServerlessMlops.Core.Monitoring.Statistics;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;
using static System.FormattableString;

namespace ServerlessMlops.Core.Monitoring.Performance;

/// <summary>
/// How good the model probably is before labels are known. Classification: confidence-based (CBPE), accuracy and area under the curve to expect of the predicted
/// probabilities, corrected by how often they came true on the hold-out. Regression: a model of the loss (<see cref="LossModel"/>). Neither can see a change
/// of what the labels mean; where labels or inputs say that an assumption fails, the estimate is withheld and the finding says why.
/// </summary>
public static class EstimatedPerformance
{
    /// <summary>Below this many predictions nothing is estimated.</summary>
    public const long MinRows = 100;

    /// <summary>The fall below the hold-out's metric from which it is an alarm (of an error: the share by which it grew); half of it is a warning.</summary>
    public const double Large = 0.05;

    /// <summary>Of an error, which varies more than a rate.</summary>
    public const double LargeGrowth = 0.1;

    /// <summary>Standard errors that are stated as the estimate's error.</summary>
    public const double Stated = 3;

    /// <summary>Of how many rows more than on the hold-out nothing may be known for an estimate to be made.</summary>
    public const double LargestUnknownShare = 0.2;

    // Rows at the model's own word that a group's correction is weighed against.
    private const double PriorRows = 20;
    private const int SupportedRows = 10;

    /// <summary>The estimates against the hold-out's metrics of the same name; none where the card has no such metric.</summary>
    /// <param name="card">The model's card.</param>
    /// <param name="window">What was counted.</param>
    /// <param name="alpha">p-value up to which a finding is significant, corrected for the number of metrics.</param>
    /// <param name="labelled">What labels say of the model, where there are any.</param>
    public static IReadOnlyList<MonitorFinding> Evaluate(ModelCard card, WindowSums window, double alpha = 0.0027, IReadOnlyList<MonitorFinding>? labelled = null)
    {
        ArgumentNullException.ThrowIfNull(card);
        ArgumentNullException.ThrowIfNull(window);
        (string Metric, Estimate? Estimate)[] estimates = card.Task == LearningTask.Regression
            ? [.. (card.Estimation?.Losses ?? []).Select(loss => (loss.Metric, ExpectedError(loss, window)))]
            : [("accuracy", ExpectedAccuracy(card, window)), ("auc", card.Task == LearningTask.Binary ? ExpectedAuc(card, window) : null)];
        var known = estimates.Where(e => e.Estimate is not null && card.Metrics.ContainsKey(e.Metric)).ToArray();
        string? doubt = Doubt(card, window, labelled ?? []);
        return [.. known.Select(e => Judge(card, e.Metric, e.Estimate!.Value, window.Predictions, alpha / known.Length, doubt))];
    }

    /// <summary>
    /// Expected accuracy. Binary: positives are right with probability p, negatives with 1 - p. Multiclass: the winning class is right with its
    /// probability. Probabilities are corrected by what came of them on the hold-out. Null without predictions.
    /// </summary>
    public static Estimate? ExpectedAccuracy(ModelCard card, WindowSums window)
    {
        ArgumentNullException.ThrowIfNull(card);
        ArgumentNullException.ThrowIfNull(window);
        double rows = window.Predictions;
        if (rows == 0)
        {
            return null;
        }

        IReadOnlyList<ScoreOutcome> scores = card.Estimation?.Scores ?? [];
        double right = 0, own = 0, sampling = 0;
        if (card.Task == LearningTask.Binary)
        {
            ScoreOutcome positives = card.Estimation?.Positives ?? ScoreOutcome.None;
            var negatives = new ScoreOutcome(scores.Sum(s => s.Rows) - positives.Rows, scores.Sum(s => s.ScoreSum) - positives.ScoreSum, scores.Sum(s => s.CameTrue) - positives.CameTrue);
            Add(window.Positives, window.PositiveSum, positives, isRightWhenTrue: true);
            Add(rows - window.Positives, window.OutputSums.Sum() - window.PositiveSum, negatives, isRightWhenTrue: false);
        }
        else
        {
            for (int group = 0; group < window.Outputs.Length; group++)
            {
                Add(window.Outputs[group], window.OutputSums[group], scores.Count > group ? scores[group] : ScoreOutcome.None, isRightWhenTrue: true);
            }
        }

        return new Estimate(right / rows, Math.Sqrt(own + sampling) / rows) { SamplingError = Math.Sqrt(sampling) / rows };

        void Add(double live, double sum, ScoreOutcome reference, bool isRightWhenTrue)
        {
            (double correction, double variance) = Correction(reference);
            double come = Math.Clamp(sum + (live * correction), 0, live);
            right += isRightWhenTrue ? come : live - come;
            own += live * live * variance;
            sampling += live > 0 ? come * (1 - (come / live)) : 0;
        }
    }

    /// <summary>
    /// Expected area under the curve: the chance that a positive is in a higher group than a negative, ties counted half. What groups hide of the order within
    /// them they hid on the hold-out too, so the hold-out's metric moves by as much as the groups' does. Its standard error is Hanley and
    /// McNeil's (1982), and that of the hold-out's rates by the delta method. Null without both outcomes.
    /// </summary>
    public static Estimate? ExpectedAuc(ModelCard card, WindowSums window)
    {
        ArgumentNullException.ThrowIfNull(card);
        ArgumentNullException.ThrowIfNull(window);
        IReadOnlyList<ScoreOutcome> scores = card.Estimation?.Scores ?? [];
        int groups = window.Outputs.Length - 1; // without the missing group
        double[] rows = [.. window.Outputs.Take(groups).Select(count => (double)count)];
        (double Value, double Variance)[] corrections = [.. Enumerable.Range(0, groups).Select(group => Correction(scores.Count > group ? scores[group] : ScoreOutcome.None))];
        double[] come = [.. Enumerable.Range(0, groups).Select(group => Math.Clamp(window.OutputSums[group] + (rows[group] * corrections[group].Value), 0, rows[group]))];
        if (CurveArea.Of(come, Rest(rows, come)) is not { } auc)
        {
            return null;
        }

        double own = 0;
        for (int group = 0; group < groups; group++)
        {
            double step = Math.Max(1e-6, 1e-4 * rows[group]), before = come[group];
            come[group] = before + step;
            double slope = ((CurveArea.Of(come, Rest(rows, come)) ?? auc) - auc) / step;
            come[group] = before;
            own += slope * slope * rows[group] * rows[group] * corrections[group].Variance;
        }

        double positives = come.Sum(), sampling = CurveArea.Variance(auc, positives, rows.Sum() - positives);
        double hidden = scores.Count == window.Outputs.Length && card.Metrics.TryGetValue("auc", out double holdout)
            && CurveArea.Of([.. scores.Take(groups).Select(s => (double)s.CameTrue)], [.. scores.Take(groups).Select(s => (double)s.Rows - s.CameTrue)]) is { } grouped
                ? holdout - grouped
                : 0;
        return new Estimate(Math.Clamp(auc + hidden, 0, 1), Math.Sqrt(own + sampling)) { SamplingError = Math.Sqrt(sampling) };
    }

    private static Estimate? ExpectedError(LossModel loss, WindowSums window)
    {
        if (window.Predictions == 0)
        {
            return null;
        }

        LossEstimate expected = loss.Expect(window);
        double error = Math.Sqrt((expected.ModelError * expected.ModelError) + (expected.SamplingError * expected.SamplingError));
        if (loss.Metric != "rmse")
        {
            return new Estimate(expected.Mean, error) { SamplingError = expected.SamplingError };
        }

        // By the delta method: the error of a root is half that of what is under it, relative to the root.
        double root = Math.Sqrt(expected.Mean), slope = 1 / Math.Max(1e-12, 2 * root);
        return new Estimate(root, error * slope) { SamplingError = expected.SamplingError * slope };
    }

    /// <summary>Why no estimate may be relied on, or null.</summary>
    private static string? Doubt(ModelCard card, WindowSums window, IReadOnlyList<MonitorFinding> labelled)
    {
        if (labelled.FirstOrDefault(f => f is { Kind: MonitorKind.Calibration, Verdict: MonitorVerdict.Alarm or MonitorVerdict.Warning }) is { } calibration)
        {
            return $"labels say that the probabilities are off by {calibration.Effect:0.000}";
        }

        if (labelled.FirstOrDefault(f => f is { Kind: MonitorKind.ConceptDrift, Verdict: MonitorVerdict.Alarm }) is { } concept)
        {
            return $"labels say that what was learned no longer holds (the loss grew by {concept.Effect:0.000})";
        }

        foreach (LossModel loss in card.Estimation?.Losses ?? [])
        {
            (double share, int input) = loss.Unsupported(window, SupportedRows);
            if (share > LargestUnknownShare)
            {
                string name = input == LossModel.Output ? "the output" : $"'{card.Reference[input].Name}'";
                return Invariant($"{100 * share:0}% of the rows have values of {name} of which the hold-out had fewer than {SupportedRows} rows");
            }
        }

        for (int i = 0; i < Math.Min(card.Reference.Count, window.Features.Length); i++)
        {
            long strange = window.Unknown[i] + window.OutOfRange[i], rows = window.Features[i].Sum();
            if (rows > 0 && strange > LargestUnknownShare * rows)
            {
                return Invariant($"{100.0 * strange / rows:0}% of the rows have values of '{card.Reference[i].Name}' that training never saw");
            }
        }

        return null;
    }

    // How much oftener than said the rows of a group came true, drawn towards not at all where they were few; and the variance of that.
    private static (double Value, double Variance) Correction(ScoreOutcome reference)
    {
        if (reference.Rows == 0)
        {
            return (0, 0);
        }

        double rows = reference.Rows + PriorRows, rate = (reference.CameTrue + 0.5) / (reference.Rows + 1.0);
        return ((reference.CameTrue - reference.ScoreSum) / rows, rate * (1 - rate) / rows);
    }

    private static double[] Rest(double[] rows, double[] come) => [.. rows.Zip(come, (all, some) => all - some)];

    private static MonitorFinding Judge(ModelCard card, string metric, Estimate estimate, long rows, double alpha, string? doubt)
    {
        double holdout = card.Metrics[metric];
        bool isError = card.Task == LearningTask.Regression;
        double unit = isError ? Math.Max(1e-12, holdout) : 1, large = isError ? LargeGrowth : Large;
        double fall = (isError ? estimate.Value - holdout : holdout - estimate.Value) / unit;

        // The hold-out's own error is in both and cancels in the difference; the rest is that of so many rows, and of a loss model.
        double error = (isError ? estimate.StandardError : estimate.SamplingError) / unit;
        double p = Distributions.NormalTail(fall / Math.Max(1e-12, error));
        bool significant = p <= alpha;
        MonitorVerdict verdict =
            doubt is not null || rows < MinRows || (!significant && Stated * error > large) ? MonitorVerdict.InsufficientEvidence
            : significant && fall >= large ? MonitorVerdict.Alarm
            : significant && fall >= large / 2 ? MonitorVerdict.Warning
            : MonitorVerdict.Ok;
        string holds = doubt is not null ? $"Not relied on: {doubt}."
            : isError ? "Holds while the loss depends on inputs and output as on the hold-out."
            : "Holds while the probabilities are calibrated and the concept is unchanged.";
        return new MonitorFinding(
            MonitorKind.EstimatedPerformance, metric, verdict, rows, fall, large, p, null,
            Invariant($"Estimated {metric} {estimate.Value:0.000} +- {Stated * estimate.StandardError:0.000} over {rows} predictions without labels; {holdout:0.000} on the hold-out. {holds}"))
        {
            Measures = new Dictionary<string, double> { ["estimate"] = estimate.Value, ["error"] = Stated * estimate.StandardError },
        };
    }
}

/// <summary>An estimate with its error.</summary>
/// <param name="Value">The estimate.</param>
/// <param name="StandardError">Its standard error, all in.</param>
public readonly record struct Estimate(double Value, double StandardError)
{
    /// <summary>The part of it that comes of so many live rows; the rest is the hold-out's.</summary>
    public double SamplingError { get; init; }
}
