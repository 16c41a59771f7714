using ServerlessMlops.Core.Evaluation.Measuring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Core.Evaluation.Behaviour;

/// <summary>Takes a share of values away by chance (from a fixed seed) and measures the model against itself on the same rows.</summary>
internal static class MissingValues
{
    private const int MostRows = 10_000;

    public static TestVerdict Run(BehaviouralTest test, MissingTest missing, TestSubject subject)
    {
        if (missing.Columns.FirstOrDefault(column => subject.Find(column) is null) is { } unknown)
        {
            return BehaviourTests.NoColumn(test, unknown, subject);
        }

        int all = subject.Data.Holdout.Labels.Length, take = Math.Min(all, MostRows);
        int[] sample = [.. Enumerable.Range(0, take).Select(i => (int)((long)i * all / take))];
        float[] labels = FeatureTable.Take<float>(subject.Data.Holdout.Labels, sample);
        FeatureTable rows = subject.Data.Holdout.Features.Select(sample);
        var random = new Random(Resampling.Seed);
        var damaged = new FeatureTable([.. rows.Features.Select(f => missing.Columns.Count == 0 || missing.Columns.Contains(f.Name) ? Damage(f, missing.Share, random) : f)]);
        float[] before = MetricSampler.Take(subject.Predictions, sample, all), after = subject.Score(damaged);
        int broken = Enumerable.Range(0, take).Count(row => !IsFinite(after.AsSpan(row * subject.Width, subject.Width)));
        string lost = $"{Words.Percent(missing.Share)} of {(missing.Columns.Count == 0 ? "all values" : string.Join(", ", missing.Columns))} missing";
        if (broken > 0)
        {
            return new TestVerdict(test.Title, Verdict.Failed, $"with {lost}, {broken} of {take} answers are no numbers") { Rows = take, Failures = broken };
        }

        Metric metric = subject.Metric;
        int resamples = Resampling.For(take);
        IReadOnlyDictionary<string, SampledValue>[] measured = MetricSampler.Measure(labels, [before, after], subject.Data.Classes.Count, [metric], new HashSet<string> { metric.Name }, resamples, 1);
        if (!measured[0].TryGetValue(metric.Name, out SampledValue? whole) || !measured[1].TryGetValue(metric.Name, out SampledValue? less))
        {
            return BehaviourTests.Undecided(test, $"{metric.Name} is not a number on the hold-out; its rows may be of one class only");
        }

        double sign = metric.HigherIsBetter ? 1 : -1, loss = sign * (whole.Value - less.Value);
        DifferenceEstimate estimate = DifferenceEstimate.Of(Bootstrap.CompareOf(loss, [.. whole.Resamples.Zip(less.Resamples, (a, b) => sign * (a - b))], take));
        Verdict verdict = loss <= missing.AtMost ? Verdict.Passed : estimate.Low > missing.AtMost ? Verdict.Failed : Verdict.InsufficientEvidence;
        string chance = verdict == Verdict.InsufficientEvidence ? "; chance may explain the excess" : "";
        return new TestVerdict(
            test.Title,
            verdict,
            $"with {lost}, {metric.Name} goes from {Words.Number(whole.Value)} to {Words.Number(less.Value)}: {Words.Number(Math.Abs(loss))} {(loss >= 0 ? "worse" : "better")} ({estimate.Range}); at most {Words.Number(missing.AtMost)} worse is allowed{chance}")
        {
            Rows = take,
        };
    }

    private static Feature Damage(Feature feature, double share, Random random) => feature switch
    {
        NumericFeature number => new NumericFeature(number.Name, [.. number.Values.Select(v => random.NextDouble() < share ? float.NaN : v)]),
        CategoricalFeature category => new CategoricalFeature(category.Name, [.. category.Codes.Select(c => random.NextDouble() < share ? -1 : c)], category.Categories),
        _ => feature,
    };

    private static bool IsFinite(ReadOnlySpan<float> outputs)
    {
        foreach (float output in outputs)
        {
            if (!float.IsFinite(output))
            {
                return false;
            }
        }

        return true;
    }
}
