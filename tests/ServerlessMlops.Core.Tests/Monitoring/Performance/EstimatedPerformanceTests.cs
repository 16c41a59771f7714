using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Performance;
using ServerlessMlops.Core.Registry;

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

        Estimate auc = EstimatedPerformance.ExpectedAuc(window)!.Value;
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
