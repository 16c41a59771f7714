using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Monitoring.Statistics;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;
using static System.FormattableString;

namespace ServerlessMlops.Core.Monitoring.Performance;

/// <summary>How good the model turned out to be: metrics of predictions whose labels have come, from joined counts alone.</summary>
public static class MeasuredPerformance
{
    /// <summary>Below this many labels nothing is judged.</summary>
    public const long MinRows = 100;

    /// <summary>How far back predictions are looked at whose labels have come: labels are fewer and later than predictions.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromDays(7);

    /// <summary>The fall below the hold-out's metric from which it is an alarm (of an error: the share by which it grew); half of it is a warning.</summary>
    public const double Large = 0.05;

    /// <summary>The growth of the loss from which a change of concept is an alarm, in the loss's range of 0 to 1.</summary>
    public const double LargeChange = 0.05;

    /// <summary>The difference between groups of a sensitive column from which it is an alarm.</summary>
    public const double LargeGap = 0.1;

    /// <summary>All checks that labels allow.</summary>
    /// <param name="card">The model's card.</param>
    /// <param name="hours">Its outcomes by hour, by time.</param>
    /// <param name="until">End of the windows.</param>
    /// <param name="spec">The pipeline's <c>monitor</c> section.</param>
    /// <param name="alpha">Corrected p-value up to which a finding is significant.</param>
    public static IReadOnlyList<MonitorFinding> Evaluate(ModelCard card, IReadOnlyList<OutcomeRow> hours, DateTimeOffset until, MonitorSpec spec, double alpha)
    {
        ArgumentNullException.ThrowIfNull(card);
        ArgumentNullException.ThrowIfNull(hours);
        ArgumentNullException.ThrowIfNull(spec);
        OutcomeCounts counts = OutcomeCounts.Empty(card.Task, card.OutputReference.GroupCount);
        foreach (OutcomeRow hour in hours.Where(hour => hour.Hour >= until - Window))
        {
            counts.Add(hour.Counts);
        }

        if (hours.Sum(hour => hour.Counts.Labelled) == 0)
        {
            return []; // a pipeline without labels is not told every hour that it has none
        }

        counts = counts.Effective();

        List<Measure> measures = [.. Metrics(card, counts), .. Fairness(card, counts), .. Calibration(counts), .. Value(card, counts, spec.Value)];
        double[] corrected = BenjaminiHochberg.Correct([.. measures.Select(measure => measure.PValue)]);
        return
        [
            .. measures.Select((measure, i) => measure.Finding(corrected[i], alpha)),
            Concept(card, hours),
            Labels(counts),
        ];
    }

    /// <summary>The area under the curve of the counts, with Hanley and McNeil's standard error (1982); null without both outcomes.</summary>
    public static Estimate? Auc(OutcomeCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        return CurveArea.Of(counts.CameTrue, counts.CameFalse) is { } area
            ? new Estimate(area, Math.Sqrt(CurveArea.Variance(area, counts.CameTrue.Sum(), counts.CameFalse.Sum())))
            : null;
    }

