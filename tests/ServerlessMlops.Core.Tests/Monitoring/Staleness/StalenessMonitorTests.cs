using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Monitoring.Staleness;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Tests.Monitoring.Staleness;

public class StalenessMonitorTests
{
    private static readonly DateTimeOffset Until = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly StaleSpec Limits = new() { Data = TimeSpan.FromDays(7), Traffic = TimeSpan.FromHours(6), Labels = TimeSpan.FromDays(14), Training = TimeSpan.Zero };

    [Fact]
    public void Evaluate_NothingEverCame_IsNotMissed() => StalenessMonitor.Evaluate(LastSeen.Nothing, Until, Limits).ShouldBeEmpty();

    [Theory]
    [InlineData(5, MonitorVerdict.Ok)]
    [InlineData(7, MonitorVerdict.Warning)]
    [InlineData(13, MonitorVerdict.Alarm)]
    public void Evaluate_Traffic_WarnsAfterTheLimitAndAlarmsAfterTwice(int hours, MonitorVerdict verdict)
    {
        MonitorFinding finding = StalenessMonitor.Evaluate(LastSeen.Nothing with { Traffic = Until.AddHours(-hours) }, Until, Limits).ShouldHaveSingleItem();
        (finding.Kind, finding.Subject, finding.Verdict).ShouldBe((MonitorKind.Staleness, "traffic", verdict));
        finding.Effect!.Value.ShouldBe(hours / 24.0, 1e-9);
    }

    [Fact]
    public void Evaluate_Everything_SaysSinceWhenAndWhereToLook()
    {
        DateTimeOffset old = Until.AddDays(-40);
        IReadOnlyList<MonitorFinding> findings = StalenessMonitor.Evaluate(new LastSeen(old, old, old, old), Until, Limits);
        findings.Select(f => (f.Subject, f.Verdict)).ShouldBe([("data", MonitorVerdict.Alarm), ("traffic", MonitorVerdict.Alarm), ("labels", MonitorVerdict.Alarm)], "a limit of 0 is none");
        findings[0].Sentence.ShouldBe(
            "No data was accepted since 2026-01-20 12:00 UTC, 40 days ago (monitor.stale.data is 7 days; alarm after twice that). Look after what uploads it, and at rejected uploads.");
    }

    [Fact]
    public void Memory_OfReports_RemembersWhatTheWindowNoLongerShows()
    {
        MonitorReport first = Report(1, Until, MonitorMemory.After(null, 1, new LastSeen(null, Until.AddHours(-1), Until.AddDays(-3), null), false, Until, TimeSpan.FromHours(1), TimeSpan.FromHours(1)));
        MonitorMemory second = MonitorMemory.After(first, 2, LastSeen.Nothing with { Labels = Until.AddDays(-9) }, false, Until.AddDays(2), TimeSpan.FromHours(1), TimeSpan.FromHours(1));
        second.Seen.ShouldBe(new LastSeen(null, Until.AddHours(-1), Until.AddDays(-3), null));
    }

    /// <summary>Windows of a day that are checked every hour share traffic: 49 checks are three windows.</summary>
    [Fact]
    public void Memory_OfSuspicions_CountsWindowsThatShareNoTraffic()
    {
        TimeSpan day = TimeSpan.FromDays(1), hour = TimeSpan.FromHours(1);
        MonitorReport? before = null;
        for (int i = 0; i < 49; i++)
        {
            MonitorMemory memory = MonitorMemory.After(before, 1, LastSeen.Nothing, true, Until.AddHours(i), day, hour);
            memory.SuspectedWindows.ShouldBe(1 + (i / 24));
            before = Report(1, Until.AddHours(i), memory);
        }

        MonitorMemory.After(before, 2, LastSeen.Nothing, true, Until.AddHours(49), day, hour).SuspectedWindows.ShouldBe(1, "another version's row begins anew");
        MonitorMemory.After(before, 1, LastSeen.Nothing, true, Until.AddHours(60), day, hour).SuspectedWindows.ShouldBe(1, "so does one that was not looked at for long");
        MonitorMemory.After(before, 1, LastSeen.Nothing, false, Until.AddHours(49), day, hour).SuspectedWindows.ShouldBe(0, "and one good window ends it");
    }

    private static MonitorReport Report(int version, DateTimeOffset until, MonitorMemory memory) => new("birds", version, until.AddHours(-1), until, 0, 0, 0.01, []) { Memory = memory };
}
