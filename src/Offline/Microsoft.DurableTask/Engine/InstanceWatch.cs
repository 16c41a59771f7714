using System.Collections.Concurrent;

namespace Microsoft.DurableTask.Engine;

/// <summary>Wakes those in this process who wait for an instance to change.</summary>
internal sealed class InstanceWatch
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _changes = new(StringComparer.Ordinal);

    /// <summary>Completes at the instance's next change. Ask for it before reading the state, so that no change falls in between.</summary>
    public Task NextChange(string instanceId) => _changes.GetOrAdd(
        instanceId, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Changed(string instanceId)
    {
        if (_changes.TryRemove(instanceId, out var waiting))
        {
            waiting.TrySetResult();
        }
    }
}