    private static IEnumerable<Measure> Metrics(ModelCard card, OutcomeCounts counts)
    {
        if (card.Task == LearningTask.Binary && card.Metrics.TryGetValue("auc", out double holdoutAuc) && Auc(counts) is { } auc)
        {
            yield return Fall("auc", auc, holdoutAuc, holdoutAuc - auc.Value);
        }

        if (card.Task != LearningTask.Regression && counts.Weight > 0 && card.Metrics.TryGetValue("accuracy", out double holdoutAccuracy))
        {
            double accuracy = counts.Decisions.Right / counts.Weight;
            var estimate = new Estimate(accuracy, Math.Sqrt(Smoothed(counts.Decisions.Right, counts.Weight) / counts.Weight));
            yield return Fall("accuracy", estimate, holdoutAccuracy, holdoutAccuracy - accuracy);
        }

        if (card.Task == LearningTask.Regression && counts.Weight > 0 && card.Metrics.TryGetValue("rmse", out double rmse) && rmse > 0)
        {
            // By the delta method: the error of a root is half that of what is under it, relative to the root.
            double mean = counts.LossSum / counts.Weight, now = Math.Sqrt(mean);
            double error = Math.Sqrt(Math.Max(0, (counts.LossSquareSum / counts.Weight) - (mean * mean)) / counts.Weight);
            yield return Fall("rmse", new Estimate(now, now > 0 ? error / (2 * now) : 0), rmse, (now - rmse) / rmse, rmse);
        }

        Measure Fall(string metric, Estimate now, double holdout, double fall, double unit = 1)
        {
            // The hold-out's figure is an estimate too, of about the same spread by row.
            double error = now.StandardError * Math.Sqrt(1 + (counts.Weight / Math.Max(1, card.HoldoutRows))) / unit;
            return new Measure(MonitorKind.Performance, metric, counts.Weight, fall, Large, P(fall, error), error, Invariant(
                $"{metric} {now.Value:0.000} +- {1.96 * now.StandardError:0.000} over {Rows(counts)} of the last {Window.TotalDays:0} days; {holdout:0.000} on the hold-out."));
        }
    }

    private static IEnumerable<Measure> Fairness(ModelCard card, OutcomeCounts counts)
    {
        foreach ((string column, Dictionary<string, GroupOutcome> groups) in counts.Groups.OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            (string Name, GroupOutcome Outcome)[] judged = [.. groups.Where(g => g.Value.Rows >= MinRows).Select(g => (g.Key, g.Value))];
            if (judged.Length < 2)
            {
                continue;
            }

            // Among many groups the widest gap is wide by chance: each pair counts as a look (Bonferroni).
            double pairs = judged.Length * (judged.Length - 1) / 2.0;
            if (card.Task == LearningTask.Regression)
            {
                (string worst, double high, double highError) = judged.Select(g => (g.Name, g.Outcome.AbsoluteErrorSum / g.Outcome.Rows, ErrorOf(g.Outcome))).MaxBy(g => g.Item2);
                (string best, double low, double lowError) = judged.Select(g => (g.Name, g.Outcome.AbsoluteErrorSum / g.Outcome.Rows, ErrorOf(g.Outcome))).MinBy(g => g.Item2);
                double scale = Math.Max(1e-12, judged.Sum(g => g.Outcome.AbsoluteErrorSum) / judged.Sum(g => g.Outcome.Rows));
                double error = Math.Sqrt((highError * highError) + (lowError * lowError)) / scale;
                double gap = (high - low) / scale;
                yield return new Measure(MonitorKind.Fairness, $"error by {column}", judged.Sum(g => g.Outcome.Rows), gap, 2 * LargeGap, Math.Min(1, pairs * P(gap, error)), error, Invariant(
                    $"The mean error of '{worst}' is {high:0.###}, of '{best}' {low:0.###}."));
                continue;
            }

            yield return Gap("accuracy", g => g.Right, g => g.Rows);
            if (card.Task == LearningTask.Binary)
            {
                yield return Gap("positive decisions", g => g.TruePositives + g.FalsePositives, g => g.Rows);
            }

            Measure Gap(string what, Func<GroupOutcome, double> some, Func<GroupOutcome, double> all)
            {
                (string highest, GroupOutcome high) = judged.MaxBy(g => some(g.Outcome) / all(g.Outcome));
                (string lowest, GroupOutcome low) = judged.MinBy(g => some(g.Outcome) / all(g.Outcome));
                double top = some(high) / all(high), bottom = some(low) / all(low);
                double error = Math.Sqrt((Smoothed(some(high), all(high)) / all(high)) + (Smoothed(some(low), all(low)) / all(low)));
                return new Measure(MonitorKind.Fairness, $"{what} by {column}", judged.Sum(g => all(g.Outcome)), top - bottom, LargeGap, Math.Min(1, pairs * P(top - bottom, error)), error, Invariant(
                    $"{what} {top:0.0%} of '{highest}' and {bottom:0.0%} of '{lowest}', over {judged.Length} groups of at least {MinRows} labels."));
            }
        }
    }

