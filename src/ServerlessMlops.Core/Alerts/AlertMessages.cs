using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Alerts;

/// <summary>An alert, and how it was delivered.</summary>
/// <param name="Alert">The alert.</param>
/// <param name="Deliveries">Deliveries of the notifications that told it last.</param>
public sealed record AlertView(Alert Alert, IReadOnlyList<AlertDelivery> Deliveries);

/// <summary>What a silence is asked for with.</summary>
/// <param name="Topic">About what; absent: everything.</param>
/// <param name="Subject">Whose alerts, or their beginning and <c>*</c>; absent: all of them.</param>
/// <param name="Until">When it ends. This or <paramref name="For"/>.</param>
/// <param name="For">How long it lasts, such as <c>2h</c>.</param>
/// <param name="Why">Why, for the record.</param>
public sealed record SilenceWish(AlertTopic? Topic, string? Subject, DateTimeOffset? Until, string? For, string? Why);

/// <summary>How a trial notification to one destination ended.</summary>
/// <param name="Destination">Channel and setting name.</param>
/// <param name="Configured">Whether its app setting is set.</param>
/// <param name="Delivered">Whether the other side took it.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="Outcome">The answer or the fault, in a sentence; no address.</param>
public sealed record RehearsalOutcome(string Destination, bool Configured, bool Delivered, int Attempts, string Outcome);
