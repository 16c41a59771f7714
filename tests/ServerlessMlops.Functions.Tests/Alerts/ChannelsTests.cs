using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Alerts;
using ServerlessMlops.Functions.Alerts.Channels;

namespace ServerlessMlops.Functions.Tests.Alerts;

public sealed class ChannelsTests : IAsyncLifetime
{
    private readonly WebApplication _receiver;
    private readonly ConcurrentQueue<(IHeaderDictionary Headers, string Body)> _received = new();
    private readonly ConcurrentQueue<Func<HttpContext, Task>> _answers = new();

    private readonly AlertsOptions _options = new() { AllowLoopback = true, RetryDelay = TimeSpan.FromMilliseconds(1), AttemptTimeout = TimeSpan.FromSeconds(5) };

    public ChannelsTests()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _receiver = builder.Build();
        _receiver.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            _received.Enqueue((new HeaderDictionary(context.Request.Headers.ToDictionary()), await reader.ReadToEndAsync()));
            if (_answers.TryDequeue(out Func<HttpContext, Task>? answer))
            {
                await answer(context);
            }
        });
    }

    private string Url => _receiver.Urls.Single() + "/hook";

    public Task InitializeAsync() => _receiver.StartAsync();

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task Webhook_WithSecret_IsACloudEventThatTheReceiverCanVerify()
    {
        ChannelOutcome outcome = await Webhook().SendAsync(Notification(), new ChannelAddress(Url, "s3cret"), default);
        outcome.ShouldBe(new ChannelOutcome(true, 1, "Answered 200."));
        (IHeaderDictionary headers, string body) = _received.ShouldHaveSingleItem();
        headers.ContentType.ToString().ShouldBe("application/cloudevents+json; charset=utf-8");
        JsonElement cloudEvent = JsonDocument.Parse(body).RootElement;
        cloudEvent.GetProperty("specversion").GetString().ShouldBe("1.0");
        cloudEvent.GetProperty("id").GetString().ShouldBe("birds-drift-4");
        cloudEvent.GetProperty("source").GetString().ShouldBe("/pipelines/birds");
        cloudEvent.GetProperty("type").GetString().ShouldBe("serverlessmlops.alert.firing");
        cloudEvent.GetProperty("data").GetProperty("alerts")[0].GetProperty("title").GetString().ShouldBe("Input 'speed' drifted");
        headers["webhook-id"].ToString().ShouldBe("birds-drift-4");
        long timestamp = long.Parse(headers["webhook-timestamp"].ToString());
        headers["webhook-signature"].ToString().ShouldBe("v1," + WebhookChannel.Sign("s3cret", "birds-drift-4", timestamp, System.Text.Encoding.UTF8.GetBytes(body)));
    }

    /// <summary>The example of the Standard Webhooks specification.</summary>
    [Fact]
    public void Sign_PublishedExample_IsThePublishedSignature() =>
        WebhookChannel.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}"u8)
            .ShouldBe("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");

    [Fact]
    public async Task Webhook_FailsTwiceThenTakesIt_IsDeliveredAtTheThirdTry()
    {
        _answers.Enqueue(Status(503));
        _answers.Enqueue(context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "0";
            return Task.CompletedTask;
        });
        (await Webhook().SendAsync(Notification(), new ChannelAddress(Url, null), default)).ShouldBe(new ChannelOutcome(true, 3, "Answered 200."));
        _received.Select(r => r.Headers["webhook-id"].ToString()).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Webhook_RefusedForGood_IsNotTriedAgain()
    {
        _answers.Enqueue(Status(400));
        (await Webhook().SendAsync(Notification(), new ChannelAddress(Url, null), default)).ShouldBe(new ChannelOutcome(false, 1, "Answered 400."));
    }

    [Fact]
    public async Task Webhook_Redirected_IsNotFollowed()
    {
        _answers.Enqueue(context =>
        {
            context.Response.Redirect("http://169.254.169.254/latest");
            return Task.CompletedTask;
        });
        (await Webhook().SendAsync(Notification(), new ChannelAddress(Url, null), default)).ShouldBe(new ChannelOutcome(false, 1, "Answered 302."));
    }

    [Fact]
    public async Task Webhook_Hangs_EndsWithinItsLimits()
    {
        _options.AttemptTimeout = TimeSpan.FromMilliseconds(200);
        _options.Retries = 1;
        for (int i = 0; i < 2; i++)
        {
            _answers.Enqueue(context => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default));
        }

        (await Webhook().SendAsync(Notification(), new ChannelAddress(Url, null), default)).ShouldBe(new ChannelOutcome(false, 2, "No answer in time."));
    }

    [Theory]
    [InlineData("ftp://example.com", "Not sent: the URL's scheme is 'ftp'; expected https (http only to this machine, with Alerts:AllowLoopback=true).")]
    [InlineData("http://example.com/hook", "Not sent: the URL's scheme is 'http'; expected https (http only to this machine, with Alerts:AllowLoopback=true).")]
    [InlineData("https://user:pw@example.com/hook", "Not sent: the URL carries a user name or password; use the channel's own authentication.")]
    [InlineData("nonsense", "Not sent: the address is no absolute URL.")]
    [InlineData("https://169.254.169.254/latest/meta-data", "The address leads to this machine or to a link-local, metadata or multicast address, where alerts are never sent.")]
    [InlineData("https://[fe80::1]/hook", "The address leads to this machine or to a link-local, metadata or multicast address, where alerts are never sent.")]
    [InlineData("https://[::ffff:169.254.169.254]/hook", "The address leads to this machine or to a link-local, metadata or multicast address, where alerts are never sent.")]
    public async Task Webhook_WhereItMustNotGo_IsNotSent(string url, string sentence)
    {
        ChannelOutcome outcome = await Webhook().SendAsync(Notification(), new ChannelAddress(url, null), default);
        (outcome.Delivered, outcome.Sentence).ShouldBe((false, sentence));
    }

    [Fact]
    public void IsRefused_Loopback_UnlessASettingAllowsIt()
    {
        AddressGuard.IsRefused(IPAddress.Loopback, allowLoopback: false).ShouldBeTrue();
        AddressGuard.IsRefused(IPAddress.Parse("::ffff:127.0.0.1"), allowLoopback: false).ShouldBeTrue();
        AddressGuard.IsRefused(IPAddress.Loopback, allowLoopback: true).ShouldBeFalse();
        AddressGuard.IsRefused(IPAddress.Parse("10.1.2.3"), allowLoopback: false).ShouldBeFalse();
        AddressGuard.IsRefused(IPAddress.Parse("168.63.129.16"), allowLoopback: true).ShouldBeTrue();
    }

    [Fact]
    public void Slack_Markup_IsEscapedAndBounded()
    {
        AlertNotification notification = Notification();
        notification = notification with { Alerts = [notification.Alerts[0] with { Title = "<!channel> & co", Detail = new string('x', 5000) }] };
        JsonElement body = JsonDocument.Parse(SlackChannel.Body(notification)).RootElement;
        string text = body.GetProperty("blocks")[1].GetProperty("text").GetProperty("text").GetString()!;
        text.ShouldStartWith("*&lt;!channel&gt; &amp; co*");
        text.Length.ShouldBe(3000);
    }

    [Fact]
    public void Teams_Message_HoldsAnAdaptiveCard()
    {
        JsonElement attachment = JsonDocument.Parse(TeamsChannel.Body(Notification())).RootElement.GetProperty("attachments")[0];
        attachment.GetProperty("contentType").GetString().ShouldBe("application/vnd.microsoft.card.adaptive");
        attachment.GetProperty("content").GetProperty("type").GetString().ShouldBe("AdaptiveCard");
    }

    [Fact]
    public void PagerDuty_FiringThenOver_TriggersAndResolvesTheSameIncident()
    {
        AlertNotification firing = Notification();
        JsonElement trigger = JsonDocument.Parse(PagerDutyChannel.Body(firing, "key")).RootElement;
        JsonElement resolve = JsonDocument.Parse(PagerDutyChannel.Body(firing with { Alerts = [firing.Alerts[0] with { State = AlertState.Resolved }] }, "key")).RootElement;
        (trigger.GetProperty("event_action").GetString(), resolve.GetProperty("event_action").GetString()).ShouldBe(("trigger", "resolve"));
        trigger.GetProperty("dedup_key").GetString().ShouldBe(resolve.GetProperty("dedup_key").GetString());
        trigger.GetProperty("payload").GetProperty("severity").GetString().ShouldBe("warning");
    }

    [Fact]
    public void Smtp_Addresses_AreReadOrExplained()
    {
        SmtpAddress.Parse("smtps://bot@mail.example.com/?from=a@example.com&to=b@example.com,c@example.com", false, out SmtpAddress? address).ShouldBeNull();
        (address!.Host, address.Port, address.Secure, address.User, address.To.Count).ShouldBe(("mail.example.com", 587, true, "bot", 2));
        SmtpAddress.Parse("smtp://mail.example.com/?from=a@example.com&to=b@example.com", true, out _)!.ShouldStartWith("the scheme is smtp");
        SmtpAddress.Parse("smtps://mail.example.com/?to=b@example.com", true, out _).ShouldBe("the address has no valid sender (from=)");
        SmtpAddress.Parse("smtps://mail.example.com/?from=a@example.com", true, out _).ShouldBe("the address has 0 recipients (to=); expected 1 to 50");
    }

    private static Func<HttpContext, Task> Status(int status) => context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    private static AlertNotification Notification()
    {
        var at = new DateTimeOffset(2026, 3, 1, 10, 0, 0, TimeSpan.Zero);
        var occurred = new AlertEvent
        {
            Pipeline = "birds", Topic = AlertTopic.Drift, Severity = AlertSeverity.Warning, Subject = "input speed", Title = "Input 'speed' drifted", Detail = "PSI 0.4.",
            At = at, Evidence = "report", Observation = 1,
        };
        return AlertNotification.Of(new AlertGroup("birds", AlertTopic.Drift) { Number = 4 }, [AlertMoves.Apply(null, occurred, AlertPolicy.Default)!], at);
    }

    private WebhookChannel Webhook() => new(new ChannelHttp(Options.Create(_options), TimeProvider.System), TimeProvider.System);
}
