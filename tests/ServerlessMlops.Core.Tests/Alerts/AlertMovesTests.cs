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
        alert.Unsent.ShouldBeTrue(); // for services that keep incidents
        alert = AlertMoves.Apply(AlertMoves.MarkSent(alert, new AlertSent(alert, [], false, null, false), At), Event(9), Policy)!;
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
    public void Apply_ClearForSoManyChecks_EndsByItself_AndARelapseCountsAnew()
    {
        AlertEvent Clear(int hour) => Event(hour) with { Resolved = true, ClearAfter = 3 };
        Alert alert = Told(AlertMoves.Apply(null, Event(1), Policy)!, At);
        alert = AlertMoves.Apply(AlertMoves.Apply(alert, Clear(2), Policy), Clear(3), Policy)!;
        AlertMoves.Apply(alert, Clear(3), Policy).ShouldBeSameAs(alert, "the same check twice counts once");
        (alert.State, alert.Clear, alert.Unsent).ShouldBe((AlertState.Firing, 2, false));
        alert = AlertMoves.Apply(alert, Event(4), Policy)!;
        (alert.State, alert.Clear, alert.Occurrences).ShouldBe((AlertState.Firing, 0, 2));
        alert = AlertMoves.Apply(AlertMoves.Apply(alert, Clear(5), Policy), Clear(6), Policy)!;
        alert.State.ShouldBe(AlertState.Firing);
        alert = AlertMoves.Apply(alert, Clear(7), Policy)!;
        (alert.State, alert.Unsent).ShouldBe((AlertState.Resolved, true));
        AlertMoves.Apply(alert, Event(8), Policy)!.Clear.ShouldBe(0);
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

    [Fact]
    public void Acknowledge_NeverTold_HasNothingToTell()
    {
        AlertMoves.Acknowledge(AlertMoves.Apply(null, Event(1), Policy)!, "ann").Unsent.ShouldBeFalse();
        AlertMoves.Acknowledge(Told(AlertMoves.Apply(null, Event(1), Policy)!, At), "ann").Unsent.ShouldBeTrue();
    }

    [Fact]
    public void Resolve_ByAPerson_EndsItAndALaterReportBeginsAnew()
    {
        Alert alert = AlertMoves.Resolve(Told(AlertMoves.Apply(null, Event(1), Policy)!, At), "ann");
        (alert.State, alert.Unsent, alert.AcknowledgedBy).ShouldBe((AlertState.Resolved, true, "ann"));
        AlertMoves.Resolve(alert, "bob").ShouldBeSameAs(alert);
        alert = AlertMoves.Apply(alert, Event(2), Policy)!;
        (alert.State, alert.Unsent, alert.Occurrences, alert.Told.Count).ShouldBe((AlertState.Firing, true, 1, 0));
    }

    [Fact]
    public void MarkSent_DestinationFails_IsTriedAgainButNotForEver()
    {
        Alert alert = AlertMoves.Apply(null, Event(1), Policy)!;
        for (int i = 1; i < AlertMoves.MaxFailures; i++)
        {
            alert = AlertMoves.MarkSent(alert, new AlertSent(alert, [], Failed: true, null, false), At);
            (alert.Unsent, alert.Failures).ShouldBe((true, i));
        }

        AlertMoves.MarkSent(alert, new AlertSent(alert, [], Failed: true, null, false), At).Unsent.ShouldBeFalse();
    }

    [Fact]
    public void MarkSent_EndedMeanwhile_TheEndRemainsToBeTold()
    {
        Alert seen = Told(AlertMoves.Apply(null, Event(1), Policy)!, At);
        Alert current = AlertMoves.Apply(seen, Event(2) with { Resolved = true }, Policy)!;
        AlertMoves.MarkSent(current, new AlertSent(seen, [], false, null, false), At).Unsent.ShouldBeTrue();
        Alert anew = AlertMoves.Apply(current, Event(3), Policy)!;
        AlertMoves.MarkSent(anew, new AlertSent(seen, [], false, null, false), At).ShouldBeSameAs(anew);
    }

    // Until somebody has been told of an alert there is nothing to tell of its end; here both happen at once.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void MarkSent_EndedOrTakenUpWhileTheFirstWereBeingTold_ThatRemainsToBeTold(bool ended)
    {
        Alert seen = AlertMoves.Apply(null, Event(1), Policy)!;
        Alert current = ended ? AlertMoves.Apply(seen, Event(2) with { Resolved = true }, Policy)! : AlertMoves.Acknowledge(seen, "ann");
        current.Unsent.ShouldBeFalse();
        AlertTold told = new("webhook X", "n-1", seen.State, seen.Severity, At);
        AlertMoves.MarkSent(current, new AlertSent(seen, [told], false, null, false), At).Unsent.ShouldBeTrue();
        AlertMoves.MarkSent(current, new AlertSent(seen, [], false, null, false), At).Unsent.ShouldBeFalse();
    }

    private static Alert Told(Alert alert, DateTimeOffset at) => AlertMoves.MarkSent(
        alert, new AlertSent(alert, [new AlertTold("webhook X", "n-1", alert.State, alert.Severity, at.AddHours(1))], false, null, false), at.AddHours(1));
}
