using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
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
        alerts.Store.Deliveries.Select(d => (d.Rule, d.Delivered, d.Attempts, d.Outcome)).ShouldBe(
            [("webhook ALERTS_WEBHOOK_URL", false, 5, "Answered 503."), ("slack ALERTS_SLACK_URL", true, 1, "Answered 200.")], ignoreOrder: true);
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
}
