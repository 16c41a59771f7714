using System.Text.Json;
using System.Text.Json.Nodes;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>
/// PagerDuty, Events API v2: one incident for each pipeline and topic (de-duplication key), triggered while any of its alerts holds, resolved
/// when all that are told are over. The setting holds the integration's routing key, or <c>{url}|{key}</c> for another end point.
/// </summary>
public sealed class PagerDutyChannel(ChannelHttp http) : IAlertChannel
{
    private const string EndPoint = "https://events.pagerduty.com/v2/enqueue";
    private const int SummaryLength = 1024;

    /// <inheritdoc/>
    public AlertTarget Target => AlertTarget.PagerDuty;

    /// <inheritdoc/>
    public Task<ChannelOutcome> SendAsync(AlertNotification notification, ChannelAddress address, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(address);
        int bar = address.Value.LastIndexOf('|');
        return http.PostAsync(
            bar < 0 ? EndPoint : address.Value[..bar], Body(notification, address.Value[(bar + 1)..]), "application/json; charset=utf-8", null, cancellation);
    }

    /// <summary>The event.</summary>
    public static byte[] Body(AlertNotification notification, string routingKey)
    {
        ArgumentNullException.ThrowIfNull(notification);
        var body = new JsonObject
        {
            ["routing_key"] = routingKey,
            ["event_action"] = notification.Resolved ? "resolve" : "trigger",
            ["dedup_key"] = $"serverlessmlops/{notification.Pipeline}/{notification.Topic.ToString().ToLowerInvariant()}",
        };
        if (!notification.Resolved)
        {
            body["payload"] = new JsonObject
            {
                ["summary"] = notification.Headline.Length <= SummaryLength ? notification.Headline : notification.Headline[..SummaryLength],
                ["source"] = notification.Pipeline,
                ["severity"] = notification.Severity switch { AlertSeverity.Critical => "critical", AlertSeverity.Warning => "warning", _ => "info" },
                ["timestamp"] = notification.At.UtcDateTime.ToString("O"),
                ["component"] = notification.Pipeline,
                ["class"] = notification.Topic.ToString().ToLowerInvariant(),
                ["custom_details"] = new JsonObject
                {
                    ["total"] = notification.Total,
                    ["alerts"] = new JsonArray([.. notification.Alerts.Select(alert => (JsonNode)$"{alert.Title}: {alert.Detail}")]),
                },
            };
        }

        return JsonSerializer.SerializeToUtf8Bytes(body);
    }
}
