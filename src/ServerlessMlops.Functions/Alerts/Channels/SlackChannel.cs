using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>Slack, by an incoming webhook: a header and one section an alert (Block Kit), with plain text for notifications.</summary>
public sealed class SlackChannel(ChannelHttp http) : HttpAlertChannel(http)
{
    // Block Kit: a header holds 150 characters, a section 3000; a message of a webhook 50 blocks.
    private const int HeaderLength = 150;
    private const int SectionLength = 3000;

    /// <inheritdoc/>
    public override AlertTarget Target => AlertTarget.Slack;

    /// <inheritdoc/>
    protected override object Document(AlertNotification notification, ChannelAddress address)
    {
        ArgumentNullException.ThrowIfNull(notification);
        var blocks = new List<object> { new { Type = "header", Text = new { Type = "plain_text", Text = AlertText.Cut(notification.Headline, HeaderLength) } } };
        blocks.AddRange(notification.Alerts.Select(alert => new
        {
            Type = "section",
            Text = new { Type = "mrkdwn", Text = AlertText.Cut($"*{Escape(alert.Title)}* ({AlertText.Standing(alert)})\n{Escape(alert.Detail)}\n{AlertText.Since(alert)}", SectionLength) },
        }));
        if (AlertText.More(notification) is { } more)
        {
            blocks.Add(new { Type = "context", Elements = new[] { new { Type = "mrkdwn", Text = more } } });
        }

        return new { Text = AlertText.Cut(Escape(notification.Headline), SectionLength), Blocks = blocks };
    }

    // The three characters that Slack's markup asks to escape.
    private static string Escape(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);
}
