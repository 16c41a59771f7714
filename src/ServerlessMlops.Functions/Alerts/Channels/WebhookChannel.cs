using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>
/// A URL of the team's own: a CloudEvents 1.0 event (structured JSON mode), signed as Standard Webhooks does where the rule's setting has a
/// <c>_SECRET</c> beside it: <c>webhook-signature: v1,{base64 HMAC-SHA256 of "id.timestamp.body"}</c>.
/// </summary>
public sealed class WebhookChannel(ChannelHttp http, TimeProvider time) : HttpAlertChannel(http)
{
    /// <inheritdoc/>
    public override AlertTarget Target => AlertTarget.Webhook;

    /// <inheritdoc/>
    protected override string ContentType => "application/cloudevents+json; charset=utf-8";

    /// <inheritdoc/>
    protected override object Document(AlertNotification notification, ChannelAddress address)
    {
        ArgumentNullException.ThrowIfNull(notification);
        return new
        {
            Specversion = "1.0",
            notification.Id,
            Source = $"/pipelines/{notification.Pipeline}",
            Type = notification.Resolved ? "serverlessmlops.alert.resolved" : "serverlessmlops.alert.firing",
            Subject = notification.Topic.ToString().ToLowerInvariant(),
            Time = notification.At.UtcDateTime,
            Datacontenttype = "application/json",
            Data = new { notification.Pipeline, notification.Topic, notification.Severity, notification.Headline, notification.Total, notification.Holding, notification.Alerts },
        };
    }

    /// <inheritdoc/>
    protected override void AddHeaders(HttpRequestHeaders headers, AlertNotification notification, ChannelAddress address, byte[] body)
    {
        ArgumentNullException.ThrowIfNull(headers);
        ArgumentNullException.ThrowIfNull(notification);
        ArgumentNullException.ThrowIfNull(address);
        long timestamp = time.GetUtcNow().ToUnixTimeSeconds();
        headers.Add("webhook-id", notification.Id);
        headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        if (address.Secret is { Length: > 0 } secret)
        {
            headers.Add("webhook-signature", $"v1,{Sign(secret, notification.Id, timestamp, body)}");
        }
    }

    /// <summary>The signature that a receiver recomputes: a secret that begins with <c>whsec_</c> is base64 after that, any other is taken as UTF-8.</summary>
    public static string Sign(string secret, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(secret);
        const string Prefix = "whsec_";
        byte[] key = new byte[secret.Length];
        bool prefixed = secret.StartsWith(Prefix, StringComparison.Ordinal);
        bool encoded = Convert.TryFromBase64Chars(prefixed ? secret.AsSpan(Prefix.Length) : [], key, out int written) && prefixed;
        byte[] signed = [.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.")), .. body];
        return Convert.ToBase64String(HMACSHA256.HashData(encoded ? key.AsSpan(0, written) : Encoding.UTF8.GetBytes(secret), signed));
    }
}
