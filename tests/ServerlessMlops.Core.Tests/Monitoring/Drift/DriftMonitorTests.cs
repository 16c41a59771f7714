using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Drift;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Tests.Monitoring.Drift;

public class DriftMonitorTests
{
    private static readonly MonitorSpec Spec = new();

    private readonly ModelCard _card = Cards.Binary(rows: 5000);

    [Fact]
    public void Evaluate_SameDistribution_AllIsWell()
    {
        IReadOnlyList<MonitorFinding> findings = DriftMonitor.Evaluate(_card, Traffic.Window(_card, 2000, 7), Spec);
        findings.Select(f => (f.Kind, f.Subject, f.Verdict)).ShouldBe(
        [
            (MonitorKind.DataDrift, "x", MonitorVerdict.Ok),
            (MonitorKind.DataDrift, "c", MonitorVerdict.Ok),
            (MonitorKind.PredictionDrift, "output", MonitorVerdict.Ok),
            (MonitorKind.DatasetDrift, "inputs", MonitorVerdict.Ok),
        ]);
        findings[0].Measures.Keys.ShouldBe(["psi", "jensenShannon", "chiSquare", "ks", "wasserstein"], ignoreOrder: true);
        findings[1].Measures.Keys.ShouldBe(["psi", "jensenShannon", "chiSquare"], ignoreOrder: true);
    }

    [Fact]
    public void Evaluate_NumberMoved_AlarmSaysHowFar()
    {
        MonitorFinding x = DriftMonitor.Evaluate(_card, Traffic.Window(_card, 2000, 7, number: r => r.NextSingle() * 0.5f), Spec)[0];
        x.Verdict.ShouldBe(MonitorVerdict.Alarm);
        x.Effect!.Value.ShouldBeGreaterThan(0.2);
        x.CorrectedPValue!.Value.ShouldBeLessThan(1e-6);
        x.Rows.ShouldBe(2000);
        x.Sentence.ShouldStartWith("Input 'x': drifted; group ");
    }

    [Fact]
    public void Evaluate_UnknownCategories_Alarm() =>
        DriftMonitor.Evaluate(_card, Traffic.Window(_card, 2000, 7, category: r => r.Next(100) < 10 ? WindowCounter.UnknownCategory : 0), Spec)[1].Verdict.ShouldBe(MonitorVerdict.Alarm);

    [Fact]
    public void Evaluate_FewRows_AbstainsAndSaysWhy()
    {
        MonitorFinding x = DriftMonitor.Evaluate(_card, Traffic.Window(_card, 20, 7), Spec)[0];
        x.Verdict.ShouldBe(MonitorVerdict.InsufficientEvidence);
        x.Sentence.ShouldBe("Input 'x': 20 live rows and 5000 of training; a comparison needs 50 of each.");
    }

    [Fact]
    public void Evaluate_RowsTooFewToHaveToldALargeMove_Abstains() =>
        DriftMonitor.Evaluate(_card, Traffic.Window(_card, 60, 7), Spec)[0].Verdict.ShouldBe(MonitorVerdict.InsufficientEvidence);

    [Fact]
    public void Evaluate_AllInputsMoved_DatasetDrifted() =>
        DriftMonitor.Evaluate(_card, Traffic.Window(_card, 2000, 7, number: r => r.NextSingle() * 0.5f, category: _ => 2), Spec)[^1].Verdict.ShouldBe(MonitorVerdict.Alarm);

    /// <summary>2,000 checks of the same distribution as in training: the share with any significant finding stays at the stated level (three binomial standard errors allowed).</summary>
    [Theory]
    [InlineData(300)]
    [InlineData(3000)]
    public void Evaluate_NoDrift_FalseFindingsStayAtTheLevel(int rows)
    {
        const int Draws = 2000;
        const double Level = 0.05;
        int significant = 0;
        int alarms = 0;
        for (int draw = 0; draw < Draws; draw++)
        {
            // Reference and window are both drawn anew: a level over one lucky reference would be none.
            ModelCard card = draw % 20 == 0 ? Cards.Binary(rows: 4000, seed: 10_000 + draw) : _calibrated!;
            _calibrated = card;
            IReadOnlyList<MonitorFinding> findings = DriftMonitor.Evaluate(card, Traffic.Window(card, rows, draw), Spec);
            significant += findings.Any(f => f.CorrectedPValue <= Level) ? 1 : 0;
            alarms += findings.Any(f => f.Verdict == MonitorVerdict.Alarm) ? 1 : 0;
        }

        double allowed = Level + (3 * Math.Sqrt(Level * (1 - Level) / Draws));
        ((double)significant / Draws).ShouldBeLessThanOrEqualTo(allowed);
        ((double)alarms / Draws).ShouldBeLessThanOrEqualTo(FalseAlarmBudget.Alpha(Spec.Window) + (3 * Math.Sqrt(FalseAlarmBudget.Alpha(Spec.Window) / Draws)));
    }

    private ModelCard? _calibrated;

    /// <summary>Power: a move of PSI 0.5 is found in at least 99% of windows of 1,000 rows.</summary>
    [Fact]
    public void Evaluate_LargeDrift_IsFound()
    {
        int found = 0;
        for (int draw = 0; draw < 200; draw++)
        {
            // Square root of a uniform: density 2x; PSI against uniform is the integral of (2x - 1) ln 2x = 0.5.
            WindowSums window = Traffic.Window(_card, 1000, draw, number: r => MathF.Sqrt(r.NextSingle()));
            found += DriftMonitor.Evaluate(_card, window, Spec)[0].Verdict == MonitorVerdict.Alarm ? 1 : 0;
        }

        found.ShouldBeGreaterThanOrEqualTo(198);
    }
}
