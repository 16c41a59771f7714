using System.Text.Json;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>Slack, by an incoming webhook: a header and one section an alert (Block Kit), with plain text for notifications.</summary>
public sealed class SlackChannel(ChannelHttp http) : IAlertChannel
{
    // Block Kit: a header holds 150 characters, a section 3000.
    private const int HeaderLength = 150;
    private const int SectionLength = 3000;

    /// <inheritdoc/>
    public AlertTarget Target => AlertTarget.Slack;

    /// <inheritdoc/>
    public Task<ChannelOutcome> SendAsync(AlertNotification notification, ChannelAddress address, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(address);
        return http.PostAsync(address.Value, Body(notification), "application/json; charset=utf-8", null, cancellation);
    }

    /// <summary>The message.</summary>
    public static byte[] Body(AlertNotification notification)
    {
        ArgumentNullException.ThrowIfNull(notification);
        var blocks = new List<object> { new { Type = "header", Text = new { Type = "plain_text", Text = Cut(notification.Headline, HeaderLength) } } };
        foreach (Alert alert in notification.Alerts)
        {
            string line = $"*{Escape(alert.Title)}* ({(alert.State == AlertState.Resolved ? "resolved" : alert.Severity.ToString().ToLowerInvariant())}, x{alert.Occurrences})\n{Escape(alert.Detail)}";
            blocks.Add(new { Type = "section", Text = new { Type = "mrkdwn", Text = Cut(line, SectionLength) } });
        }

        if (notification.Total > notification.Alerts.Count)
        {
            blocks.Add(new { Type = "context", Elements = new[] { new { Type = "mrkdwn", Text = $"and {notification.Total - notification.Alerts.Count} more" } } });
        }

        return JsonSerializer.SerializeToUtf8Bytes(new { Text = Escape(notification.Headline), Blocks = blocks }, MlopsJson.Options);
    }

    // The three characters that Slack's markup asks to escape.
    private static string Escape(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);

    private static string Cut(string text, int length) => text.Length <= length ? text : string.Concat(text.AsSpan(0, length - 3), "...");
}
