using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Alerts.Channels;

namespace ServerlessMlops.Functions.Tests.Alerts;

public class AlertDispatcherTests
{
    private const string TwoRules = "target: y\nalerts:\n  - {to: webhook}\n  - {to: slack, on: [rejected]}\n";

    [Fact]
    public async Task RaiseAsync_TwiceAndSweptByTwo_OneNotification()
    {
        var alerts = new AlertsHarness(null, "ALERTS_WEBHOOK_URL");
        AlertEvent occurred = alerts.Event("upload-1");
        await alerts.Sink.RaiseAsync(occurred, default);
        await alerts.Sink.RaiseAsync(occurred, default);
        (await alerts.Sweep.SweepAsync(default)).ShouldBe(0);
        alerts.Clock.Advance(TimeSpan.FromSeconds(31));
        int[] delivered = await Task.WhenAll(alerts.Sweep.SweepAsync(default), alerts.Sweep.SweepAsync(default));
        delivered.Sum().ShouldBe(1);
        AlertNotification told = alerts.Webhook.Told.ShouldHaveSingleItem();
        (told.Id, told.Total, told.Headline).ShouldBe(("birds-rejected-1", 1, "[warning] birds: upload-1 was rejected"));
        alerts.Clock.Advance(TimeSpan.FromHours(1));
        (await alerts.Sweep.SweepAsync(default)).ShouldBe(0);
    }

    [Fact]
    public async Task RaiseAsync_StormOfTenThousand_AHandfulOfNotificationsAndNoneLostFromTheRecord()
    {
        var alerts = new AlertsHarness(null, "ALERTS_WEBHOOK_URL");
        for (int minute = 0; minute < 10; minute++)
        {
            for (int i = 0; i < 1000; i++)
            {
                await alerts.Sink.RaiseAsync(alerts.Event($"upload-{minute}-{i}"), default);
            }

            alerts.Clock.Advance(TimeSpan.FromMinutes(1));
            await alerts.Sweep.SweepAsync(default);
        }

        alerts.Clock.Advance(TimeSpan.FromMinutes(6));
        await alerts.Sweep.SweepAsync(default);
        alerts.Store.Count.ShouldBe(10_000);
        alerts.Webhook.Told.Count.ShouldBeInRange(2, 5);
        alerts.Webhook.Told.Sum(n => n.Total).ShouldBe(10_000);
        alerts.Webhook.Told.ShouldAllBe(n => n.Alerts.Count <= AlertNotification.MaxAlerts);
    }

    [Fact]
    public async Task DispatchAsync_OneChannelDead_TheOtherIsToldAndBothAreOnRecord()
    {
        var alerts = new AlertsHarness(TwoRules, "ALERTS_WEBHOOK_URL", "ALERTS_SLACK_URL");
        alerts.Webhook.Answer = () => new ChannelOutcome(false, 5, "Answered 503.");
        await alerts.Sink.RaiseAsync(alerts.Event("upload-1"), default);
        alerts.Clock.Advance(TimeSpan.FromMinutes(1));
        (await alerts.Sweep.SweepAsync(default)).ShouldBe(1);
        alerts.Slack.Told.Count.ShouldBe(1);
        alerts.Store.Deliveries.Select(d => (d.Destination, d.Delivered, d.Attempts, d.Outcome)).ShouldBe(
            [("webhook ALERTS_WEBHOOK_URL", false, 5, "Answered 503."), ("slack ALERTS_SLACK_URL", true, 1, "Answered 200.")], ignoreOrder: true);
    }

    [Fact]
    public async Task DispatchAsync_EndsWhileTheFirstNotificationIsUnderWay_TheEndIsToldAfterIt()
    {
        var alerts = new AlertsHarness("target: y\nalerts:\n  - {to: webhook, on: [drift]}\n", "ALERTS_WEBHOOK_URL");
        AlertEvent drift = alerts.Event("input speed", AlertTopic.Drift) with { Observation = 1 };
        await alerts.Sink.RaiseAsync(drift, default);
        Func<ChannelOutcome> usual = alerts.Webhook.Answer;
        alerts.Webhook.Answer = () =>
        {
            alerts.Sink.RaiseAsync(drift with { Observation = 2, Resolved = true, At = alerts.Clock.GetUtcNow() }, default).GetAwaiter().GetResult();
            return usual();
        };
        alerts.Clock.Advance(TimeSpan.FromMinutes(1));
        (await alerts.Sweep.SweepAsync(default)).ShouldBe(1);

        alerts.Clock.Advance(AlertPolicy.Default.GroupInterval + TimeSpan.FromMinutes(1));
        (await alerts.Sweep.SweepAsync(default)).ShouldBe(1);
        alerts.Webhook.Told.Select(n => n.Alerts.Single().State).ShouldBe([AlertState.Firing, AlertState.Resolved]);
    }

