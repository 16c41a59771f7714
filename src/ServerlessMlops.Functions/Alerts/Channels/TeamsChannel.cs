using System.Text.Json.Nodes;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>Microsoft Teams, by a workflow that is started by a webhook: an Adaptive Card in a message.</summary>
public sealed class TeamsChannel(ChannelHttp http) : HttpAlertChannel(http)
{
    // A message holds 28 KB: ten alerts of at most this many characters, each of up to four bytes, within it.
    private const int DetailLength = 500;
    private const int TitleLength = 120;

    /// <inheritdoc/>
    public override AlertTarget Target => AlertTarget.Teams;

    /// <inheritdoc/>
    protected override object Document(AlertNotification notification, ChannelAddress address)
    {
        ArgumentNullException.ThrowIfNull(notification);
        var items = new JsonArray
        {
            new JsonObject
            {
                ["type"] = "TextBlock", ["text"] = AlertText.Cut(notification.Headline, DetailLength), ["weight"] = "Bolder", ["size"] = "Medium", ["wrap"] = true,
                ["color"] = notification.Resolved ? "Good" : notification.Severity == AlertSeverity.Critical ? "Attention" : "Warning",
            },
        };
        foreach (Alert alert in notification.Alerts)
        {
            items.Add(new JsonObject
            {
                ["type"] = "FactSet",
                ["facts"] = new JsonArray(
                    Fact(AlertText.Standing(alert), AlertText.Cut(alert.Title, TitleLength)), Fact("found", AlertText.Cut(alert.Detail, DetailLength)), Fact("when", AlertText.Since(alert))),
            });
        }

        if (AlertText.More(notification) is { } more)
        {
            items.Add(new JsonObject { ["type"] = "TextBlock", ["text"] = more, ["isSubtle"] = true });
        }

        return new JsonObject
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
    }

    private static JsonObject Fact(string title, string value) => new() { ["title"] = title, ["value"] = value };
}
