using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Quality;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Tests.Monitoring.Quality;

public class QualityMonitorTests
{
    private const double Alpha = 0.001;

    private readonly ModelCard _card = Cards.Binary();

    [Fact]
    public void Evaluate_GoodRows_OneFindingThatAllIsWell() =>
        QualityMonitor.Evaluate(_card, Traffic.Window(_card, 1000, 3), Alpha).ShouldHaveSingleItem().Verdict.ShouldBe(MonitorVerdict.Ok);

    [Fact]
    public void Evaluate_MissingUnknownAndOutOfRange_EachIsFound()
    {
        IReadOnlyList<MonitorFinding> findings = QualityMonitor.Evaluate(
            _card,
            Traffic.Window(_card, 1000, 3, number: r => r.Next(10) switch { 0 => float.NaN, 1 => 99f, _ => r.NextSingle() }, category: r => r.Next(100) < 3 ? WindowCounter.UnknownCategory : 0),
            Alpha);
        findings.Select(f => (f.Subject, f.Verdict)).ShouldBe(
        [
            ("x: missing", MonitorVerdict.Alarm),
            ("x: outside the training range", MonitorVerdict.Alarm),
            ("c: of a category not seen in training", MonitorVerdict.Warning),
        ]);
    }

    [Fact]
    public void Evaluate_FewRows_Abstains() =>
        QualityMonitor.Evaluate(_card, Traffic.Window(_card, 10, 3), Alpha).ShouldHaveSingleItem().Verdict.ShouldBe(MonitorVerdict.InsufficientEvidence);
}