    [Fact]
    public async Task DispatchAsync_OneChannelThrows_TheOtherIsToldOfThisAndOfWhatComesLater()
    {
        var alerts = new AlertsHarness(TwoRules, "ALERTS_WEBHOOK_URL", "ALERTS_SLACK_URL");
        alerts.Webhook.Answer = () => throw new InvalidOperationException("a fault of ours");
        for (int upload = 1; upload <= 2; upload++)
        {
            await alerts.Sink.RaiseAsync(alerts.Event($"upload-{upload}"), default);
            alerts.Clock.Advance(AlertGroup.Lease + TimeSpan.FromMinutes(1));
            (await alerts.Sweep.SweepAsync(default)).ShouldBe(1);
        }

        alerts.Slack.Told.Select(n => n.Alerts.Single().Subject).ShouldBe(["upload-1", "upload-2"]);
        alerts.Store.Deliveries.First(d => !d.Delivered).Outcome.ShouldBe("The channel broke: InvalidOperationException.");
    }

    [Fact]
    public async Task DispatchAsync_RuleWhoseSettingIsMissing_IsOnRecordAsUndelivered()
    {
        var alerts = new AlertsHarness(TwoRules, "ALERTS_WEBHOOK_URL");
        await alerts.Sink.RaiseAsync(alerts.Event("upload-1"), default);
        alerts.Clock.Advance(TimeSpan.FromMinutes(1));
        await alerts.Sweep.SweepAsync(default);
        alerts.Store.Deliveries.Single(d => !d.Delivered).Outcome.ShouldBe("App setting 'ALERTS_SLACK_URL' is not set.");
    }

    [Fact]
    public async Task DispatchAsync_DiedAfterDelivering_DoesNotTellAgain()
    {
        var alerts = new AlertsHarness(null, "ALERTS_WEBHOOK_URL");
        await alerts.Sink.RaiseAsync(alerts.Event("upload-1"), default);
        alerts.Clock.Advance(TimeSpan.FromMinutes(1));

        // What a process leaves that dies between the delivery and its bookkeeping.
        await alerts.Store.UpdateGroupAsync("birds", AlertTopic.Rejected, g => g.Claim(1, alerts.Clock.GetUtcNow()), default);
        await alerts.Store.SaveDeliveryAsync(new AlertDelivery("birds", "birds-rejected-1", "webhook ALERTS_WEBHOOK_URL", true, 1, alerts.Clock.GetUtcNow(), "Answered 200."), default);

        (await alerts.Sweep.SweepAsync(default)).ShouldBe(0);
        alerts.Clock.Advance(AlertGroup.Lease + TimeSpan.FromSeconds(1));
        (await alerts.Sweep.SweepAsync(default)).ShouldBe(0);
        alerts.Webhook.Told.ShouldBeEmpty();
        await foreach (Alert _ in alerts.Store.ListUnsentAsync("birds", AlertTopic.Rejected, default))
        {
            throw new InvalidOperationException("An alert that was told is still marked as unsent.");
        }
    }

    [Fact]
    public async Task DispatchAsync_ChannelDownThenUp_IsToldLaterAndTheOtherIsNotToldTwice()
    {
        var alerts = new AlertsHarness(TwoRules, "ALERTS_WEBHOOK_URL", "ALERTS_SLACK_URL");
        alerts.Webhook.Answer = () => new ChannelOutcome(false, 5, "Answered 503.");
        await alerts.Sink.RaiseAsync(alerts.Event("upload-1"), default);
        alerts.Clock.Advance(TimeSpan.FromMinutes(1));
        await alerts.Sweep.SweepAsync(default);
        alerts.Webhook.Answer = () => new ChannelOutcome(true, 1, "Answered 200.");
        alerts.Clock.Advance(AlertPolicy.Default.GroupInterval);
        (await alerts.Sweep.SweepAsync(default)).ShouldBe(1);
        (alerts.Webhook.Told.Count, alerts.Slack.Told.Count).ShouldBe((2, 1));
        alerts.Clock.Advance(TimeSpan.FromHours(1));
        (await alerts.Sweep.SweepAsync(default)).ShouldBe(0);
    }

