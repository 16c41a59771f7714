using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>
/// A URL of the team's own: a CloudEvents 1.0 event (structured JSON mode), signed as Standard Webhooks does where the rule's setting has a
/// <c>_SECRET</c> beside it: <c>webhook-signature: v1,{base64 HMAC-SHA256 of "id.timestamp.body"}</c>.
/// </summary>
public sealed class WebhookChannel(ChannelHttp http, TimeProvider time) : IAlertChannel
{
    /// <inheritdoc/>
    public AlertTarget Target => AlertTarget.Webhook;

    /// <inheritdoc/>
    public Task<ChannelOutcome> SendAsync(AlertNotification notification, ChannelAddress address, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(address);
        byte[] body = Body(notification);
        return http.PostAsync(
            address.Value,
            body,
            "application/cloudevents+json; charset=utf-8",
            headers =>
            {
                long timestamp = time.GetUtcNow().ToUnixTimeSeconds();
                headers.Add("webhook-id", notification.Id);
                headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
                if (address.Secret is { Length: > 0 } secret)
                {
                    headers.Add("webhook-signature", $"v1,{Sign(secret, notification.Id, timestamp, body)}");
                }
            },
            cancellation);
    }

    /// <summary>The event.</summary>
    public static byte[] Body(AlertNotification notification)
    {
        ArgumentNullException.ThrowIfNull(notification);
        return JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                Specversion = "1.0",
                notification.Id,
                Source = $"/pipelines/{notification.Pipeline}",
                Type = notification.Resolved ? "serverlessmlops.alert.resolved" : "serverlessmlops.alert.firing",
                Subject = notification.Topic.ToString().ToLowerInvariant(),
                Time = notification.At.UtcDateTime,
                Datacontenttype = "application/json",
                Data = new { notification.Pipeline, notification.Topic, notification.Severity, notification.Headline, notification.Total, notification.Alerts },
            },
            MlopsJson.Options);
    }

    /// <summary>The signature that a receiver recomputes: a secret that begins with <c>whsec_</c> is base64 after that, any other is taken as UTF-8.</summary>
    public static string Sign(string secret, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(secret);
        const string Prefix = "whsec_";
        byte[] key = new byte[secret.Length];
        bool encoded = secret.StartsWith(Prefix, StringComparison.Ordinal) & Convert.TryFromBase64Chars(
            secret.StartsWith(Prefix, StringComparison.Ordinal) ? secret.AsSpan(Prefix.Length) : [], key, out int written);
        byte[] signed = [.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.")), .. body];
        return Convert.ToBase64String(HMACSHA256.HashData(encoded ? key.AsSpan(0, written) : Encoding.UTF8.GetBytes(secret), signed));
    }
}
