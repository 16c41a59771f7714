using System.Globalization;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Options;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Monitoring;

/// <summary>Starts the check of all live models.</summary>
public sealed class MonitorTimer(IOptions<MonitoringOptions> options, TimeProvider time)
{
    /// <summary>The timer. Fired twice or late within one slot, it starts one orchestration.</summary>
    [Function("Monitor")]
    public async Task Run([TimerTrigger("%MONITOR_SCHEDULE%")] TimerInfo timer, [DurableClient] DurableTaskClient durable, CancellationToken cancellation)
    {
        DateTimeOffset until = options.Value.SlotOf(time.GetUtcNow());
        await durable.StartOnceAsync(nameof(MonitorOrchestrator), InstanceId(until), new MonitorInput(until), cancellation);
    }

    /// <summary>Id of the orchestration that checks the windows ending at <paramref name="until"/>.</summary>
    public static string InstanceId(DateTimeOffset until) => string.Create(CultureInfo.InvariantCulture, $"monitor-{until.UtcDateTime:yyyyMMddHHmmss}");
}