    [Fact]
    public async Task Courier_OneChannelHangs_OtherGroupsAreToldMeanwhile()
    {
        var alerts = new AlertsHarness("target: y\nalerts:\n  - {to: webhook, on: [rejected]}\n  - {to: slack, on: [slo]}\n", "ALERTS_WEBHOOK_URL", "ALERTS_SLACK_URL");
        alerts.Webhook.Gate = new TaskCompletionSource().Task;
        await alerts.Courier.StartAsync(default);
        await alerts.Sink.RaiseAsync(alerts.Event("upload-1"), default);
        await alerts.Sink.RaiseAsync(alerts.Event("availability", AlertTopic.Slo), default);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (alerts.Slack.Told.IsEmpty)
        {
            deadline.IsCancellationRequested.ShouldBeFalse("the second group waits for the first one's channel");
            alerts.Clock.Advance(TimeSpan.FromSeconds(31));
            await Task.Yield();
        }

        await alerts.Courier.StopAsync(default);
        alerts.Webhook.Told.ShouldBeEmpty();
    }

    [Fact]
    public async Task DispatchAsync_Silenced_NobodyIsToldUntilItEndsAndItIsOnTheRecord()
    {
        var alerts = new AlertsHarness(null, "ALERTS_WEBHOOK_URL");
        IActionResult silenced = await alerts.Silences.Post(Http("""{"topic":"drift","for":"2h","why":"sensor is being changed"}"""), "birds", default);
        Read<Silence>(silenced, 201).By.ShouldBe("unverified:ann");
        AlertEvent drift = alerts.Event("input speed", AlertTopic.Drift) with { Observation = 1 };
        await alerts.Sink.RaiseAsync(drift, default);
        alerts.Clock.Advance(TimeSpan.FromMinutes(1));
        (await alerts.Sweep.SweepAsync(default)).ShouldBe(0);
        Read<Page<Alert>>(await alerts.Api.List(Http(), "birds", default)).Items.ShouldHaveSingleItem().Withheld!.ShouldEndWith("sensor is being changed");

        alerts.Clock.Advance(TimeSpan.FromHours(2));
        await alerts.Sink.RaiseAsync(drift with { Observation = 2, At = alerts.Clock.GetUtcNow(), Evidence = "2" }, default);
        alerts.Clock.Advance(TimeSpan.FromMinutes(6));
        (await alerts.Sweep.SweepAsync(default)).ShouldBe(1);
        alerts.Webhook.Told.Single().Alerts[0].Occurrences.ShouldBe(2);
        Read<Silence[]>(await alerts.Silences.List(Http(), "birds", default)).ShouldBeEmpty();
        Read<Silence[]>(await alerts.Silences.List(Http(query: "?all=true"), "birds", default)).Length.ShouldBe(1);
    }

    [Fact]
    public async Task DispatchAsync_DriftExplainedByBadData_IsToldOnceTheDataIsWellAgain()
    {
        var alerts = new AlertsHarness(null, "ALERTS_WEBHOOK_URL");
        AlertEvent quality = alerts.Event("missing", AlertTopic.Quality) with { Observation = 1 };
        AlertEvent drift = alerts.Event("input speed", AlertTopic.Drift) with { Observation = 1 };
        await alerts.Sink.RaiseAsync([quality, drift], default);
        alerts.Clock.Advance(TimeSpan.FromMinutes(1));
        await alerts.Sweep.SweepAsync(default);
        alerts.Webhook.Told.ShouldHaveSingleItem().Topic.ShouldBe(AlertTopic.Quality);

        alerts.Clock.Advance(TimeSpan.FromHours(1));
        DateTimeOffset now = alerts.Clock.GetUtcNow();
        await alerts.Sink.RaiseAsync([quality with { Resolved = true, Observation = 2, At = now, Evidence = "2" }, drift with { Observation = 2, At = now, Evidence = "2" }], default);
        alerts.Clock.Advance(TimeSpan.FromMinutes(6));
        await alerts.Sweep.SweepAsync(default);
        alerts.Webhook.Told.Skip(1).Select(n => (n.Topic, n.Resolved)).ShouldBe([(AlertTopic.Quality, true), (AlertTopic.Drift, false)], ignoreOrder: true);
    }

