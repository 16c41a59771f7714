namespace ServerlessMlops.Core.Alerts;

/// <summary>How telling one notification to one destination ended.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Notification">Id of the notification.</param>
/// <param name="Destination">The destination: channel and setting name. No address.</param>
/// <param name="Delivered">Whether the other side took it.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="At">When it ended.</param>
/// <param name="Outcome">The answer, or the fault, in a sentence; no address and no secret.</param>
public sealed record AlertDelivery(string Pipeline, string Notification, string Destination, bool Delivered, int Attempts, DateTimeOffset At, string Outcome);
