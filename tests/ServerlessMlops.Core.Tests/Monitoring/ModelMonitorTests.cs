using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Tests.Monitoring;

public class ModelMonitorTests
{
    private static readonly MonitorSpec Spec = new();

    private readonly ModelCard _card = Cards.Binary();

    [Fact]
    public void Evaluate_NoTraffic_SaysSo()
    {
        MonitorReport report = ModelMonitor.Evaluate(_card, 2, new MonitoredTraffic(_card, Traffic.Until, Spec.Window), Spec);
        report.Verdict.ShouldBe(MonitorVerdict.InsufficientEvidence);
        report.Findings[0].Sentence.ShouldBe("No request in the last 1 h: nothing to compare.");
    }

    [Fact]
    public void Evaluate_RowsOfManyInstancesAndHours_OnlyTheWindowIsCompared()
    {
        var traffic = new MonitoredTraffic(_card, Traffic.Until, Spec.Window);
        for (int i = 0; i < 4; i++)
        {
            traffic.Add(Traffic.Row(Traffic.Window(_card, 500, i), Traffic.Until.AddMinutes(-1 - (10 * i))));
        }

        traffic.Add(Traffic.Row(Traffic.Window(_card, 5000, 9, number: _ => 0.1f), Traffic.Until.AddMinutes(-61)));
        traffic.Add(Traffic.Row(Traffic.Window(_card, 5000, 9, number: _ => 0.1f), Traffic.Until));

        MonitorReport report = ModelMonitor.Evaluate(_card, 2, traffic, Spec);
        (report.Predictions, report.Requests, report.From).ShouldBe((2000, 2000, Traffic.Until.AddHours(-1)));
        report.Findings.Where(f => f.Kind is MonitorKind.DataDrift or MonitorKind.Availability).ShouldAllBe(f => f.Verdict == MonitorVerdict.Ok);
        report.Findings.Single(f => f.Kind == MonitorKind.Availability).Rows.ShouldBe(7000);
    }
}
