using System.Net;
using System.Net.Mail;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>
/// E-mail by SMTP. The setting holds <c>smtps://user@host:587/?from=a@x&amp;to=b@y,c@y</c> (STARTTLS is required; <c>smtp://</c> only to this
/// machine, where a setting allows it); the password stands in the setting's <c>_SECRET</c>.
/// </summary>
/// <remarks>
/// The server's addresses are looked at before each attempt; the client then resolves its name once more. A name that leads elsewhere the second time
/// gains nothing: TLS asks for the certificate of that name before anything is said.
/// </remarks>
public sealed class EmailChannel(IOptions<AlertsOptions> options, DeliveryAttempts attempts) : IAlertChannel
{
    private readonly bool _allowLoopback = options.Value.AllowLoopback;

    /// <inheritdoc/>
    public AlertTarget Target => AlertTarget.Email;

    /// <inheritdoc/>
    public async Task<ChannelOutcome> SendAsync(AlertNotification notification, ChannelAddress address, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(notification);
        ArgumentNullException.ThrowIfNull(address);
        return SmtpAddress.Parse(address.Value, _allowLoopback, out SmtpAddress? smtp) is { } fault
            ? new ChannelOutcome(false, 0, $"Not sent: {fault}.")
            : await attempts.RunAsync(ended => SendOnceAsync(notification, smtp!, address.Secret, ended), cancellation);
    }

    private async Task<DeliveryAnswer> SendOnceAsync(AlertNotification notification, SmtpAddress smtp, string? secret, CancellationToken cancellation)
    {
        try
        {
            IPAddress[] resolved = await Dns.GetHostAddressesAsync(smtp.Host, cancellation);
            if (resolved.Any(ip => AddressGuard.IsRefused(ip, _allowLoopback)))
            {
                return new DeliveryAnswer(false, false, "The mail server is this machine or at a link-local or metadata address, where alerts are never sent.");
            }

            using var client = new SmtpClient(smtp.Host, smtp.Port) { EnableSsl = smtp.Secure };
            if (smtp.User is not null && secret is not null)
            {
                client.Credentials = new NetworkCredential(smtp.User, secret);
            }

            using MailMessage message = Message(notification, smtp);
            await client.SendMailAsync(message, cancellation).WaitAsync(cancellation);
            return new DeliveryAnswer(true, false, "Taken by the mail server.");
        }
        catch (SocketException e)
        {
            return new DeliveryAnswer(false, true, $"The mail server's name cannot be resolved: {e.SocketErrorCode}.");
        }
        catch (SmtpFailedRecipientException e) when (!cancellation.IsCancellationRequested)
        {
            // The client hands the message over for those who are taken, and tells of the others: trying again would send it twice.
            SmtpFailedRecipientException[] refused = e is SmtpFailedRecipientsException many ? many.InnerExceptions : [e];
            string answers = string.Join(", ", refused.Select(r => r.StatusCode).Distinct());
            return refused.Length < smtp.To.Count
                ? new DeliveryAnswer(true, false, $"Taken by the mail server for {smtp.To.Count - refused.Length} of {smtp.To.Count} recipients; for the others it answered {answers}.")
                : new DeliveryAnswer(false, refused.All(IsPassing), $"The mail server answered {answers}.");
        }
        catch (SmtpException e) when (!cancellation.IsCancellationRequested)
        {
            return new DeliveryAnswer(false, IsPassing(e), $"The mail server answered {e.StatusCode}.");
        }
    }

    private static MailMessage Message(AlertNotification notification, SmtpAddress smtp)
    {
        var text = new StringBuilder();
        foreach (Alert alert in notification.Alerts)
        {
            text.Append(AlertText.Standing(alert)).Append(": ").AppendLine(alert.Title).AppendLine(alert.Detail).AppendLine(AlertText.Since(alert)).AppendLine();
        }

        if (AlertText.More(notification) is { } more)
        {
            text.AppendLine(more);
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
