using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Attribution;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Core.Tests.Monitoring.Attribution;

public class AttributionMonitorTests
{
    // Decides by x, except where x is small: there c decides more.
    private readonly ModelCard _card = Cards.Binary(rows: 5000) with
    {
        Attributions = [new FeatureAttribution([.. Enumerable.Range(0, 21).Select(g => g < 10 ? 0.02f : 0.6f)]), new FeatureAttribution([0.1f, 0.1f, 0.1f, 0.1f, 0.1f])],
    };

    [Fact]
    public void Evaluate_SameTraffic_IsWell() =>
        AttributionMonitor.Evaluate(_card, Traffic.Window(_card, 2000, 3), 0.001).ShouldHaveSingleItem().Verdict.ShouldBe(MonitorVerdict.Ok);

    [Fact]
    public void Evaluate_TrafficWhereAnotherInputDecides_AlarmNamesBothOrders()
    {
        MonitorFinding finding = AttributionMonitor.Evaluate(_card, Traffic.Window(_card, 2000, 3, number: r => 0.4f * r.NextSingle()), 0.001).ShouldHaveSingleItem();
        (finding.Kind, finding.Verdict).ShouldBe((MonitorKind.AttributionDrift, MonitorVerdict.Alarm));
        finding.Sentence.ShouldStartWith("The model decides by 'c', 'x' first; in training by 'x', 'c'.");
    }

    [Fact]
    public void Evaluate_FewRows_Abstains() =>
        AttributionMonitor.Evaluate(_card, Traffic.Window(_card, 50, 3, number: _ => 0), 0.001).ShouldHaveSingleItem().Verdict.ShouldBe(MonitorVerdict.InsufficientEvidence);

    /// <summary>Normalised discounted cumulative gain, worked out by hand: (3 / log2(3) + 2 / log2(2) + 1 / log2(4)) over (3 / log2(2) + 2 / log2(3) + 1 / log2(4)).</summary>
    [Fact]
    public void Gain_TwoInputsSwapped_IsTheFormulas() =>
        AttributionMonitor.Gain([3, 2, 1], [5, 6, 1]).ShouldBe((2 + (3 / Math.Log2(3)) + 0.5) / (3 + (2 / Math.Log2(3)) + 0.5), 1e-12);

    [Fact]
    public void Evaluate_TwoThousandNullDraws_FalseAlarmsAtOrUnderTheRate()
    {
        // Attributions nearly alike, so that the order changes easily.
        ModelCard close = _card with { Attributions = [new FeatureAttribution([.. Enumerable.Range(0, 21).Select(g => g % 2 == 0 ? 0.0f : 0.21f)]), new FeatureAttribution([0.1f, 0.1f, 0.1f, 0.1f, 0.1f])] };
        int alarms = Enumerable.Range(0, 2000).Count(draw => AttributionMonitor.Evaluate(close, Traffic.Window(close, 200, draw), 0.05)[0].Verdict == MonitorVerdict.Alarm);
        alarms.ShouldBeLessThanOrEqualTo(100);
    }

    /// <summary>A linear model: sampled Shapley values of its raw score are coefficient times distance from the mean, so the order of inputs is known.</summary>
    [Fact]
    public void Explain_ALinearModel_FindsTheOrderOfItsInputs()
    {
        var random = new Random(7);
        float[][] columns = [.. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, 600).Select(_ => random.NextSingle()).ToArray())];
        var features = new FeatureTable([.. columns.Select((values, i) => new NumericFeature($"x{i}", values))]);
        float[] target = [.. Enumerable.Range(0, 600).Select(row => (6 * columns[1][row]) + (2 * columns[0][row]))];
        ScoringModel model = OnnxModel.Load(OnnxWriter.Write(Learner.Train(Candidates.OptionsOf(LearnerOptions.Linear, null)!, features, target, LearningTask.Regression, [])));
        ModelCard card = Cards.With(
            [.. columns.Select((values, i) => ReferenceGroups.FromNumbers($"x{i}", values))], ReferenceGroups.FromNumbers("output", target),
            [.. columns.Select((_, i) => new FeatureSignature($"x{i}", FeatureKind.Number))], 600, LearningTask.Regression);

        IReadOnlyList<FeatureAttribution> attributions = ShapleySampler.Explain(card, model, features);
        double[] means = [.. attributions.Select((a, i) => a.Over(card.Reference[i].Counts).Mean)];

        // Mean of |6 (x - 1/2)| over a uniform x is 3/2, of |2 (x - 1/2)| one half.
        means[0].ShouldBe(0.5, 0.1);
        means[1].ShouldBe(1.5, 0.25);
        means[2].ShouldBeLessThan(0.1);
        attributions[1].ByGroup[0].ShouldBeGreaterThan(attributions[1].ByGroup[10], "values far from the mean move more");
        ShapleySampler.Explain(card, model, features).Select(a => a.ByGroup).ShouldBe(attributions.Select(a => a.ByGroup), "the same card gives the same bytes");
    }
}
