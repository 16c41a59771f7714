using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Tests.Alerts;

public class AlertMovesTests
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 10, 0, 0, TimeSpan.Zero);

    private static readonly AlertPolicy Policy = AlertPolicy.Default;

    [Fact]
    public void Fingerprint_SameSubject_IsTheSameWhateverElseDiffers()
    {
        Event(1).Fingerprint.ShouldBe((Event(2) with { Title = "other", Severity = AlertSeverity.Critical }).Fingerprint);
        Event(1).Fingerprint.ShouldNotBe((Event(1) with { Subject = "other" }).Fingerprint);
        Event(1).Fingerprint.Length.ShouldBe(16);
    }

    [Fact]
    public void Apply_SameEventTwice_CountsOnce()
    {
        Alert once = AlertMoves.Apply(null, Event(1), Policy)!;
        AlertMoves.Apply(once, Event(1), Policy).ShouldBeSameAs(once);
        AlertEvent incident = Event(0);
        once = AlertMoves.Apply(null, incident, Policy)!;
        AlertMoves.Apply(once, incident, Policy).ShouldBeSameAs(once);
    }

    [Fact]
    public void Apply_StillFiring_RemindsOnlyAfterTheRepeatInterval()
    {
        Alert alert = Told(AlertMoves.Apply(null, Event(1), Policy)!, At);
        alert = AlertMoves.Apply(alert, Event(2), Policy)!;
        (alert.Unsent, alert.Occurrences).ShouldBe((false, 2));
        AlertMoves.Apply(alert, Event(5), Policy)!.Unsent.ShouldBeTrue();
        AlertMoves.Apply(alert, Event(2) with { Observation = 3, Severity = AlertSeverity.Critical }, Policy)!.Unsent.ShouldBeTrue();
    }

    [Fact]
    public void Apply_Acknowledged_RemindsNoMoreButTellsTheEnd()
    {
        Alert alert = AlertMoves.Acknowledge(Told(AlertMoves.Apply(null, Event(1), Policy)!, At), "ann");
        alert = AlertMoves.Apply(alert, Event(9), Policy)!;
        (alert.State, alert.Unsent, alert.AcknowledgedBy).ShouldBe((AlertState.Acknowledged, false, "ann"));
        alert = AlertMoves.Apply(alert, Event(10) with { Resolved = true }, Policy)!;
        (alert.State, alert.Unsent).ShouldBe((AlertState.Resolved, true));
        AlertMoves.Acknowledge(alert, "bob").ShouldBeSameAs(alert);
    }

    [Fact]
    public void Apply_EndOfWhatNobodyWasTold_IsNotTold()
    {
        AlertMoves.Apply(null, Event(1) with { Resolved = true }, Policy).ShouldBeNull();
        Alert alert = AlertMoves.Apply(AlertMoves.Apply(null, Event(1), Policy), Event(2) with { Resolved = true }, Policy)!;
        (alert.State, alert.Unsent).ShouldBe((AlertState.Resolved, false));
    }

    [Fact]
    public void Schedule_FirstWaitsALittleLaterKeepDistance()
    {
        AlertGroup first = new AlertGroup("p", AlertTopic.Drift).Schedule(At, Policy);
        (first.Number, first.DueAt).ShouldBe((1, At.AddSeconds(30)));
        first.Schedule(At.AddSeconds(10), Policy).ShouldBe(first);
        first.Claim(1, At).ShouldBeNull();
        AlertGroup claimed = first.Claim(1, At.AddSeconds(30))!;
        claimed.Claim(1, At.AddSeconds(40)).ShouldBeNull();
        claimed.Claim(1, At.AddSeconds(31) + AlertGroup.Lease).ShouldNotBeNull();
        AlertGroup closed = claimed.Close(1, At.AddSeconds(31));
        closed.Schedule(At.AddSeconds(60), Policy).DueAt.ShouldBe(At.AddSeconds(31) + Policy.GroupInterval);
        closed.Schedule(At.AddHours(1), Policy).DueAt.ShouldBe(At.AddHours(1).AddSeconds(30));
    }

    [Fact]
    public void IsInhibited_DriftBesideBadData_OnlyTheCauseIsTold()
    {
        Alert drift = AlertMoves.Apply(null, Event(1), Policy)!;
        Alert quality = drift with { Topic = AlertTopic.Quality };
        AlertRouting.IsInhibited(drift, [drift, quality]).ShouldBeTrue();
        AlertRouting.IsInhibited(quality, [drift, quality]).ShouldBeFalse();
        AlertRouting.IsInhibited(drift, [quality with { State = AlertState.Resolved }]).ShouldBeFalse();
    }

    [Fact]
    public void Select_BySeverityAndTopic()
    {
        Alert drift = AlertMoves.Apply(null, Event(1), Policy)!;
        AlertRouting.Select(new AlertSpec { To = AlertTarget.Slack, On = [AlertTopic.Drift] }, [drift]).Count.ShouldBe(1);
        AlertRouting.Select(new AlertSpec { To = AlertTarget.Slack, On = [AlertTopic.Slo] }, [drift]).ShouldBeEmpty();
        AlertRouting.Select(new AlertSpec { To = AlertTarget.Slack, Severity = AlertSeverity.Critical }, [drift]).ShouldBeEmpty();
        AlertRouting.SettingName(new AlertSpec { To = AlertTarget.Teams }).ShouldBe("ALERTS_TEAMS_URL");
    }

    [Fact]
    public void MonitorAlerts_AlarmThenWarningThenOk_FiresHoldsResolves()
    {
        MonitorReport Report(MonitorVerdict verdict, int hour) => new("p", 3, At.AddHours(hour - 1), At.AddHours(hour), 100, 100, 0.001, [
            new MonitorFinding(MonitorKind.DataDrift, "speed", verdict, 100, 0.3, 0.2, 0.0001, 0.0002, "Sentence.")]);
        AlertEvent fired = MonitorAlerts.Of(Report(MonitorVerdict.Alarm, 1), []).ShouldHaveSingleItem();
        (fired.Topic, fired.Subject, fired.Title).ShouldBe((AlertTopic.Drift, "input speed", "Input 'speed' drifted"));
        Alert alert = AlertMoves.Apply(null, fired, Policy)!;
        MonitorAlerts.Of(Report(MonitorVerdict.Warning, 2), [alert]).ShouldBeEmpty();
        MonitorAlerts.Of(Report(MonitorVerdict.InsufficientEvidence, 2), [alert]).ShouldBeEmpty();
        AlertEvent over = MonitorAlerts.Of(Report(MonitorVerdict.Ok, 3), [alert, alert with { Topic = AlertTopic.Rejected }]).ShouldHaveSingleItem();
        AlertMoves.Apply(alert, over, Policy)!.State.ShouldBe(AlertState.Resolved);
    }

    private static AlertEvent Event(int hour) => new()
    {
        Pipeline = "p", Topic = AlertTopic.Drift, Severity = AlertSeverity.Warning, Subject = "input speed", Title = "Input 'speed' drifted", Detail = "PSI 0.4.",
        At = At.AddHours(hour), Evidence = $"report {hour}", Observation = hour,
    };

    private static Alert Told(Alert alert, DateTimeOffset at) => AlertMoves.MarkSent(alert, alert, at.AddHours(1));
}
