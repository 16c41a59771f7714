using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Alerts;

namespace ServerlessMlops.Functions.Alerts;

/// <summary>Sends what a process planned and did not live to send. One query of one partition where nothing waits.</summary>
public sealed class AlertSweep(IAlertStore alerts, AlertDispatcher dispatcher, ILogger<AlertSweep> logger)
{
    /// <summary>The timer.</summary>
    [Function(nameof(AlertSweep))]
    public async Task Run([TimerTrigger("%RECONCILE_SCHEDULE%")] TimerInfo timer, CancellationToken cancellation) => await SweepAsync(cancellation);

    /// <summary>Sends every notification that is due. Returns how many deliveries were made.</summary>
    public async Task<int> SweepAsync(CancellationToken cancellation)
    {
        int delivered = 0;
        await Parallel.ForEachAsync(alerts.ListDueAsync(cancellation), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellation }, async (due, ended) =>
        {
            try
            {
                Interlocked.Add(ref delivered, (await dispatcher.DispatchAsync(due, ended)).Delivered);
            }
            catch (Exception e) when (!ended.IsCancellationRequested)
            {
                // One pipeline's trouble is not another's; this one stays on the list.
                AlertsLog.SweepFailed(logger, e);
            }
        });
        return delivered;
    }
}
