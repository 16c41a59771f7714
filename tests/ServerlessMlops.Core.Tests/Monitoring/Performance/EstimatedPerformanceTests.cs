using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Performance;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Tests.Monitoring.Performance;

public class EstimatedPerformanceTests
{
    private readonly ModelCard _card = Cards.Binary();

    /// <summary>Labels drawn from the predicted probabilities: the estimate is the truth, up to sampling.</summary>
    [Fact]
    public void Expected_CalibratedProbabilities_IsTheTrueMetric()
    {
        var random = new Random(5);
        var rows = new List<(double P, bool Label)>();
        WindowSums window = Traffic.Window(_card, 5000, 11, output: _ =>
        {
            double p = random.NextDouble() * random.NextDouble();
            rows.Add((p, random.NextDouble() < p));
            return p;
        });

        Estimate accuracy = EstimatedPerformance.ExpectedAccuracy(_card, window)!.Value;
        double trueAccuracy = rows.Average(r => (r.P >= 0.5) == r.Label ? 1.0 : 0);
        Math.Abs(accuracy.Value - trueAccuracy).ShouldBeLessThan(3 * accuracy.StandardError);

        Estimate auc = EstimatedPerformance.ExpectedAuc(_card, window)!.Value;
        Math.Abs(auc.Value - TrueAuc(rows)).ShouldBeLessThan(3 * auc.StandardError);
    }

    [Fact]
    public void Evaluate_UncertainPredictions_AlarmBeforeLabels()
    {
        WindowSums window = Traffic.Window(_card, 3000, 11, output: r => 0.4 + (0.2 * r.NextDouble()));
        MonitorFinding finding = EstimatedPerformance.Evaluate(_card, window).ShouldHaveSingleItem();
        (finding.Subject, finding.Verdict).ShouldBe(("auc", MonitorVerdict.Alarm));
    }

    [Fact]
    public void Evaluate_FewPredictions_Abstains() =>
        EstimatedPerformance.Evaluate(_card, Traffic.Window(_card, 50, 11)).ShouldHaveSingleItem().Verdict.ShouldBe(MonitorVerdict.InsufficientEvidence);

    /// <summary>A model whose probabilities are too low by a third of the way to 1: the hold-out knows, and the estimate is right.</summary>
    [Fact]
    public void Expected_ProbabilitiesOffOnTheHoldout_AreCorrectedByIt()
    {
        static double Comes(double p) => p + ((1 - p) / 3);
        ModelCard card = Learned(20_000, 1, Comes);
        var random = new Random(5);
        var rows = new List<(double P, bool Label)>();
        WindowSums window = Traffic.Window(card, 5000, 11, output: _ =>
        {
            double p = random.NextDouble() * random.NextDouble();
            rows.Add((p, random.NextDouble() < Comes(p)));
            return p;
        });

        Estimate accuracy = EstimatedPerformance.ExpectedAccuracy(card, window)!.Value;
        double truth = rows.Average(r => (r.P >= 0.5) == r.Label ? 1.0 : 0);
        Math.Abs(accuracy.Value - truth).ShouldBeLessThan(3 * accuracy.StandardError);
        Math.Abs(EstimatedPerformance.ExpectedAccuracy(card with { Estimation = null }, window)!.Value.Value - truth).ShouldBeGreaterThan(0.1, "uncorrected, it is far off");
        Estimate auc = EstimatedPerformance.ExpectedAuc(card, window)!.Value;
        Math.Abs(auc.Value - TrueAuc(rows)).ShouldBeLessThan(3 * auc.StandardError);
    }

