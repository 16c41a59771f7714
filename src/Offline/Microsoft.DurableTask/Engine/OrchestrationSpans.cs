using System.Diagnostics;

namespace Microsoft.DurableTask.Engine;

/// <summary>
/// The spans around orchestrations, under the source and names that the published client uses. Replays make no spans: an orchestration shows when it
/// was asked for and, once it has ended, how long it took.
/// </summary>
internal static class OrchestrationSpans
{
    private static readonly ActivitySource Source = new("Microsoft.DurableTask");

    /// <summary>The span that everything the instance does hangs below; null if nobody listens.</summary>
    public static Activity? Create(string name, string instanceId)
    {
        var span = Source.StartActivity($"create_orchestration:{name}", ActivityKind.Producer);
        span?.SetTag("durabletask.type", "orchestration").SetTag("durabletask.task.name", name).SetTag("durabletask.task.instance_id", instanceId);
        return span;
    }

    /// <summary>The span of the whole instance, told when it has ended. A crash just after the end loses the span.</summary>
    public static void Ended(InstanceState state)
    {
        if (!ActivityContext.TryParse(state.TraceParent, null, out var parent))
        {
            return;
        }

        using var span = Source.StartActivity(
            $"orchestration:{state.Name}", ActivityKind.Server, parent, startTime: state.CreatedAt);
        span?.SetTag("durabletask.type", "orchestration")
            .SetTag("durabletask.task.name", state.Name)
            .SetTag("durabletask.task.instance_id", state.InstanceId)
            .SetTag("durabletask.task.status", state.Status.ToString())
            .SetStatus(state.Status == InstanceStatus.Completed ? ActivityStatusCode.Ok : ActivityStatusCode.Error)
            .SetEndTime(state.LastUpdatedAt.UtcDateTime);
    }
}
