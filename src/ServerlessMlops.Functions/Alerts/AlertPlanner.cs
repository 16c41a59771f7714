using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Functions.Alerts;

/// <summary>Plans the notification of a group that has something to tell.</summary>
public sealed class AlertPlanner(IAlertStore alerts, AlertCourier courier, IOptions<AlertsOptions> options, TimeProvider time)
{
    /// <summary>Plans it, unless one is planned.</summary>
    public async Task PlanAsync(string pipeline, AlertTopic topic, CancellationToken cancellation)
    {
        AlertGroup? group = await alerts.UpdateGroupAsync(pipeline, topic, current => current.Schedule(time.GetUtcNow(), options.Value.Policy), cancellation);
        courier.Expect(group!);
    }

    /// <summary>Plans it where what a person did to the alert is to be told; returns the alert.</summary>
    public async Task<Alert?> PlanAsync(Alert? changed, CancellationToken cancellation)
    {
        if (changed is { Unsent: true })
        {
            await PlanAsync(changed.Pipeline, changed.Topic, cancellation);
        }

        return changed;
    }
}
