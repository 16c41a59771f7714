using Microsoft.Extensions.Logging;

namespace ServerlessMlops.Functions.Alerts;

/// <summary>Log messages of alerts: events 6000 to 6099.</summary>
internal static partial class AlertsLog
{
    [LoggerMessage(6000, LogLevel.Information, "Alert {Id} of pipeline {Pipeline} ({Topic}): {State}. {Title}")]
    public static partial void Recorded(ILogger logger, string id, string pipeline, string topic, string state, string title);

    [LoggerMessage(6001, LogLevel.Information, "Notification {Notification} ({Alerts} alerts) by {Destination}: {Outcome}")]
    public static partial void Delivered(ILogger logger, string notification, int alerts, string destination, string outcome);

    [LoggerMessage(6002, LogLevel.Error, "Notification {Notification} could not be delivered by {Destination}: {Outcome}")]
    public static partial void NotDelivered(ILogger logger, string notification, string destination, string outcome);

    [LoggerMessage(6004, LogLevel.Warning, "Sending due notifications failed; the next sweep tries again.")]
    public static partial void SweepFailed(ILogger logger, Exception exception);

    [LoggerMessage(6005, LogLevel.Warning, "The spec of pipeline {Pipeline} has faults; its alerts go by the default rule.")]
    public static partial void DefaultRules(ILogger logger, string pipeline);
}
