using System.Net;
using System.Net.Mail;
using System.Text;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>
/// E-mail by SMTP. The setting holds <c>smtps://user@host:587/?from=a@x&amp;to=b@y,c@y</c> (STARTTLS is required; <c>smtp://</c> only to this
/// machine, where a setting allows it); the password stands in the setting's <c>_SECRET</c>.
/// </summary>
public sealed class EmailChannel : IAlertChannel
{
    private readonly AlertsOptions _options;
    private readonly ResiliencePipeline _pipeline;

    /// <summary>A channel with the retries of the settings.</summary>
    public EmailChannel(IOptions<AlertsOptions> options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Value;
        var builder = new ResiliencePipelineBuilder { TimeProvider = time };
        if (_options.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = _options.Retries,
                Delay = _options.RetryDelay,
                BackoffType = DelayBackoffType.Exponential,
                ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Exception is SmtpException e && IsPassing(e)),
            });
        }

        _pipeline = builder.Build();
    }

    /// <inheritdoc/>
    public AlertTarget Target => AlertTarget.Email;

    /// <inheritdoc/>
    public async Task<ChannelOutcome> SendAsync(AlertNotification notification, ChannelAddress address, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(notification);
        ArgumentNullException.ThrowIfNull(address);
        if (SmtpAddress.Parse(address.Value, _options.AllowLoopback, out SmtpAddress? smtp) is { } fault)
        {
            return new ChannelOutcome(false, 0, $"Not sent: {fault}.");
        }

        IPAddress[] resolved;
        try
        {
            resolved = await Dns.GetHostAddressesAsync(smtp!.Host, cancellation);
        }
        catch (System.Net.Sockets.SocketException)
        {
            return new ChannelOutcome(false, 0, "Not sent: the mail server's name cannot be resolved.");
        }

        if (resolved.Any(ip => AddressGuard.IsRefused(ip, _options.AllowLoopback)))
        {
            return new ChannelOutcome(false, 0, "Not sent: the mail server is this machine or at a link-local or metadata address.");
        }

        int attempts = 0;
        try
        {
            await _pipeline.ExecuteAsync(
                async token =>
                {
                    attempts++;
                    using var client = new SmtpClient(smtp.Host, smtp.Port) { EnableSsl = smtp.Secure };
                    if (smtp.User is not null && address.Secret is not null)
                    {
                        client.Credentials = new NetworkCredential(smtp.User, address.Secret);
                    }

                    using MailMessage message = Message(notification, smtp);
                    using var limit = CancellationTokenSource.CreateLinkedTokenSource(token);
                    limit.CancelAfter(_options.AttemptTimeout);
                    await client.SendMailAsync(message, limit.Token);
                },
                cancellation);
            return new ChannelOutcome(true, attempts, "Taken by the mail server.");
        }
        catch (SmtpException e)
        {
            return new ChannelOutcome(false, attempts, $"The mail server answered {e.StatusCode}.");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new ChannelOutcome(false, attempts, "No answer in time.");
        }
    }

    private static MailMessage Message(AlertNotification notification, SmtpAddress smtp)
    {
        var text = new StringBuilder();
        foreach (Alert alert in notification.Alerts)
        {
            text.Append(alert.State == AlertState.Resolved ? "Resolved" : alert.Severity).Append(": ").AppendLine(alert.Title).AppendLine(alert.Detail)
                .Append("Since ").Append(alert.FirstAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm")).Append(" UTC, reported ").Append(alert.Occurrences).AppendLine(" time(s).").AppendLine();
        }

        if (notification.Total > notification.Alerts.Count)
        {
            text.Append("And ").Append(notification.Total - notification.Alerts.Count).AppendLine(" more.");
        }

        var message = new MailMessage
        {
            From = smtp.From,
            Subject = notification.Headline.ReplaceLineEndings(" "),
            SubjectEncoding = Encoding.UTF8,
            Body = text.ToString(),
            BodyEncoding = Encoding.UTF8,
        };
        foreach (MailAddress to in smtp.To)
        {
            message.To.Add(to);
        }

        // The same for every attempt, so that a mail that arrived twice shows as one.
        message.Headers.Add("Message-ID", $"<{notification.Id}@serverlessmlops.invalid>");
        return message;
    }

    private static bool IsPassing(SmtpException e) => (int)e.StatusCode is < 500 and not 0 || e.StatusCode == SmtpStatusCode.GeneralFailure;
}