    /// <summary>What estimates before labels rest on: that probabilities come true as often as they say.</summary>
    private static IEnumerable<Measure> Calibration(OutcomeCounts counts)
    {
        double rows = counts.CameTrue.Sum() + counts.CameFalse.Sum();
        if (rows == 0)
        {
            yield break;
        }

        double variance = 0;
        for (int group = 0; group < counts.ScoreSums.Length; group++)
        {
            double inGroup = counts.CameTrue[group] + counts.CameFalse[group];
            double mean = inGroup == 0 ? 0 : counts.ScoreSums[group] / inGroup;
            variance += inGroup * mean * (1 - mean);
        }

        double off = (counts.CameTrue.Sum() - counts.ScoreSums.Sum()) / rows, error = Math.Sqrt(Math.Max(1e-12, variance)) / rows;
        yield return new Measure(MonitorKind.Calibration, "probabilities", rows, Math.Abs(off), Large, Math.Min(1, 2 * P(Math.Abs(off), error)), error, Invariant(
            $"The model said {counts.ScoreSums.Sum() / rows:0.0%} on average and {counts.CameTrue.Sum() / rows:0.0%} came true; {(Math.Abs(off) >= Large / 2 ? "estimates before labels are off as far" : "estimates before labels may be relied on so far")}."));
    }

    /// <summary>Business value by decision against that of deciding negative always: a model that costs more than none is worse than none.</summary>
    private static IEnumerable<Measure> Value(ModelCard card, OutcomeCounts counts, ValueSpec? value)
    {
        GroupOutcome made = counts.Decisions;
        if (value is null || card.Task != LearningTask.Binary || made.Rows == 0)
        {
            yield break;
        }

        // Only positive decisions differ from doing nothing: a true one by tp - fn, a false one by fp - tn.
        double right = value.Tp - value.Fn, wrong = value.Fp - value.Tn, rows = made.Rows;
        double gain = ((made.TruePositives * right) + (made.FalsePositives * wrong)) / rows;
        double squares = ((made.TruePositives * right * right) + (made.FalsePositives * wrong * wrong)) / rows;
        double error = Math.Sqrt(Math.Max(0, squares - (gain * gain)) / rows);
        double total = (made.TruePositives * value.Tp) + (made.FalsePositives * value.Fp) + (made.TrueNegatives * value.Tn) + (made.FalseNegatives * value.Fn);
        yield return new Measure(MonitorKind.Value, "value by decision", made.Rows, -gain, 0, P(-gain, error), error, Invariant(
            $"Decisions were worth {total / rows:0.###} each over {Rows(counts)}, {Math.Abs(gain):0.###} {(gain < 0 ? "less" : "more")} than deciding negative always."), IsAgainstNothing: true);
    }

