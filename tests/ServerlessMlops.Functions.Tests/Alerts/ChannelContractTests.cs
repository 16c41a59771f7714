using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Alerts;
using ServerlessMlops.Functions.Alerts.Channels;
using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Functions.Tests.Alerts;

/// <summary>Every HTTP channel against a receiver that holds what it gets against the service's schema, and against receivers in trouble.</summary>
public sealed class ChannelContractTests : IAsyncLifetime
{
    private const string RoutingKey = "0123456789abcdef0123456789abcdef";
    private readonly AlertsOptions _options = new() { AllowLoopback = true };
    private ChannelReceiver _receiver = null!;

    public static TheoryData<AlertTarget> Channels => new(AlertTarget.Webhook, AlertTarget.Slack, AlertTarget.Teams, AlertTarget.PagerDuty);

    public async Task InitializeAsync() => _receiver = await ChannelReceiver.StartAsync();

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task SendAsync_AnyNotification_IsWhatTheServiceAccepts(AlertTarget target)
    {
        AlertNotification one = ChannelsTests.Notification();
        Alert alert = one.Alerts[0];
        string hostile = string.Concat(Enumerable.Repeat("<!channel> & \"quoted\" \u00e9\U0001F6A8 \r\n", 400));
        AlertNotification[] notifications =
        [
            one with { Holding = 1, Unattended = 1 },
            one with { Alerts = [alert with { State = AlertState.Acknowledged }], Holding = 1, Unattended = 0 },
            one with { Alerts = [alert with { State = AlertState.Resolved }], Holding = 0, Unattended = 0 },
            one with { Alerts = [.. Enumerable.Range(0, 10).Select(i => alert with { Id = $"{i:x16}", Title = hostile, Detail = hostile, Severity = (AlertSeverity)(i % 3) })], Total = 10_000, Holding = 9, Unattended = 9 },
        ];
        foreach (AlertNotification notification in notifications)
        {
            (await ChannelOf(target, TimeProvider.System).SendAsync(notification, Address(target), default)).Delivered.ShouldBeTrue();
        }

        _receiver.Received.Count.ShouldBe(notifications.Length);
        int limit = target switch { AlertTarget.Teams => 28 * 1024, AlertTarget.PagerDuty => 512 * 1024, _ => 1024 * 1024 };
        foreach ((IHeaderDictionary headers, string body) in _receiver.Received)
        {
            headers.ContentType.ToString().ShouldBe(target == AlertTarget.Webhook ? "application/cloudevents+json; charset=utf-8" : "application/json; charset=utf-8");
            ServiceSchema.Check(target == AlertTarget.Webhook ? "cloudevents" : target.ToString().ToLowerInvariant(), body).ShouldBeEmpty();
            System.Text.Encoding.UTF8.GetByteCount(body).ShouldBeLessThan(limit);
        }
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task SendAsync_Fails429AndThenTakesIt_WaitsAsLongAsItIsAsked(AlertTarget target)
    {
        var clock = new ManualTimeProvider();
        _receiver.Answers.Enqueue(ChannelReceiver.Status(503));
        _receiver.Answers.Enqueue(ChannelReceiver.Status(429, "30"));
        _receiver.Answers.Enqueue(ChannelReceiver.Status(429, clock.GetUtcNow().AddSeconds(51).ToString("R")));
        Task<ChannelOutcome> sending = ChannelOf(target, clock).SendAsync(ChannelsTests.Notification(), Address(target), default);
        foreach (int seconds in new[] { 1, 30, 20 }) // its own backoff; as many seconds as asked; until the time that is named
        {
            DateTimeOffset due = clock.GetUtcNow().AddSeconds(seconds);
            await UntilAsync(() => clock.NextDue == due);
            int before = _receiver.Received.Count;
            clock.AdvanceTo(due.AddTicks(-1));
            _receiver.Received.Count.ShouldBe(before);
            clock.AdvanceTo(due);
        }

        (await sending).ShouldBe(new ChannelOutcome(true, 4, "Answered 200."));
        _receiver.Received.Select(r => r.Body).Distinct().ShouldHaveSingleItem();
    }

    [Theory]
    [MemberData(nameof(Channels))]
    public async Task SendAsync_Hangs_EndsWithinItsLimits(AlertTarget target)
    {
        var clock = new ManualTimeProvider();
        _receiver.Otherwise = ChannelReceiver.Hang;
        DateTimeOffset began = clock.GetUtcNow();
        Task<ChannelOutcome> sending = ChannelOf(target, clock).SendAsync(ChannelsTests.Notification(), Address(target), default);
        await FastForwardAsync(clock, sending);
        (await sending).ShouldBe(new ChannelOutcome(false, 5, "No answer in time."));
        (clock.GetUtcNow() - began).ShouldBe(TimeSpan.FromSeconds((5 * 10) + 1 + 2 + 4 + 8));
    }

    [Fact]
    public async Task SendAsync_AsksForTooLong_IsNotWaitedForLongerThanItsTurnLasts()
    {
        var clock = new ManualTimeProvider();
        _receiver.Otherwise = ChannelReceiver.Status(429, "86400");
        Task<ChannelOutcome> sending = ChannelOf(AlertTarget.Slack, clock).SendAsync(ChannelsTests.Notification(), Address(AlertTarget.Slack), default);
        await FastForwardAsync(clock, sending);
        (await sending).Delivered.ShouldBeFalse();
        DeliveryAttempts.LongestDelivery.ShouldBeLessThan(AlertGroup.Lease);
    }

    [Fact]
    public async Task PagerDuty_FiresIsLookedAfterEnds_IsOneIncident()
    {
        AlertNotification firing = ChannelsTests.Notification() with { Holding = 1, Unattended = 1 };
        Alert alert = firing.Alerts[0];
        IAlertChannel channel = ChannelOf(AlertTarget.PagerDuty, TimeProvider.System);
        foreach (AlertNotification notification in new[]
                 {
                     firing,
                     firing with { Alerts = [alert with { State = AlertState.Acknowledged }], Unattended = 0 },
                     firing with { Alerts = [alert with { State = AlertState.Resolved }], Holding = 2, Unattended = 1 }, // another of the group still fires
                     firing with { Alerts = [alert with { State = AlertState.Resolved }], Holding = 0, Unattended = 0 },
                 })
        {
            (await channel.SendAsync(notification, Address(AlertTarget.PagerDuty), default)).Delivered.ShouldBeTrue();
        }

        JsonElement[] events = [.. _receiver.Received.Select(r => JsonDocument.Parse(r.Body).RootElement)];
        events.Select(e => e.GetProperty("event_action").GetString()).ShouldBe(["trigger", "acknowledge", "resolve"]);
        events.Select(e => e.GetProperty("dedup_key").GetString()).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Slack_Markup_IsEscaped()
    {
        AlertNotification notification = ChannelsTests.Notification();
        notification = notification with { Alerts = [notification.Alerts[0] with { Title = "<!channel> & co" }] };
        await ChannelOf(AlertTarget.Slack, TimeProvider.System).SendAsync(notification, Address(AlertTarget.Slack), default);
        _receiver.Received.Single().Body.ShouldContain("*&lt;!channel&gt; &amp; co* (warning)");
    }

    [Fact]
    public async Task Email_IsTakenWithBothRecipientsAndAnIdThatIsTheSameEachTime()
    {
        await using var server = SmtpReceiver.Start();
        server.Refusals.Enqueue("451 busy");
        server.Refusals.Enqueue("451 busy");
        AlertNotification notification = ChannelsTests.Notification();
        notification = notification with { Alerts = [notification.Alerts[0] with { Title = "Drift: caf\u00e9\r\nBcc: eve@example.com" }] };
        _options.RetryDelay = TimeSpan.FromMilliseconds(1);
        ChannelOutcome outcome = await Email(TimeProvider.System).SendAsync(notification, new ChannelAddress(server.Url, null), default);
        (outcome.Delivered, outcome.Sentence).ShouldBe((true, "Taken by the mail server."));
        server.Taken.ShouldHaveSingleItem();
        (string from, IReadOnlyList<string> to, string data) = server.Taken.Single();
        (from, string.Join(' ', to)).ShouldBe(("mlops@example.com", "ann@example.com bob@example.com"));
        string headers = data[..data.IndexOf(Environment.NewLine + Environment.NewLine, StringComparison.Ordinal)];
        headers.ShouldContain("Message-ID: <birds-drift-4@serverlessmlops.invalid>");
        headers.ShouldContain("Subject: ");
        headers.Split(Environment.NewLine).ShouldNotContain(line => line.StartsWith("Bcc", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Email_RefusedForGood_IsNotTriedAgain()
    {
        await using var server = SmtpReceiver.Start();
        server.Refusals.Enqueue("550 no such mailbox");
        server.Refusals.Enqueue("550 no such mailbox");
        ChannelOutcome outcome = await Email(TimeProvider.System).SendAsync(ChannelsTests.Notification(), new ChannelAddress(server.Url, null), default);
        (outcome.Delivered, outcome.Attempts).ShouldBe((false, 1));
        server.Taken.ShouldBeEmpty();
    }

    [Fact]
    public async Task Email_OneRecipientRefused_IsDeliveredToTheOtherOnce()
    {
        await using var server = SmtpReceiver.Start();
        server.Refusals.Enqueue("550 no such mailbox");
        ChannelOutcome outcome = await Email(TimeProvider.System).SendAsync(ChannelsTests.Notification(), new ChannelAddress(server.Url, null), default);
        outcome.ShouldBe(new ChannelOutcome(true, 1, "Taken by the mail server for 1 of 2 recipients; for the others it answered MailboxUnavailable."));
        server.Taken.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Email_Hangs_EndsWithinItsLimits()
    {
        await using var server = SmtpReceiver.Start();
        server.Hangs = true;
        var clock = new ManualTimeProvider();
        Task<ChannelOutcome> sending = Email(clock).SendAsync(ChannelsTests.Notification(), new ChannelAddress(server.Url, null), default);
        await FastForwardAsync(clock, sending);
        (await sending).ShouldBe(new ChannelOutcome(false, 5, "No answer in time."));
    }

    [Fact]
    public async Task Email_NobodyListens_IsTriedAgainAndSaidInWords()
    {
        string url;
        await using (var server = SmtpReceiver.Start())
        {
            url = server.Url;
        }

        _options.RetryDelay = TimeSpan.FromMilliseconds(1);
        ChannelOutcome outcome = await Email(TimeProvider.System).SendAsync(ChannelsTests.Notification(), new ChannelAddress(url, "s3cret"), default);
        outcome.ShouldBe(new ChannelOutcome(false, 5, "The mail server answered GeneralFailure."));
    }

    private static async Task FastForwardAsync(ManualTimeProvider clock, Task sending)
    {
        await UntilAsync(() =>
        {
            // The limit of the whole delivery is left alone: it is the only timer while one attempt gives way to the next.
            if (clock.NextDue is { } due && due <= clock.GetUtcNow() + TimeSpan.FromSeconds(61))
            {
                clock.AdvanceTo(due);
            }

            return sending.IsCompleted;
        });
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private ChannelAddress Address(AlertTarget target) => new(target == AlertTarget.PagerDuty ? $"{_receiver.Url}|{RoutingKey}" : _receiver.Url, "whsec_c2VjcmV0");

    private EmailChannel Email(TimeProvider time) => new(Options.Create(_options), new DeliveryAttempts(Options.Create(_options), time));

    private HttpAlertChannel ChannelOf(AlertTarget target, TimeProvider time)
    {
        var http = new ChannelHttp(Options.Create(_options), new DeliveryAttempts(Options.Create(_options), time), time);
        return target switch
        {
            AlertTarget.Webhook => new WebhookChannel(http, time),
            AlertTarget.Slack => new SlackChannel(http),
            AlertTarget.Teams => new TeamsChannel(http),
            _ => new PagerDutyChannel(http),
        };
    }
}
