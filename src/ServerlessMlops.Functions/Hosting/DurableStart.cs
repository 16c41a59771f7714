using DurableTask.Core.Exceptions;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace ServerlessMlops.Functions.Hosting;

/// <summary>Starting orchestrations by deterministic ids.</summary>
public static class DurableStart
{
    // By default an ended instance may be started again under the same id; a logical unit of work must not.
    private static readonly OrchestrationRuntimeStatus[] AnyStatus =
    [
        OrchestrationRuntimeStatus.Pending, OrchestrationRuntimeStatus.Running, OrchestrationRuntimeStatus.Suspended,
        OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated,
    ];

    /// <summary>Starts the instance unless one of that id exists, in whatever state. Returns whether this call started it.</summary>
    public static async Task<bool> StartOnceAsync(
        this DurableTaskClient client, string orchestrator, string instanceId, object input, CancellationToken cancellation)
    {
        // Asked first, because some backends answer a duplicate by an error that cannot be told from others, or not at all.
        if (await client.GetInstanceAsync(instanceId, cancellation) is not null)
        {
            return false;
        }

        try
        {
            StartOrchestrationOptions options = new StartOrchestrationOptions(instanceId).WithDedupeStatuses(AnyStatus);
            await client.ScheduleNewOrchestrationInstanceAsync(orchestrator, input, options, cancellation);
            return true;
        }
        catch (OrchestrationAlreadyExistsException)
        {
            return false;
        }
    }
}
