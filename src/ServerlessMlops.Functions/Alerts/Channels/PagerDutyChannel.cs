using System.Text.Json.Nodes;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>
/// PagerDuty, Events API v2: one incident for each pipeline and topic (de-duplication key), triggered by each alert that fires, acknowledged when
/// somebody looks after all that hold, resolved when none holds any more. The setting holds the integration's routing key, or <c>{url}|{key}</c> for another
/// end point.
/// </summary>
public sealed class PagerDutyChannel(ChannelHttp http) : HttpAlertChannel(http)
{
    private const string EndPoint = "https://events.pagerduty.com/v2/enqueue";
    private const int SummaryLength = 1024;
    private const int DetailLength = 4000; // an event holds 512 KB

    /// <inheritdoc/>
    public override AlertTarget Target => AlertTarget.PagerDuty;

    /// <inheritdoc/>
    protected override string UrlOf(ChannelAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        int bar = address.Value.LastIndexOf('|');
        return bar < 0 ? EndPoint : address.Value[..bar];
    }

    /// <inheritdoc/>
    protected override object? Document(AlertNotification notification, ChannelAddress address)
    {
        ArgumentNullException.ThrowIfNull(notification);
        ArgumentNullException.ThrowIfNull(address);
        if (ActionOf(notification) is not { } action)
        {
            return null;
        }

        var body = new JsonObject
        {
            ["routing_key"] = address.Value[(address.Value.LastIndexOf('|') + 1)..],
            ["event_action"] = action,
            ["dedup_key"] = notification.IncidentKey,
        };
        if (action == "trigger")
        {
            body["payload"] = new JsonObject
            {
                ["summary"] = AlertText.Cut(notification.Headline, SummaryLength),
                ["source"] = notification.Pipeline,
                ["severity"] = notification.Severity switch { AlertSeverity.Critical => "critical", AlertSeverity.Warning => "warning", _ => "info" },
                ["timestamp"] = notification.At.UtcDateTime.ToString("O"),
                ["component"] = notification.Pipeline,
                ["group"] = "serverlessmlops",
                ["class"] = notification.Topic.ToString().ToLowerInvariant(),
                ["custom_details"] = new JsonObject
                {
                    ["total"] = notification.Total,
                    ["alerts"] = new JsonArray([.. notification.Alerts.Select(alert => (JsonNode)AlertText.Cut($"{alert.Title}: {alert.Detail}", DetailLength))]),
                },
            };
        }

        return body;
    }

    private static string? ActionOf(AlertNotification notification) => notification switch
    {
        _ when notification.Alerts.Any(a => a.State == AlertState.Firing) => "trigger",
        { Unattended: > 0 } => null, // others of the incident still fire: it stays as it is
        { Holding: > 0 } => "acknowledge",
        _ => "resolve",
    };
}