    [Fact]
    public async Task AVersionWentLive_IsToldOnceAndIsOver()
    {
        var alerts = new AlertsHarness("target: y\nalerts:\n  - {to: webhook, severity: info}\n  - {to: pagerDuty, severity: info}\n", "ALERTS_WEBHOOK_URL", "ALERTS_PAGERDUTY_URL");
        AlertEvent live = RunAlerts.Of(new Run { Pipeline = "birds", Id = "rollout-birds-2", Kind = RunKind.Rollout, Status = RunStatus.Succeeded, Stage = "", StartedAt = alerts.Clock.GetUtcNow() })!;
        await alerts.Sink.RaiseAsync(live, default);
        for (int again = 0; again < 3; again++)
        {
            alerts.Clock.Advance(AlertPolicy.Default.GroupInterval + TimeSpan.FromSeconds(1));
            await alerts.Sweep.SweepAsync(default);
            await alerts.Sink.RaiseAsync(live, default); // as an activity does that runs twice
        }

        alerts.Webhook.Told.ShouldHaveSingleItem().Resolved.ShouldBeFalse("nobody wants to hear that news is over");
        alerts.PagerDuty.Told.Select(n => n.Resolved).ShouldBe([false, true], "no incident is left open");
        (await alerts.Store.GetAsync("birds", live.Fingerprint, default))!.State.ShouldBe(AlertState.Resolved);
    }

    [Fact]
    public async Task ClearForTwoChecks_IncidentOfTheServiceEndsByItself()
    {
        var alerts = new AlertsHarness("target: y\nalerts:\n  - {to: pagerDuty}\n", "ALERTS_PAGERDUTY_URL");
        AlertEvent drift = alerts.Event("input speed", AlertTopic.Drift) with { Observation = 1 };
        AlertEvent failed = RunAlerts.Of(new Run { Pipeline = "birds", Id = "train-birds-1", Kind = RunKind.Training, Status = RunStatus.Failed, Stage = "", StartedAt = alerts.Clock.GetUtcNow(), Reason = "Broken." })!;
        await alerts.Sink.RaiseAsync([drift, failed], default);
        await TellAsync();
        alerts.PagerDuty.Told.Select(n => (n.Topic, n.Holding)).ShouldBe([(AlertTopic.Drift, 1), (AlertTopic.Failed, 1)], ignoreOrder: true);

        // One check that finds it well, then two in a row; and a training that succeeds.
        for (int check = 2; check <= 4; check++)
        {
            DateTimeOffset now = alerts.Clock.GetUtcNow();
            await alerts.Sink.RaiseAsync([drift with { Resolved = check != 2, ClearAfter = 2, Observation = check, At = now, Evidence = $"{check}" }], default);
            await TellAsync();
            alerts.PagerDuty.Told.Count(n => n.Topic == AlertTopic.Drift).ShouldBe(check == 4 ? 2 : 1, $"check {check}");
        }

        alerts.PagerDuty.Told.Last().ShouldSatisfyAllConditions(n => n.Resolved.ShouldBeTrue(), n => n.Holding.ShouldBe(0, "the channel sends 'resolve'"));
        List<Alert> open = [];
        await foreach (Alert alert in alerts.Store.ListOpenAsync("birds", [], default))
        {
            open.Add(alert);
        }

        Run better = new() { Pipeline = "birds", Id = "train-birds-2", Kind = RunKind.Training, Status = RunStatus.Succeeded, Stage = "", StartedAt = alerts.Clock.GetUtcNow() };
        await alerts.Sink.RaiseAsync(IncidentEnds.Of(open, [better], alerts.Clock.GetUtcNow(), "check"), default);
        await TellAsync();
        alerts.PagerDuty.Told.Last().ShouldSatisfyAllConditions(n => n.Topic.ShouldBe(AlertTopic.Failed), n => n.Resolved.ShouldBeTrue(), n => n.Holding.ShouldBe(0));

        async Task TellAsync()
        {
            alerts.Clock.Advance(TimeSpan.FromMinutes(6));
            await alerts.Sweep.SweepAsync(default);
        }
    }

