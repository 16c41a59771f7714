using System.Globalization;
using ServerlessMlops.Core.Alerts;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>How messages for people put an alert.</summary>
internal static class AlertText
{
    /// <summary>Its severity while it holds, else how it stands, in small letters.</summary>
    public static string Standing(Alert alert) => (alert.State == AlertState.Firing ? alert.Severity.ToString() : alert.State.ToString()).ToLowerInvariant();

    /// <summary>Since when, and how often it was reported.</summary>
    public static string Since(Alert alert) => string.Create(
        CultureInfo.InvariantCulture, $"Since {alert.FirstAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC, reported {alert.Occurrences} time{(alert.Occurrences == 1 ? "" : "s")}.");

    /// <summary>That there are more than are spelled out; null where there are not.</summary>
    public static string? More(AlertNotification notification) =>
        notification.Total > notification.Alerts.Count ? $"and {notification.Total - notification.Alerts.Count} more" : null;

    /// <summary>The text within a length, saying where it was cut.</summary>
    public static string Cut(string text, int length)
    {
        if (text.Length <= length)
        {
            return text;
        }

        int end = length - 3;
        return string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[end - 1]) ? end - 1 : end), "...");
    }
}
