using System.Diagnostics;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary>One span an invocation, under the worker's own source and names; no cost while nobody listens.</summary>
internal static class InvocationSpans
{
    private static readonly ActivitySource Source = new("Microsoft.Azure.Functions.Worker");

    public static Activity? Start(OfflineFunctionContext context)
    {
        // An orchestrator is called again for each replay: the durable engine tells of orchestrations.
        if (!Source.HasListeners() || context.Function.TriggerAttribute.GetType().Name == "OrchestrationTriggerAttribute")
        {
            return null;
        }

        ActivityContext parent = ActivityContext.TryParse(context.CallerTraceParent, null, out ActivityContext caller) ? caller : default;
        Activity? span = parent == default
            ? Source.StartActivity($"function {context.Function.Name}")
            : Source.StartActivity($"function {context.Function.Name}", ActivityKind.Internal, parent);
        span?.SetTag("faas.name", context.Function.Name).SetTag("faas.invocation_id", context.InvocationId);
        return span;
    }
}