    [Fact]
    public async Task Api_AcknowledgeThenResolve_TellsEachWhatConcernsIt()
    {
        var alerts = new AlertsHarness("target: y\nalerts:\n  - {to: slack}\n  - {to: pagerDuty}\n", "ALERTS_SLACK_URL", "ALERTS_PAGERDUTY_URL");
        await alerts.Sink.RaiseAsync([alerts.Event("upload-1"), alerts.Event("upload-2")], default);
        alerts.Clock.Advance(TimeSpan.FromMinutes(1));
        await alerts.Sweep.SweepAsync(default);
        string[] ids = [alerts.Event("upload-1").Fingerprint, alerts.Event("upload-2").Fingerprint];
        Read<Alert>(await alerts.Api.Acknowledge(Http(), "birds", ids[0], default)).AcknowledgedBy.ShouldBe("unverified:ann");
        alerts.Clock.Advance(TimeSpan.FromMinutes(6));
        await alerts.Sweep.SweepAsync(default);
        AlertNotification told = alerts.PagerDuty.Told.Last();
        (told.Holding, told.Unattended).ShouldBe((2, 1));
        alerts.Slack.Told.Count.ShouldBe(1);

        Read<Alert>(await alerts.Api.Resolve(Http(), "birds", ids[0], default)).State.ShouldBe(AlertState.Resolved);
        Read<Alert>(await alerts.Api.Resolve(Http(), "birds", ids[1], default));
        alerts.Clock.Advance(TimeSpan.FromMinutes(6));
        await alerts.Sweep.SweepAsync(default);
        (alerts.PagerDuty.Told.Last().Holding, alerts.PagerDuty.Told.Last().Total).ShouldBe((0, 2));
        alerts.Slack.Told.Last().Resolved.ShouldBeTrue();
        Status(await alerts.Api.Acknowledge(Http(), "birds", ids[0], default)).ShouldBe(409);
        Status(await alerts.Api.Resolve(Http(), "birds", "0123456789abcdef", default)).ShouldBe(404);
        Status(await alerts.Api.Resolve(Http(), "birds", "../x", default)).ShouldBe(400);
        Read<AlertView>(await alerts.Api.Get(Http(), "birds", ids[0], default)).Deliveries.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData("""{"why":"x"}""", "A silence has an end")]
    [InlineData("""{"why":"x","for":"soon"}""", "'for' is 'soon'")]
    [InlineData("""{"why":"x","for":"365d"}""", "within 90 days")]
    [InlineData("""{"why":"x","until":"2020-01-01T00:00:00Z"}""", "would end at 2020-01-01")]
    [InlineData("""{"for":"1h"}""", "'why' says")]
    [InlineData("""{"for":"1h","why":"x","topic":"nonsense"}""", "not the JSON that was expected")]
    public async Task Silences_Unclear_AreRefusedInWords(string body, string part)
    {
        IActionResult answer = await new AlertsHarness().Silences.Post(Http(body), "birds", default);
        answer.ShouldBeOfType<ObjectResult>().Value.ShouldBeOfType<ProblemDetails>().Detail!.ShouldContain(part);
    }

    [Fact]
    public async Task Silences_EndedEarly_StayOnTheRecord()
    {
        var alerts = new AlertsHarness();
        Silence silence = Read<Silence>(await alerts.Silences.Post(Http("""{"for":"2h","why":"x"}"""), "birds", default), 201);
        alerts.Clock.Advance(TimeSpan.FromHours(1));
        Read<Silence>(await alerts.Silences.End(Http(), "birds", silence.Id, default)).Until.ShouldBe(alerts.Clock.GetUtcNow());
        Status(await alerts.Silences.End(Http(), "birds", "0123456789abcdef", default)).ShouldBe(404);
    }

    [Fact]
    public async Task Test_EveryDestination_TellsItsOutcomeAndRecordsNothing()
    {
        var alerts = new AlertsHarness(null, "ALERTS_SLACK_URL", "ALERTS_PAGERDUTY_URL");
        alerts.Slack.Answer = () => new ChannelOutcome(false, 5, "Answered 404.");
        RehearsalOutcome[] outcomes = Read<RehearsalOutcome[]>(await alerts.Api.Test(Http(), "birds", default));
        outcomes.Length.ShouldBe(5);
        outcomes.Single(o => o.Destination.StartsWith("slack", StringComparison.Ordinal)).ShouldBe(new RehearsalOutcome("slack ALERTS_SLACK_URL", true, false, 5, "Answered 404."));
        outcomes.Single(o => o.Destination.StartsWith("pagerduty", StringComparison.Ordinal)).Delivered.ShouldBeTrue();
        outcomes.Count(o => !o.Configured).ShouldBe(3);
        alerts.PagerDuty.Told.Select(n => n.Resolved).ShouldBe([false, true]);
        alerts.PagerDuty.Told.Select(n => n.IncidentKey).Distinct().ShouldHaveSingleItem().ShouldContain("trial");
        (alerts.Store.Count, alerts.Store.Deliveries.Count).ShouldBe((0, 0));
    }

    private static HttpRequest Http(string body = "", string query = "")
    {
        var context = new DefaultHttpContext();
        context.Request.Body = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(body));
        context.Request.QueryString = new QueryString(query);
        context.Request.Headers["X-Actor"] = "ann";
        return context.Request;
    }

    private static T Read<T>(IActionResult result, int status = 200)
    {
        ContentResult content = result.ShouldBeOfType<ContentResult>((result as ObjectResult)?.Value is ProblemDetails problem ? problem.Detail : null);
        content.StatusCode.ShouldBe(status);
        return JsonSerializer.Deserialize<T>(content.Content!, MlopsJson.Options)!;
    }

    private static int? Status(IActionResult result) => result.ShouldBeOfType<ObjectResult>().StatusCode;
}
