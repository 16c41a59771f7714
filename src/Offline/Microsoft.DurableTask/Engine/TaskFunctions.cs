using System.Diagnostics.CodeAnalysis;
using Microsoft.DurableTask.Engine.Replay;

namespace Microsoft.DurableTask.Engine;

/// <summary>One run of an activity.</summary>
/// <param name="TraceParent">W3C trace parent for its span; null if the orchestration is not traced.</param>
internal sealed record ActivityInvocation(string InstanceId, string Name, string Version, int TaskId, string? SerializedInput, string? TraceParent = null);

/// <returns>The serialized output; null if there is none.</returns>
internal delegate Task<string?> ActivityFunction(ActivityInvocation invocation, CancellationToken cancellationToken);

/// <summary>Orchestrators and activities by name, ignoring case.</summary>
internal sealed class TaskFunctions
{
    private readonly Dictionary<string, OrchestratorFunction> _orchestrators = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, ActivityFunction> _activities = new(StringComparer.OrdinalIgnoreCase);

    /// <exception cref="ArgumentException">There is an orchestrator of that name.</exception>
    public void AddOrchestrator(string name, OrchestratorFunction function) => _orchestrators.Add(name, function);

    /// <exception cref="ArgumentException">There is an activity of that name.</exception>
    public void AddActivity(string name, ActivityFunction function) => _activities.Add(name, function);

    public bool TryGetOrchestrator(string name, [NotNullWhen(true)] out OrchestratorFunction? function) =>
        _orchestrators.TryGetValue(name, out function);

    public bool TryGetActivity(string name, [NotNullWhen(true)] out ActivityFunction? function) => _activities.TryGetValue(name, out function);
}
