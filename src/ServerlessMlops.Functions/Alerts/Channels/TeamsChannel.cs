using System.Text.Json;
using System.Text.Json.Nodes;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>Microsoft Teams, by a workflow that is started by a webhook: an Adaptive Card in a message.</summary>
public sealed class TeamsChannel(ChannelHttp http) : IAlertChannel
{
    /// <inheritdoc/>
    public AlertTarget Target => AlertTarget.Teams;

    /// <inheritdoc/>
    public Task<ChannelOutcome> SendAsync(AlertNotification notification, ChannelAddress address, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(address);
        return http.PostAsync(address.Value, Body(notification), "application/json; charset=utf-8", null, cancellation);
    }

    /// <summary>The message with the card.</summary>
    public static byte[] Body(AlertNotification notification)
    {
        ArgumentNullException.ThrowIfNull(notification);
        var items = new JsonArray
        {
            new JsonObject
            {
                ["type"] = "TextBlock", ["text"] = notification.Headline, ["weight"] = "Bolder", ["size"] = "Medium", ["wrap"] = true,
                ["color"] = notification.Resolved ? "Good" : notification.Severity == AlertSeverity.Critical ? "Attention" : "Warning",
            },
        };
        foreach (Alert alert in notification.Alerts)
        {
            items.Add(new JsonObject
            {
                ["type"] = "FactSet",
                ["facts"] = new JsonArray(
                    Fact(alert.State == AlertState.Resolved ? "Resolved" : alert.Severity.ToString(), alert.Title),
                    Fact("Found", alert.Detail),
                    Fact("Since", $"{alert.FirstAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC, reported {alert.Occurrences} time(s)")),
            });
        }

        if (notification.Total > notification.Alerts.Count)
        {
            items.Add(new JsonObject { ["type"] = "TextBlock", ["text"] = $"and {notification.Total - notification.Alerts.Count} more", ["isSubtle"] = true });
        }

        var message = new JsonObject
        {
            ["type"] = "message",
            ["attachments"] = new JsonArray(new JsonObject
            {
                ["contentType"] = "application/vnd.microsoft.card.adaptive",
                ["contentUrl"] = null,
                ["content"] = new JsonObject
                {
                    ["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json", ["type"] = "AdaptiveCard", ["version"] = "1.4", ["body"] = items,
                },
            }),
        };
        return JsonSerializer.SerializeToUtf8Bytes(message);
    }

    private static JsonObject Fact(string title, string value) => new() { ["title"] = title, ["value"] = value };
}
