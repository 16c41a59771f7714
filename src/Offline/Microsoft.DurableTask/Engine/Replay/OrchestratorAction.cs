using Microsoft.DurableTask.Engine.History;

namespace Microsoft.DurableTask.Engine.Replay;

/// <summary>What the orchestrator decided and the history does not hold yet.</summary>
internal abstract record OrchestratorAction(int Id)
{
    /// <summary>The event that records the decision.</summary>
    public abstract HistoryEvent ToEvent(DateTime timestamp);
}

internal sealed record ScheduleTaskAction(int Id, string Name, string Version, string? Input) : OrchestratorAction(Id)
{
    public override HistoryEvent ToEvent(DateTime timestamp) => new TaskScheduled(Name, Version, Input) { EventId = Id, Timestamp = timestamp };
}

internal sealed record CreateTimerAction(int Id, DateTime FireAt) : OrchestratorAction(Id)
{
    public override HistoryEvent ToEvent(DateTime timestamp) => new TimerCreated(FireAt) { EventId = Id, Timestamp = timestamp };
}

internal sealed record CreateSubOrchestrationAction(
    int Id, string Name, string Version, string InstanceId, string? Input, IReadOnlyDictionary<string, string>? Tags) : OrchestratorAction(Id)
{
    public override HistoryEvent ToEvent(DateTime timestamp) =>
        new SubOrchestrationCreated(Name, Version, InstanceId, Input, Tags) { EventId = Id, Timestamp = timestamp };
}

internal sealed record SendEventAction(int Id, string InstanceId, string Name, string? Input) : OrchestratorAction(Id)
{
    public override HistoryEvent ToEvent(DateTime timestamp) => new EventSent(InstanceId, Name, Input) { EventId = Id, Timestamp = timestamp };
}

internal sealed record CompleteAction(int Id, InstanceStatus Status, string? Result, Failure? Failure) : OrchestratorAction(Id)
{
    public override HistoryEvent ToEvent(DateTime timestamp) =>
        new ExecutionCompleted(Status, Result, Failure) { EventId = Id, Timestamp = timestamp };
}

/// <param name="Carryover">Events that arrived after the decision; they open the next execution.</param>
internal sealed record ContinueAsNewAction(int Id, string? Input, string? NewVersion, IReadOnlyList<EventRaised> Carryover) : OrchestratorAction(Id)
{
    public override HistoryEvent ToEvent(DateTime timestamp) => new ContinuedAsNew(Input, NewVersion) { EventId = Id, Timestamp = timestamp };
}
