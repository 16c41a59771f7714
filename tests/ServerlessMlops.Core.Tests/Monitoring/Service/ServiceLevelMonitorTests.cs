using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Service;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Tests.Monitoring.Service;

public class ServiceLevelMonitorTests
{
    private static readonly DateTimeOffset Until = Traffic.Until;

    private static readonly SloSpec Slo = new() { Availability = 99.9, P99 = TimeSpan.FromMilliseconds(50) };

    [Fact]
    public void Evaluate_NoErrors_IsKept()
    {
        IReadOnlyList<MonitorFinding> findings = ServiceLevelMonitor.Evaluate(Minutes(_ => (100, 0)), Until, Slo);
        findings.ShouldAllBe(f => f.Verdict == MonitorVerdict.Ok);
        findings[0].Sentence.ShouldBe("Objective 'availability 99.9%': kept. 0 of 36000 requests failed in the last 6 h.");
    }

    [Fact]
    public void Evaluate_FastBurnThatGoesOn_Alarms()
    {
        MonitorFinding finding = ServiceLevelMonitor.Evaluate(Minutes(ago => ago <= 60 ? (100, 2) : (100, 0)), Until, Slo)[0];
        finding.Verdict.ShouldBe(MonitorVerdict.Alarm);
        finding.Effect!.Value.ShouldBe(20, 0.5);
    }

    [Fact]
    public void Evaluate_FastBurnThatIsOver_DoesNotAlarm() =>
        ServiceLevelMonitor.Evaluate(Minutes(ago => ago is <= 60 and > 31 ? (100, 3) : (100, 0)), Until, Slo)[0].Verdict.ShouldBe(MonitorVerdict.Warning);

    [Fact]
    public void Evaluate_OneErrorOfFew_IsChance() =>
        ServiceLevelMonitor.Evaluate(Minutes(ago => ago <= 60 ? (1, ago == 2 ? 1 : 0) : (0, 0)), Until, Slo)[0].Verdict.ShouldBe(MonitorVerdict.Ok);

    [Fact]
    public void Evaluate_FewRequests_Abstains() =>
        ServiceLevelMonitor.Evaluate(Minutes(ago => (ago <= 10 ? 1 : 0, 0)), Until, Slo)[0].Verdict.ShouldBe(MonitorVerdict.InsufficientEvidence);

    [Fact]
    public void Evaluate_SlowAnswers_AlarmOnLatency()
    {
        ServiceMinute[] minutes = [.. Enumerable.Range(1, 60).Select(ago =>
        {
            var minute = new ServiceMinute(Until.AddMinutes(-ago), new long[StatusClasses.Count], new long[LatencyGroups.Count]);
            minute.Statuses[StatusClasses.Answered] = 100;
            minute.Latencies[LatencyGroups.Of(TimeSpan.FromMilliseconds(5))] = 60;
            minute.Latencies[LatencyGroups.Of(TimeSpan.FromMilliseconds(400))] = 40;
            return minute;
        })];
        MonitorFinding finding = ServiceLevelMonitor.Evaluate(minutes, Until, Slo)[1];
        (finding.Kind, finding.Verdict).ShouldBe((MonitorKind.Latency, MonitorVerdict.Alarm));
    }

    private static ServiceMinute[] Minutes(Func<int, (int Requests, int Failed)> at) => [.. Enumerable.Range(1, 360).Select(ago =>
    {
        (int requests, int failed) = at(ago);
        var minute = new ServiceMinute(Until.AddMinutes(-ago), new long[StatusClasses.Count], new long[LatencyGroups.Count]);
        minute.Statuses[StatusClasses.Answered] = requests - failed;
        minute.Statuses[StatusClasses.ServerFault] = failed;
        minute.Latencies[LatencyGroups.Of(TimeSpan.FromMilliseconds(2))] = requests;
        return minute;
    })];
}
