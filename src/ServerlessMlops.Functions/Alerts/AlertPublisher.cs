using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Telemetry;

namespace ServerlessMlops.Functions.Alerts;

/// <summary>
/// Records events as alerts, and plans a notification of their groups where there is something new. Sending is the
/// <see cref="AlertCourier"/>'s: raising waits for no channel.
/// </summary>
public sealed class AlertPublisher(
    IAlertStore alerts, AlertPlanner planner, IOptions<AlertsOptions> options, ILogger<AlertPublisher> logger) : IAlertSink
{
    /// <inheritdoc/>
    public async Task RaiseAsync(IReadOnlyList<AlertEvent> events, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(events);
        AlertPolicy policy = options.Value.Policy;
        var groups = new HashSet<(string Pipeline, AlertTopic Topic)>();
        foreach (AlertEvent occurred in events)
        {
            Alert? before = null;
            Alert? after = await alerts.UpdateAsync(
                occurred.Pipeline, occurred.Fingerprint, current => AlertMoves.Apply(before = current, occurred, policy), cancellation);
            if (after is not null && after.State != before?.State)
            {
                MlopsTelemetry.AlertMoved(after);
                AlertsLog.Recorded(logger, after.Id, after.Pipeline, after.Topic.ToString(), after.State.ToString(), after.Title);
            }

            // Also where this very event was recorded before: the process may have died before it planned the notification.
            if (after is { Unsent: true })
            {
                groups.Add((after.Pipeline, after.Topic));
            }
        }

        foreach ((string pipeline, AlertTopic topic) in groups)
        {
            await planner.PlanAsync(pipeline, topic, cancellation);
        }
    }
}
