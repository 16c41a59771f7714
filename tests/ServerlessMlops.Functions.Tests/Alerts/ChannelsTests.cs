using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Alerts;
using ServerlessMlops.Functions.Alerts.Channels;

namespace ServerlessMlops.Functions.Tests.Alerts;

public sealed class ChannelsTests : IAsyncLifetime
{
    private readonly AlertsOptions _options = new() { AllowLoopback = true, RetryDelay = TimeSpan.FromMilliseconds(1), AttemptTimeout = TimeSpan.FromSeconds(5) };
    private ChannelReceiver _receiver = null!;

    private string Url => _receiver.Url;

    public async Task InitializeAsync() => _receiver = await ChannelReceiver.StartAsync();

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task Webhook_WithSecret_IsACloudEventThatTheReceiverCanVerify()
    {
        ChannelOutcome outcome = await Webhook().SendAsync(Notification(), new ChannelAddress(Url, "s3cret"), default);
        outcome.ShouldBe(new ChannelOutcome(true, 1, "Answered 200."));
        (IHeaderDictionary headers, string body) = _receiver.Received.ShouldHaveSingleItem();
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
    public async Task Webhook_RefusedForGood_IsNotTriedAgain()
    {
        _receiver.Answers.Enqueue(ChannelReceiver.Status(400));
        (await Webhook().SendAsync(Notification(), new ChannelAddress(Url, null), default)).ShouldBe(new ChannelOutcome(false, 1, "Answered 400."));
    }

    [Fact]
    public async Task Webhook_Redirected_IsNotFollowed()
    {
        _receiver.Answers.Enqueue(context =>
        {
            context.Response.Redirect("http://169.254.169.254/latest");
            return Task.CompletedTask;
        });
        (await Webhook().SendAsync(Notification(), new ChannelAddress(Url, null), default)).ShouldBe(new ChannelOutcome(false, 1, "Answered 302."));
    }

    [Theory]
    [InlineData("ftp://example.com", "Not sent: the URL's scheme is 'ftp'; expected https (http only to this machine, with Alerts:AllowLoopback=true).")]
    [InlineData("http://example.com/hook", "Not sent: the URL's scheme is 'http'; expected https (http only to this machine, with Alerts:AllowLoopback=true).")]
    [InlineData("https://user:pw@example.com/hook", "Not sent: the URL carries a user name or password; use the channel's own authentication.")]
    [InlineData("nonsense", "Not sent: the address is no absolute URL.")]
    [InlineData("https://169.254.169.254/latest/meta-data", "The address leads to this machine or to a link-local, metadata or multicast address, where alerts are never sent.")]
    [InlineData("https://[fe80::1]/hook", "The address leads to this machine or to a link-local, metadata or multicast address, where alerts are never sent.")]
    [InlineData("https://[64:ff9b::a9fe:a9fe]/hook", "The address leads to this machine or to a link-local, metadata or multicast address, where alerts are never sent.")]
    [InlineData("https://[::ffff:169.254.169.254]/hook", "The address leads to this machine or to a link-local, metadata or multicast address, where alerts are never sent.")]
    public async Task Webhook_WhereItMustNotGo_IsNotSent(string url, string sentence)
    {
        ChannelOutcome outcome = await Webhook().SendAsync(Notification(), new ChannelAddress(url, null), default);
        (outcome.Delivered, outcome.Sentence).ShouldBe((false, sentence));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.8.8.8")]
    [InlineData("0.0.0.0")]
    [InlineData("169.254.169.254")]
    [InlineData("::1")]
    [InlineData("::127.0.0.1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2001:0:4136:e378:8000:63bf:80ff:fffe")] // Teredo of 127.0.0.1
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1%1")]
    public void IsRefused_WaysToThisMachineOrToMetadata_AllOfThem(string address) =>
        AddressGuard.IsRefused(IPAddress.Parse(address), allowLoopback: false).ShouldBeTrue();

    [Theory]
    [InlineData("93.184.216.34")]
    [InlineData("2606:2800:220:1:248:1893:25c8:1946")]
    [InlineData("64:ff9b::5db8:d822")]
    [InlineData("2002:5db8:d822::")]
    [InlineData("10.0.0.4")] // a service in the app's own virtual network
    public void IsRefused_Elsewhere_IsNot(string address) => AddressGuard.IsRefused(IPAddress.Parse(address), allowLoopback: false).ShouldBeFalse();

    /// <summary>DNS rebinding: what is connected to is what was looked at, for each connection.</summary>
    [Fact]
    public async Task ConnectAsync_NameThatLeadsHereTheSecondTime_IsRefusedThen()
    {
        using var elsewhere = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        elsewhere.Start();
        int port = ((IPEndPoint)elsewhere.LocalEndpoint).Port;
        int asked = 0;
        Task<IPAddress[]> Resolve(string host, CancellationToken cancellation) =>
            Task.FromResult<IPAddress[]>(++asked == 1 ? [IPAddress.Parse("169.254.169.254"), IPAddress.Loopback] : [IPAddress.Parse("169.254.169.254")]);
        var endpoint = new DnsEndPoint("hook.example", port);
        await using (Stream connected = await AddressGuard.ConnectAsync(endpoint, allowLoopback: true, Resolve, default))
        {
            asked.ShouldBe(1, "the address that was looked at is connected to; the name is not resolved again");
        }

        await Should.ThrowAsync<AddressRefusedException>(async () => await AddressGuard.ConnectAsync(endpoint, allowLoopback: true, Resolve, default));
        await Should.ThrowAsync<AddressRefusedException>(async () => await AddressGuard.ConnectAsync(
            endpoint, allowLoopback: false, (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback, IPAddress.IPv6Loopback]), default));
    }

    [Fact]
    public async Task Webhook_NameThatLeadsToThisMachine_IsNotSent()
    {
        _options.AllowLoopback = false;
        ChannelOutcome outcome = await Webhook().SendAsync(Notification(), new ChannelAddress("https://localhost:9/hook", "s3cret"), default);
        outcome.ShouldBe(new ChannelOutcome(false, 1, "The address leads to this machine or to a link-local, metadata or multicast address, where alerts are never sent."));
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
    public void Smtp_Addresses_AreReadOrExplained()
    {
        SmtpAddress.Parse("smtps://bot@mail.example.com/?from=a@example.com&to=b@example.com,c@example.com", false, out SmtpAddress? address).ShouldBeNull();
        (address!.Host, address.Port, address.Secure, address.User, address.To.Count).ShouldBe(("mail.example.com", 587, true, "bot", 2));
        SmtpAddress.Parse("smtp://mail.example.com/?from=a@example.com&to=b@example.com", true, out _)!.ShouldStartWith("the scheme is smtp");
        SmtpAddress.Parse("smtps://mail.example.com/?to=b@example.com", true, out _).ShouldBe("the address has no valid sender (from=)");
        SmtpAddress.Parse("smtps://mail.example.com/?from=a@example.com", true, out _).ShouldBe("the address has 0 recipients (to=); expected 1 to 50");
    }

    internal static AlertNotification Notification()
    {
        var at = new DateTimeOffset(2026, 3, 1, 10, 0, 0, TimeSpan.Zero);
        var occurred = new AlertEvent
        {
            Pipeline = "birds", Topic = AlertTopic.Drift, Severity = AlertSeverity.Warning, Subject = "input speed", Title = "Input 'speed' drifted", Detail = "PSI 0.4.",
            At = at, Evidence = "report", Observation = 1,
        };
        return AlertNotification.Of(new AlertGroup("birds", AlertTopic.Drift) { Number = 4 }, [AlertMoves.Apply(null, occurred, AlertPolicy.Default)!], [], at);
    }

    private WebhookChannel Webhook() => new(Http(), TimeProvider.System);

    private ChannelHttp Http() => new(Options.Create(_options), new DeliveryAttempts(Options.Create(_options), TimeProvider.System), TimeProvider.System);
}
