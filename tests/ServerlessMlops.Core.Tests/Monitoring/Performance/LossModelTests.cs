using System.Text.Json;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Performance;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Tests.Monitoring.Performance;

/// <summary>Direct loss estimation: values whose error depends on an input (four times as large where x is above one half) and on a category.</summary>
public class LossModelTests
{
    private static readonly double[] ByCategory = [1, 2, 3];

    private readonly ModelCard _card = Learned(8000, 1);

    [Fact]
    public void Evaluate_SameTraffic_IsWellAndNearTheTruth()
    {
        (WindowSums window, double mae, double rmse) = Live(3000, 2, r => r.NextSingle(), Usual);
        IReadOnlyList<MonitorFinding> findings = EstimatedPerformance.Evaluate(_card, window);
        findings.Select(f => (f.Subject, f.Verdict)).ShouldBe([("mae", MonitorVerdict.Ok), ("rmse", MonitorVerdict.Ok)]);
        Math.Abs(findings[0].Measures["estimate"] - mae).ShouldBeLessThan(findings[0].Measures["error"]);
        Math.Abs(findings[1].Measures["estimate"] - rmse).ShouldBeLessThan(findings[1].Measures["error"]);
    }

    /// <summary>Traffic moves to where the model is bad; the mean loss follows from the shares alone.</summary>
    [Fact]
    public void Evaluate_TrafficMovesToWhereTheModelIsBad_AlarmBeforeLabels()
    {
        (WindowSums window, double mae, _) = Live(3000, 2, r => 0.4f + (0.6f * r.NextSingle()), Usual);
        MonitorFinding finding = EstimatedPerformance.Evaluate(_card, window).First(f => f.Subject == "mae");
        finding.Verdict.ShouldBe(MonitorVerdict.Alarm, finding.Sentence);
        Math.Abs(finding.Measures["estimate"] - mae).ShouldBeLessThan(finding.Measures["error"]);
        _card.Metrics["mae"].ShouldBeLessThan(mae * 0.9);
    }

    [Fact]
    public void Evaluate_HalfTheTrafficWhereTheHoldoutHadNoRows_IsWithheldAndSaysWhy()
    {
        (WindowSums window, _, _) = Live(3000, 2, r => r.NextDouble() < 0.5 ? float.NaN : r.NextSingle(), Usual);
        MonitorFinding finding = EstimatedPerformance.Evaluate(_card, window).First(f => f.Subject == "mae");
        finding.Verdict.ShouldBe(MonitorVerdict.InsufficientEvidence);
        finding.Sentence.ShouldEndWith("% of the rows have values of 'x' of which the hold-out had fewer than 10 rows.");
    }

    /// <summary>2,000 windows of the same traffic, over hold-outs drawn anew: alarms no oftener than stated, and the truth within the stated error.</summary>
    [Fact]
    public void Evaluate_TwoThousandNullDraws_FalseAlarmsAtOrUnderTheRateAndTheTruthWithinTheError()
    {
        int alarms = 0, outside = 0;
        ModelCard card = _card;
        for (int draw = 0; draw < 2000; draw++)
        {
            card = draw % 100 == 0 ? Learned(1000, 100 + draw) : card;
            (WindowSums window, double mae, _) = Live(300, draw, r => r.NextSingle(), Usual);
            MonitorFinding finding = EstimatedPerformance.Evaluate(card, window, 0.05).First(f => f.Subject == "mae");
            alarms += finding.Verdict == MonitorVerdict.Alarm ? 1 : 0;
            outside += Math.Abs(finding.Measures["estimate"] - mae) > finding.Measures["error"] ? 1 : 0;
        }

        alarms.ShouldBeLessThanOrEqualTo(100);
        outside.ShouldBeLessThanOrEqualTo(20);
    }

    [Fact]
    public void FitAll_LossOfNoInput_IsAConstantAndSaysSo()
    {
        ModelCard card = Learned(4000, 7, (_, _) => 1);
        card.Estimation!.Losses.ShouldAllBe(loss => loss.Explained < 0.02);
        (WindowSums window, _, _) = Live(3000, 2, r => 0.5f + (r.NextSingle() / 2), Usual);
        EstimatedPerformance.Evaluate(card, window)[0].Measures["estimate"].ShouldBe(card.Metrics["mae"], 0.05 * card.Metrics["mae"]);
    }

    [Fact]
    public void Card_WithItsEstimation_ComesBackFromJsonAndStaysSmall()
    {
        string json = JsonSerializer.Serialize(_card, MlopsJson.Options);
        ModelCard back = JsonSerializer.Deserialize<ModelCard>(json, MlopsJson.Options)!;
        back.Estimation!.Losses[0].Coefficients.ShouldBe(_card.Estimation!.Losses[0].Coefficients);
        json.Length.ShouldBeLessThan(64 * 1024);
    }

    private static int Usual(Random random) => random.Next(100) switch { < 60 => 0, < 90 => 1, _ => 2 };

    private static double Scale(float x, int category) => (x > 0.5f ? 4 : 1) * ByCategory[category];

    private static ModelCard Learned(int rows, int seed, Func<float, int, double>? scale = null)
    {
        var random = new Random(seed);
        float[] x = [.. Enumerable.Range(0, rows).Select(_ => random.NextSingle())];
        int[] c = [.. Enumerable.Range(0, rows).Select(_ => Usual(random))];
        float[] outputs = [.. x.Select(value => 10 * value)];
        float[] labels = [.. outputs.Select((output, row) => output + (float)((scale ?? Scale)(x[row], c[row]) * Normal(random)))];
        double[] errors = [.. outputs.Zip(labels, (o, y) => (double)Math.Abs(o - y))];
        ModelCard card = Cards.With(
            [ReferenceGroups.FromNumbers("x", x), ReferenceGroups.FromCategories("c", c, Cards.Categories)], ReferenceGroups.FromNumbers("output", outputs),
            [new FeatureSignature("x", FeatureKind.Number), new FeatureSignature("c", FeatureKind.Category) { Categories = Cards.Categories }], rows, LearningTask.Regression) with
        {
            Metrics = new Dictionary<string, double> { ["mae"] = errors.Average(), ["rmse"] = Math.Sqrt(errors.Average(e => e * e)) },
        };
        var features = new FeatureTable([new NumericFeature("x", x), new CategoricalFeature("c", c, Cards.Categories)]);
        return card with { Estimation = EstimationReference.Of(card, features, labels, outputs, 1) };
    }

    private (WindowSums Window, double Mae, double Rmse) Live(int rows, int seed, Func<Random, float> number, Func<Random, int> category)
    {
        var random = new Random(seed + 50_000);
        var counter = new WindowCounter(_card, 1, "i");
        double sum = 0, squares = 0;
        for (int i = 0; i < rows; i++)
        {
            float x = number(random);
            int c = category(random);
            counter.CountNumber(0, x);
            counter.CountCategory(1, c);
            counter.CountOutput(10 * (float.IsNaN(x) ? 0.5f : x));
            double error = Scale(x, c) * Normal(random);
            (sum, squares) = (sum + Math.Abs(error), squares + (error * error));
        }

        return (counter.TakeSnapshot(Traffic.Until)!.Sums, sum / rows, Math.Sqrt(squares / rows));
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
