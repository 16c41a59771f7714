using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Functions.Alerts.Channels;

/// <summary>Where a rule leads: what its app setting says. Never logged.</summary>
/// <param name="Value">A URL, a key or an SMTP URI, by channel.</param>
/// <param name="Secret">What stands in the setting of the same name with <c>_SECRET</c>, or null.</param>
public sealed record ChannelAddress(string Value, string? Secret)
{
    /// <summary>Says nothing.</summary>
    public override string ToString() => nameof(ChannelAddress);
}

/// <summary>How a delivery ended.</summary>
/// <param name="Delivered">Whether the other side took it.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="Sentence">The answer or the fault; no address.</param>
public sealed record ChannelOutcome(bool Delivered, int Attempts, string Sentence);

/// <summary>A way to tell people. Never throws for what the other side does: that is its outcome.</summary>
public interface IAlertChannel
{
    /// <summary>What rules name it by.</summary>
    AlertTarget Target { get; }

    /// <summary>Tells. Repetitions of the same notification carry the same id, where the other side can make use of it.</summary>
    Task<ChannelOutcome> SendAsync(AlertNotification notification, ChannelAddress address, CancellationToken cancellation);
}
