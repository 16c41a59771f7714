using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Core.Evaluation.Behaviour;

/// <summary>Tests of the data that a model was trained and judged on: is the hold-out new to it, and does no column give the answer away?</summary>
internal static class DataTests
{
    private const int Examples = 5;
    private const int Bins = 20;

    public static TestVerdict RunOverlap(BehaviouralTest test, OverlapTest overlap, TestSubject subject)
    {
        TrainingData data = subject.Data;
        HashSet<(ulong, ulong)> seen = [.. Rows(data.Train)];
        int[] both = [.. Rows(data.Holdout).Select((row, number) => (row, number)).Where(r => seen.Contains(r.row)).Select(r => r.number)];
        int rows = data.Holdout.Labels.Length;
        double share = both.Length / (double)rows;
        (double low, double high) = Resampling.Wilson(both.Length, rows);
        Verdict verdict = share <= overlap.AtMost ? Verdict.Passed : low > overlap.AtMost ? Verdict.Failed : Verdict.InsufficientEvidence;
        string chance = verdict == Verdict.InsufficientEvidence ? $"; that is more, but chance may explain it ({Words.Percent(low)} to {Words.Percent(high)})" : "";
        return new TestVerdict(test.Title, verdict, $"{both.Length} of {rows} hold-out rows ({Words.Percent(share)}) stand in the training rows too; at most {Words.Percent(overlap.AtMost)} may{chance}")
        {
            Rows = rows, Failures = both.Length, Examples = [.. both.Take(Examples).Select(subject.NameOf)],
        };
    }

    public static TestVerdict RunLeakage(BehaviouralTest test, LeakageTest leakage, TestSubject subject)
    {
        TrainingData data = subject.Data;
        (string Name, double Value)[] strengths =
        [
            .. data.Train.Features.Features.Select(f => (f.Name, Strength(data, f, subject.Find(f.Name)!))).Where(s => double.IsFinite(s.Item2)).OrderByDescending(s => s.Item2),
        ];
        if (strengths.Length == 0)
        {
            return BehaviourTests.Undecided(test, "the hold-out has rows of one class, or one value, only");
        }

        (string Name, double Value)[] leaks = [.. strengths.Where(s => s.Value > leakage.AtMost)];
        string measure = data.Task == LearningTask.Regression ? "explains a share of variance" : "has an area under the ROC curve";
        string reason = leaks.Length == 0
            ? $"no column alone tells the target: {strengths[0].Name}, the strongest, {measure} of {Words.Number(strengths[0].Value)}; at most {Words.Number(leakage.AtMost)} is believed"
            : $"{leaks[0].Name} alone {measure} of {Words.Number(leaks[0].Value)}, and more than {Words.Number(leakage.AtMost)} is not believed: is it known before the target is? If not, ignore it in the spec";
        return new TestVerdict(test.Title, leaks.Length == 0 ? Verdict.Passed : Verdict.Failed, reason)
        {
            Rows = data.Holdout.Labels.Length, Failures = leaks.Length, Examples = [.. leaks.Take(Examples).Select(l => $"{l.Name}: {Words.Number(l.Value)}")],
        };
    }

    /// <summary>How well one column tells the target: the mean target of its groups, learned on the training rows, measured on the hold-out.</summary>
    private static double Strength(TrainingData data, Feature train, Feature holdout)
    {
        (int[] learn, int[] judge, int groups) = Group(train, holdout);
        if (data.Task == LearningTask.Regression)
        {
            return RegressionMetrics.R2(data.Holdout.Labels, Means(data.Train.Labels, learn, judge, groups));
        }

        if (data.Task == LearningTask.Binary)
        {
            return RankingMetrics.Auc(data.Holdout.Labels, Means(data.Train.Labels, learn, judge, groups));
        }

        double sum = 0;
        int judged = 0;
        for (int k = 0; k < data.Classes.Count; k++)
        {
            float[] Is(float[] labels) => [.. labels.Select(y => y == k ? 1f : 0f)];
            double area = RankingMetrics.Auc(Is(data.Holdout.Labels), Means(Is(data.Train.Labels), learn, judge, groups));
            (sum, judged) = double.IsNaN(area) ? (sum, judged) : (sum + area, judged + 1);
        }

        return judged > 0 ? sum / judged : double.NaN;
    }

    /// <summary>The mean label of each row's group, drawn towards the overall mean by one row, so that small groups say little.</summary>
    private static float[] Means(float[] labels, int[] learn, int[] judge, int groups)
    {
        var (sums, counts) = (new double[groups], new int[groups]);
        double overall = labels.Average(y => (double)y);
        for (int row = 0; row < learn.Length; row++)
        {
            sums[learn[row]] += labels[row];
            counts[learn[row]]++;
        }

        return [.. judge.Select(g => (float)((sums[g] + overall) / (counts[g] + 1)))];
    }

    /// <summary>Groups of both sides alike: categories by name, numbers by twentieths of the training rows; 0 is missing or unknown.</summary>
    private static (int[] Learn, int[] Judge, int Groups) Group(Feature train, Feature holdout)
    {
        if (train is CategoricalFeature categories && holdout is CategoricalFeature others)
        {
            var numbers = categories.Categories.Select((name, code) => (name, code)).ToDictionary(c => c.name, c => c.code + 1, StringComparer.Ordinal);
            int[] translated = [.. others.Categories.Select(name => numbers.GetValueOrDefault(name))];
            return ([.. categories.Codes.Select(c => c + 1)], [.. others.Codes.Select(c => c < 0 ? 0 : translated[c])], categories.Categories.Length + 1);
        }

        float[] values = ((NumericFeature)train).Values, sorted = [.. values.Where(v => !float.IsNaN(v))];
        Array.Sort(sorted);
        float[] ends = sorted.Length == 0 ? [] : [.. Enumerable.Range(1, Bins - 1).Select(bin => sorted[(int)((long)bin * (sorted.Length - 1) / Bins)]).Distinct()];
        int Of(float value)
        {
            int at = Array.BinarySearch(ends, value);
            return float.IsNaN(value) ? 0 : (at >= 0 ? at : ~at) + 1;
        }

        return ([.. values.Select(Of)], [.. ((NumericFeature)holdout).Values.Select(Of)], ends.Length + 2);
    }

    /// <summary>A hash of 128 bits of each row's label and features.</summary>
    private static IEnumerable<(ulong, ulong)> Rows(LabelledRows rows)
    {
        (CategoricalFeature? Category, ulong[] Names, NumericFeature? Number)[] columns =
        [
            .. rows.Features.Features.OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => (
                f as CategoricalFeature,
                f is CategoricalFeature c ? [.. c.Categories.Select(name => Utf8Hash.Of(System.Text.Encoding.UTF8.GetBytes(name)))] : Array.Empty<ulong>(),
                f as NumericFeature)),
        ];
        for (int row = 0; row < rows.Labels.Length; row++)
        {
            (ulong a, ulong b) = (Utf8Hash.Of(BitConverter.SingleToUInt32Bits(rows.Labels[row])), 0x9e3779b97f4a7c15UL);
            foreach ((CategoricalFeature? category, ulong[] names, NumericFeature? number) in columns)
            {
                ulong value = category is not null
                    ? category.Codes[row] < 0 ? 1 : names[category.Codes[row]]
                    : float.IsNaN(number!.Values[row]) ? 1 : 2 + (ulong)BitConverter.SingleToUInt32Bits(number.Values[row] + 0f);
                a = Utf8Hash.Of(a ^ value);
                b = Utf8Hash.Of((b * 31) + value + 0x632be59bd9b4e019UL);
            }

            yield return (a, b);
        }
    }
}
