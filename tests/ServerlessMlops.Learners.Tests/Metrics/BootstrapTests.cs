using FsCheck;
using FsCheck.Fluent;
using ServerlessMlops.Learners.Metrics;
using Interval = ServerlessMlops.Learners.Metrics.Interval;

namespace ServerlessMlops.Learners.Tests.Metrics;

public class BootstrapTests
{
    private static (float[] Y, float[] Good, float[] Same, float[] Bad) Draw(int rows)
    {
        var random = new Random(6);
        float[] y = [.. Enumerable.Range(0, rows).Select(_ => random.NextSingle() < 0.4 ? 1f : 0f)];
        float[] Noisy(double noise) => [.. y.Select(v => (float)Math.Clamp(0.5 + ((v - 0.5) * 0.3) + ((random.NextDouble() - 0.5) * noise), 0.01, 0.99))];
        return (y, Noisy(0.6), Noisy(0.6), Noisy(1.4));
    }

    [Fact]
    public void Compare_BetterModel_IsSignificant_AndAnEqualOneIsNot()
    {
        (float[] y, float[] good, float[] same, float[] bad) = Draw(600);
        Metric auc = Metric.Find("auc");
        PairedComparison better = Bootstrap.Compare(auc, y, bad, good, 2, resamples: 400);
        better.Difference.Low.ShouldBeGreaterThan(0);
        better.PValue.ShouldBeLessThan(0.01);
        PairedComparison equal = Bootstrap.Compare(auc, y, same, good, 2, resamples: 400);
        equal.Difference.Low.ShouldBeLessThan(0);
        equal.Difference.High.ShouldBeGreaterThan(0);
        Bootstrap.Compare(auc, y, bad, good, 2, resamples: 400).ShouldBe(better);
    }

    [Theory]
    [InlineData(LearningTask.Binary, 2, 1)]
    [InlineData(LearningTask.Binary, 2, 2)]
    [InlineData(LearningTask.Multiclass, 4, 4)]
    [InlineData(LearningTask.Regression, 0, 1)]
    public void Prepare_AnyMetricAndWeights_EqualsTheMetricItself(LearningTask task, int classes, int width)
    {
        var random = new Random(11);
        float[] y = [.. Enumerable.Range(0, 300).Select(_ => classes > 0 ? random.Next(classes) : (float)((random.NextDouble() * 8) + 100))];
        float[] p = [.. y.SelectMany(v => Enumerable.Range(0, width).Select(k => classes > 0 ? random.Next(1, 40) / 40f : v + random.Next(-3, 4)))];
        float[] weights = [.. y.Select(_ => (float)random.Next(4))];
        foreach (Metric metric in Metric.All.Where(m => m.Judges(task) && (width == 1 || m.Task is null)))
        {
            double expected = metric.Compute(y, p, classes, weights);
            new PreparedMetrics(y, p, classes).Prepare(metric).Compute(weights).ShouldBe(expected, Math.Abs(expected) * 1e-9, metric.Name);
        }
    }

    [Fact]
    public void Resample_AnyNumberOfThreads_GivesTheSameValues()
    {
        (float[] y, float[] good, _, _) = Draw(200);
        PreparedMetric[] auc = [new PreparedMetrics(y, good, 2).Prepare(Metric.Find("auc"))];
        Bootstrap.Resample(200, auc, 100, 5, threads: 1)[0].ShouldBe(Bootstrap.Resample(200, auc, 100, 5, threads: 2)[0]);
    }

    [Fact]
    public void Of_TooFewRows_GivesNoInterval()
    {
        Interval interval = Bootstrap.Of(Metric.Find("accuracy"), [1, 0, 1], [0.9f, 0.2f, 0.8f], 2);
        interval.Value.ShouldBe(1);
        interval.Low.ShouldBe(double.NaN);
    }

    [Fact]
    public void Auc_AnyScores_IsTheShareOfOrderedPairs() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<(bool, byte)[]>().Where(rows => rows.Any(r => r.Item1) && rows.Any(r => !r.Item1)).ToArbitrary(),
        rows =>
        {
            float[] y = [.. rows.Select(r => r.Item1 ? 1f : 0f)], s = [.. rows.Select(r => (float)(r.Item2 % 8))];
            double wins = 0, pairs = 0;
            foreach ((bool positive, byte score) in rows.Where(r => r.Item1))
            {
                foreach ((bool _, byte other) in rows.Where(r => !r.Item1))
                {
                    wins += score % 8 > other % 8 ? 1 : score % 8 == other % 8 ? 0.5 : 0;
                    pairs++;
                }
            }

            return Math.Abs(RankingMetrics.Auc(y, s) - (wins / pairs)) < 1e-9;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Lift_PerfectScores_IsTheMostThatTheShareAllows()
    {
        float[] y = [.. Enumerable.Range(0, 100).Select(i => i < 20 ? 1f : 0f)], s = [.. Enumerable.Range(0, 100).Select(i => 1f - (i / 100f))];
        RankingMetrics.Lift(y, s, 0.1).ShouldBe(5, 1e-9);
        RankingMetrics.Lift(y, s, 1).ShouldBe(1, 1e-9);
        RankingMetrics.Lift(y, [.. y.Select(_ => 0.5f)], 0.1).ShouldBe(1, 1e-9);
    }
}
