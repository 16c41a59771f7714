using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Tests.Alerts;

public class AlertPlanTests
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 10, 0, 0, TimeSpan.Zero);

    private static readonly IReadOnlyList<AlertDestination> Slack = AlertRouting.Destinations([new AlertSpec { To = AlertTarget.Slack }]);

    [Fact]
    public void Destinations_NoRules_EveryChannelIsOffered()
    {
        IReadOnlyList<AlertDestination> offers = AlertRouting.Destinations([]);
        offers.Select(d => d.Setting).ShouldBe(["ALERTS_WEBHOOK_URL", "ALERTS_SLACK_URL", "ALERTS_TEAMS_URL", "ALERTS_PAGERDUTY_URL", "ALERTS_EMAIL_URL"]);
        offers.ShouldAllBe(d => d.IsOffer);
        offers.Where(d => d.RulesFor(Drift()).Any()).ShouldNotContain(d => d.To == AlertTarget.PagerDuty);
    }

    [Fact]
    public void Destinations_RulesWithTheSameAddress_AreOne()
    {
        AlertDestination one = AlertRouting.Destinations([
            new AlertSpec { To = AlertTarget.Slack, On = [AlertTopic.Drift] }, new AlertSpec { To = AlertTarget.Slack, On = [AlertTopic.Slo], Severity = AlertSeverity.Critical },
        ]).ShouldHaveSingleItem();
        one.RulesFor(Drift()).Count().ShouldBe(1);
        one.RulesFor(Drift() with { Topic = AlertTopic.Slo }).ShouldBeEmpty();
        one.Name.ShouldBe("slack ALERTS_SLACK_URL");
    }

    [Fact]
    public void Of_DriftBesideBadData_OnlyTheCauseIsToldUntilItIsOver()
    {
        Alert drift = Drift();
        Alert quality = drift with { Id = "0123456789abcdef", Topic = AlertTopic.Quality, Title = "Bad live data" };
        AlertPlan plan = Plan(drift, causes: [quality]);
        plan.To.ShouldBeEmpty();
        plan.Withheld.ShouldBe("explained by alert 0123456789abcdef (quality): Bad live data");
        plan.Waiting.ShouldBeTrue();
        Plan(quality, causes: []).To.Count.ShouldBe(1);
        Plan(drift, causes: [quality with { State = AlertState.Resolved }]).To.Count.ShouldBe(1);

        // Withheld is not forgotten: the next report is looked at again.
        Alert withheld = AlertMoves.MarkSent(drift, new AlertSent(drift, [], false, plan.Withheld, plan.Waiting), At);
        withheld.Unsent.ShouldBeFalse();
        Alert next = AlertMoves.Apply(withheld, Report(2), AlertPolicy.Default)!;
        next.Unsent.ShouldBeTrue();
        Plan(next, causes: []).To.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(null, null, true)]
    [InlineData(AlertTopic.Drift, null, true)]
    [InlineData(AlertTopic.Slo, null, false)]
    [InlineData(AlertTopic.Drift, "input speed", true)]
    [InlineData(null, "input *", true)]
    [InlineData(null, "input wingspan", false)]
    public void Of_Silenced_NobodyIsToldUntilItsEnd(AlertTopic? topic, string? subject, bool covers)
    {
        Silence silence = Silence.Of("p", topic, subject, At.AddHours(2), "maintenance", "ann", At);
        Plan(Drift(), silences: [silence]).Withheld.ShouldBe(covers ? $"silence {silence.Id} until 2026-03-01 12:00 UTC: maintenance" : null);
        Plan(Drift(), silences: [silence], now: At.AddHours(2)).Withheld.ShouldBeNull();
        Plan(Drift() with { Pipeline = "q" }, silences: [silence]).Withheld.ShouldBeNull();
    }

    [Fact]
    public void Of_EndDuringASilence_IsToldToThoseWhoKnew()
    {
        Alert told = Told(Drift(), AlertState.Firing) with { State = AlertState.Resolved };
        Plan(told, silences: [Silence.Of("p", null, null, At.AddHours(2), "maintenance", "ann", At)]).To.Count.ShouldBe(1);
        Plan(Drift() with { State = AlertState.Resolved }).To.ShouldBeEmpty();
        Plan(Told(Drift(), AlertState.Resolved) with { State = AlertState.Resolved }).To.ShouldBeEmpty();
    }

    [Fact]
    public void Of_ThreeTimesInSixHours_WaitsForTheThirdReportInTime()
    {
        IReadOnlyList<AlertDestination> rules = AlertRouting.Destinations([new AlertSpec { To = AlertTarget.Slack, After = new AlertFrequency() }]);
        Alert alert = AlertMoves.Apply(null, Report(0), AlertPolicy.Default)!;
        foreach ((int hour, bool told) in new[] { (1, false), (7, false), (8, false), (9, true) })
        {
            AlertPlan waiting = Plan(alert, rules);
            (waiting.To.Count, waiting.Waiting).ShouldBe((0, true));
            alert = AlertMoves.MarkSent(alert, new AlertSent(alert, [], false, null, waiting.Waiting), At);
            alert = AlertMoves.Apply(alert, Report(hour), AlertPolicy.Default)!;
            alert.Unsent.ShouldBeTrue();
            (Plan(alert, rules).To.Count == 1).ShouldBe(told, $"after the report of hour {hour}");
        }
    }

    [Fact]
    public void Of_IncidentsWithAFrequency_CountsThoseOfTheTopic()
    {
        IReadOnlyList<AlertDestination> rules = AlertRouting.Destinations([new AlertSpec { To = AlertTarget.Slack, After = new AlertFrequency { Times = 2, Within = TimeSpan.FromHours(1) } }]);
        Alert incident = AlertMoves.Apply(null, Report(0) with { Topic = AlertTopic.Rejected, Observation = 0 }, AlertPolicy.Default)!;
        Plan(incident, rules, incidents: [incident.FirstAt]).To.ShouldBeEmpty();
        Plan(incident, rules, incidents: [incident.FirstAt, incident.FirstAt.AddHours(-2)]).To.ShouldBeEmpty();
        Plan(incident, rules, incidents: [incident.FirstAt, incident.FirstAt.AddMinutes(-20)]).To.Count.ShouldBe(1);
    }

    [Fact]
    public void Of_ToldBefore_OnlyGraverOrAfterTheRepeatInterval()
    {
        Alert told = Told(Drift(), AlertState.Firing);
        Plan(told).To.ShouldBeEmpty();
        Plan(told with { Severity = AlertSeverity.Critical }).To.Count.ShouldBe(1);
        Plan(told with { LastAt = At.AddHours(4) }).To.Count.ShouldBe(1);
    }

    [Fact]
    public void Of_Acknowledged_OnlyServicesThatKeepIncidentsAreTold()
    {
        IReadOnlyList<AlertDestination> both = AlertRouting.Destinations([new AlertSpec { To = AlertTarget.Slack }, new AlertSpec { To = AlertTarget.PagerDuty }]);
        Alert told = both.Aggregate(Drift(), (alert, d) => alert with { Told = [.. alert.Told, new AlertTold(d.Name, "n", AlertState.Firing, alert.Severity, At)] });
        Plan(told with { State = AlertState.Acknowledged, LastAt = At.AddDays(1) }, both).To.ShouldHaveSingleItem().To.ShouldBe(AlertTarget.PagerDuty);
    }

    private static AlertPlan Plan(
        Alert alert,
        IReadOnlyList<AlertDestination>? destinations = null,
        IReadOnlyList<Alert>? causes = null,
        IReadOnlyList<Silence>? silences = null,
        IReadOnlyList<DateTimeOffset>? incidents = null,
        DateTimeOffset? now = null) =>
        AlertPlan.Of(alert, destinations ?? Slack, new AlertSurroundings(causes ?? [], silences ?? [], incidents ?? [], now ?? At), AlertPolicy.Default);

    private static Alert Drift() => AlertMoves.Apply(null, Report(0), AlertPolicy.Default)!;

    private static Alert Told(Alert alert, AlertState state) => alert with { Told = [new AlertTold(Slack[0].Name, "n-1", state, alert.Severity, At)] };

    private static AlertEvent Report(int hour) => new()
    {
        Pipeline = "p", Topic = AlertTopic.Drift, Severity = AlertSeverity.Warning, Subject = "input speed", Title = "Input 'speed' drifted", Detail = "PSI 0.4.",
        At = At.AddHours(hour), Evidence = $"report {hour}", Observation = hour + 1,
    };
}