    private static MonitorFinding Concept(ModelCard card, IReadOnlyList<OutcomeRow> hours)
    {
        OutcomeCounts[] effective = [.. hours.Select(hour => hour.Counts.Effective())];
        double rows = effective.Sum(hour => hour.Weight), scale = 1;
        if (card.Task == LearningTask.Regression)
        {
            // ADWIN's bound needs losses within 0 to 1: absolute errors in units of ten times the mean one, which few exceed.
            scale = 10 * Math.Max(1e-12, effective.Sum(hour => hour.Errors.Sum(e => e.AbsoluteSum)) / Math.Max(1, rows));
        }

        LossBucket[] buckets =
        [
            .. effective.Select(hour => card.Task == LearningTask.Regression
                ? new LossBucket(hour.Weight, hour.Errors.Sum(e => e.AbsoluteSum) / scale, hour.Errors.Sum(e => e.SquareSum) / (scale * scale))
                : Wrong(hour)),
        ];
        ConceptChange? change = ConceptDrift.LastChange(buckets);
        double grew = change is null ? 0 : change.After - change.Before;
        MonitorVerdict verdict =
            rows < 2 * MinRows ? MonitorVerdict.InsufficientEvidence
            : grew >= LargeChange ? MonitorVerdict.Alarm
            : grew >= LargeChange / 2 ? MonitorVerdict.Warning
            : MonitorVerdict.Ok;
        string sentence = change is null
            ? Invariant($"The loss of {rows:0} labelled predictions did not change (ADWIN, delta {ConceptDrift.Delta}).")
            : Invariant($"The loss changed at {hours[change.Cut].Hour.UtcDateTime:yyyy-MM-dd HH:mm} UTC from {change.Before:0.000} to {change.After:0.000} (chance explains {change.Bound:0.000}; ADWIN, delta {ConceptDrift.Delta}).");
        return new MonitorFinding(MonitorKind.ConceptDrift, "loss", verdict, (long)rows, grew, LargeChange, change is null ? null : ConceptDrift.Delta, null, sentence);

        static LossBucket Wrong(OutcomeCounts counts) => new(counts.Weight, counts.Weight - counts.Decisions.Right, counts.Weight - counts.Decisions.Right);
    }

    private static MonitorFinding Labels(OutcomeCounts counts)
    {
        double coverage = counts.Predictions == 0 ? 0 : (double)counts.Labelled / counts.Predictions;
        string delay = DelayGroups.Quantile(counts.Delays, 0.5) is { } half && counts.Labelled > 0 ? Invariant($"; half of them came within {half.TotalHours:0.##} h") : "";
        MonitorVerdict verdict = counts.Labelled == 0 ? MonitorVerdict.Warning : MonitorVerdict.Ok;
        return new MonitorFinding(MonitorKind.Labels, "coverage", verdict, counts.Predictions, coverage, 0, null, null, Invariant(
            $"{counts.Labelled} of {counts.Predictions} predictions of the last {Window.TotalDays:0} days that labels were looked for have theirs ({coverage:0%}){delay}{(counts.Labelled == 0 ? "; labels used to come: look after their source" : "")}."));
    }

    /// <summary>How many labels, in words; where rows were picked for labelling, also how many rows they are worth.</summary>
    private static string Rows(OutcomeCounts effective) => (long)Math.Round(effective.Weight) is var worth && worth == effective.Labelled
        ? Invariant($"{effective.Labelled} labelled predictions")
        : Invariant($"{effective.Labelled} labelled predictions (worth {worth}: by the chance that each was picked for labelling)");

    // A share of exactly 0 or 1 has a spread too, which its rows did not show: half a row more on either side.
    private static double Smoothed(double some, double all) => (some + 0.5) / (all + 1.0) * (1 - ((some + 0.5) / (all + 1.0)));

    private static double ErrorOf(GroupOutcome group)
    {
        double mean = group.AbsoluteErrorSum / group.Rows;
        return Math.Sqrt(Math.Max(0, (group.SquareErrorSum / group.Rows) - (mean * mean)) / group.Rows);
    }

    private static double P(double effect, double error) => Distributions.NormalTail(effect / Math.Max(1e-12, error));

    /// <summary>What one check measured, before it is corrected for the others.</summary>
    private sealed record Measure(
        MonitorKind Kind, string Subject, double Rows, double Effect, double Threshold, double PValue, double Error, string Sentence, bool IsAgainstNothing = false)
    {
        public MonitorFinding Finding(double corrected, double alpha)
        {
            bool significant = corrected <= alpha;
            MonitorVerdict verdict =
                Rows < MinRows || (!significant && !IsAgainstNothing && 3 * Error > Threshold) ? MonitorVerdict.InsufficientEvidence
                : significant && Effect >= Threshold ? MonitorVerdict.Alarm
                : significant && Effect >= Threshold / 2 ? MonitorVerdict.Warning
                : MonitorVerdict.Ok;
            return new MonitorFinding(Kind, Subject, verdict, (long)Rows, Effect, Threshold, PValue, corrected, Sentence);
        }
    }
}
