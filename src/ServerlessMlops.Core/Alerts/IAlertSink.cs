namespace ServerlessMlops.Core.Alerts;

/// <summary>Where the product reports what somebody may want to know of. Raising records it durably and returns; telling people happens later.</summary>
public interface IAlertSink
{
    /// <summary>Records the events; any of them may be raised again without a second effect.</summary>
    Task RaiseAsync(IReadOnlyList<AlertEvent> events, CancellationToken cancellation);
}

/// <summary>Short forms.</summary>
public static class AlertSinkExtensions
{
    /// <summary>Records one event.</summary>
    public static Task RaiseAsync(this IAlertSink sink, AlertEvent occurred, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(sink);
        return sink.RaiseAsync([occurred], cancellation);
    }
}