    [Theory]
    [InlineData(MonitorKind.Calibration, "Not relied on: labels say that the probabilities are off by 0.080.")]
    [InlineData(MonitorKind.ConceptDrift, "Not relied on: labels say that what was learned no longer holds (the loss grew by 0.080).")]
    public void Evaluate_LabelsContradictAnAssumption_IsWithheldAndSaysWhy(MonitorKind kind, string why)
    {
        WindowSums window = Traffic.Window(_card, 3000, 11, output: r => 0.4 + (0.2 * r.NextDouble()));
        var found = new MonitorFinding(kind, "x", MonitorVerdict.Alarm, 500, 0.08, 0.05, 0, 0, "");
        MonitorFinding finding = EstimatedPerformance.Evaluate(_card, window, 0.001, [found]).ShouldHaveSingleItem();
        finding.Verdict.ShouldBe(MonitorVerdict.InsufficientEvidence);
        finding.Sentence.ShouldEndWith(why);
    }

    [Fact]
    public void Evaluate_InputsThatTrainingNeverSaw_IsWithheldAndSaysWhy() =>
        EstimatedPerformance.Evaluate(_card, Traffic.Window(_card, 3000, 11, number: r => r.NextSingle() + 0.5f)).ShouldHaveSingleItem()
            .Sentence.ShouldEndWith("% of the rows have values of 'x' that training never saw.");

    /// <summary>2,000 windows like the hold-out: alarms no oftener than stated.</summary>
    [Fact]
    public void Evaluate_TwoThousandNullDraws_FalseAlarmsAtOrUnderTheRate()
    {
        const double Alpha = 0.05;
        ModelCard card = Learned(2000, 3, p => p);
        int alarms = Enumerable.Range(0, 2000).Count(draw =>
            EstimatedPerformance.Evaluate(card, Traffic.Window(card, 200 + (draw % 4 * 300), draw), Alpha).Any(f => f.Verdict == MonitorVerdict.Alarm));
        alarms.ShouldBeLessThanOrEqualTo(100);
    }

    /// <summary>Power: probabilities drawn half the way to one half lose more than 0.1 of the area under the curve.</summary>
    [Fact]
    public void Evaluate_AModelThatGrowsUnsure_IsFoundNineTimesInTen()
    {
        ModelCard card = Learned(5000, 3, p => p);
        int found = Enumerable.Range(0, 200).Count(draw => EstimatedPerformance.Evaluate(card, Traffic.Window(card, 2000, draw, output: r => 0.25 + (r.NextDouble() / 2)), 0.001)
            .Any(f => f is { Subject: "auc", Verdict: MonitorVerdict.Alarm }));
        found.ShouldBeGreaterThanOrEqualTo(180);
    }

    /// <summary>A card whose hold-out gave uniform probabilities that came true as <paramref name="comes"/> says.</summary>
    private static ModelCard Learned(int rows, int seed, Func<double, double> comes)
    {
        var random = new Random(seed);
        float[] outputs = [.. Enumerable.Range(0, rows).Select(_ => random.NextSingle())];
        float[] labels = [.. outputs.Select(p => random.NextDouble() < comes(p) ? 1f : 0f)];
        var features = new FeatureTable([new NumericFeature("x", outputs)]);
        ModelCard card = Cards.Binary(rows: 20_000) with { OutputReference = ReferenceGroups.FromNumbers("output", outputs) };
        card = card with
        {
            Metrics = new Dictionary<string, double>
            {
                ["auc"] = TrueAuc([.. outputs.Zip(labels, (p, y) => ((double)p, y > 0.5f))]), ["accuracy"] = outputs.Zip(labels, (p, y) => (p >= 0.5f) == (y > 0.5f) ? 1.0 : 0).Average(),
            },
        };
        return card with { Estimation = EstimationReference.Of(card, features, labels, outputs, 1) };
    }

    private static double TrueAuc(List<(double P, bool Label)> rows)
    {
        int positives = 0;
        double ranks = 0;
        int rank = 0;
        foreach ((double _, bool label) in rows.OrderBy(r => r.P))
        {
            rank++;
            if (label)
            {
                positives++;
                ranks += rank;
            }
        }

        return (ranks - (positives * (positives + 1) / 2.0)) / ((double)positives * (rows.Count - positives));
    }
}
