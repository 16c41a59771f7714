using System.Text.Json.Serialization;

namespace Microsoft.DurableTask.Engine.History;

/// <summary>
/// One line of an orchestration's history. <see cref="EventId"/> is the sequence number of the action that the event records, -1 for
/// events that come from outside.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(OrchestratorStarted), "OrchestratorStarted")]
[JsonDerivedType(typeof(OrchestratorCompleted), "OrchestratorCompleted")]
[JsonDerivedType(typeof(ExecutionStarted), "ExecutionStarted")]
[JsonDerivedType(typeof(ExecutionCompleted), "ExecutionCompleted")]
[JsonDerivedType(typeof(ContinuedAsNew), "ContinueAsNew")]
[JsonDerivedType(typeof(ExecutionTerminated), "ExecutionTerminated")]
[JsonDerivedType(typeof(ExecutionSuspended), "ExecutionSuspended")]
[JsonDerivedType(typeof(ExecutionResumed), "ExecutionResumed")]
[JsonDerivedType(typeof(TaskScheduled), "TaskScheduled")]
[JsonDerivedType(typeof(TaskCompleted), "TaskCompleted")]
[JsonDerivedType(typeof(TaskFailed), "TaskFailed")]
[JsonDerivedType(typeof(SubOrchestrationCreated), "SubOrchestrationInstanceCreated")]
[JsonDerivedType(typeof(SubOrchestrationCompleted), "SubOrchestrationInstanceCompleted")]
[JsonDerivedType(typeof(SubOrchestrationFailed), "SubOrchestrationInstanceFailed")]
[JsonDerivedType(typeof(TimerCreated), "TimerCreated")]
[JsonDerivedType(typeof(TimerFired), "TimerFired")]
[JsonDerivedType(typeof(EventSent), "EventSent")]
[JsonDerivedType(typeof(EventRaised), "EventRaised")]
internal abstract record HistoryEvent
{
    public int EventId { get; init; } = -1;

    /// <summary>UTC.</summary>
    public DateTime Timestamp { get; init; }
}

internal sealed record OrchestratorStarted : HistoryEvent;

internal sealed record OrchestratorCompleted : HistoryEvent;

internal sealed record ExecutionStarted(
    string Name, string Version, string? Input, ParentReference? Parent) : HistoryEvent;

internal sealed record ExecutionCompleted(InstanceStatus Status, string? Result, Failure? Failure) : HistoryEvent;

internal sealed record ContinuedAsNew(string? Input, string? NewVersion) : HistoryEvent;

internal sealed record ExecutionTerminated(string? Output, bool Recurse) : HistoryEvent;

internal sealed record ExecutionSuspended(string? Reason) : HistoryEvent;

internal sealed record ExecutionResumed(string? Reason) : HistoryEvent;

internal sealed record TaskScheduled(string Name, string Version, string? Input) : HistoryEvent;

internal sealed record TaskCompleted(int TaskId, string? Result) : HistoryEvent;

internal sealed record TaskFailed(int TaskId, Failure Failure) : HistoryEvent;

internal sealed record SubOrchestrationCreated(
    string Name, string Version, string InstanceId, string? Input, IReadOnlyDictionary<string, string>? Tags) : HistoryEvent;

internal sealed record SubOrchestrationCompleted(int TaskId, string? Result) : HistoryEvent;

internal sealed record SubOrchestrationFailed(int TaskId, Failure Failure) : HistoryEvent;

internal sealed record TimerCreated(DateTime FireAt) : HistoryEvent;

internal sealed record TimerFired(int TimerId, DateTime FireAt) : HistoryEvent;

internal sealed record EventSent(string InstanceId, string Name, string? Input) : HistoryEvent;

/// <param name="MessageId">Set when an orchestration sent it, so that a second delivery is recognised.</param>
internal sealed record EventRaised(string Name, string? Input, string? MessageId) : HistoryEvent;

/// <summary>Who waits for an orchestration's result.</summary>
internal sealed record ParentReference(string InstanceId, string Name, string ExecutionId, int TaskId);

/// <summary>A failure as it is stored.</summary>
internal sealed record Failure(string ErrorType, string ErrorMessage, string? StackTrace, Failure? Inner, bool NonRetriable = false)
{
    public static Failure From(Exception exception) => new(
        exception.GetType().FullName ?? exception.GetType().Name,
        exception.Message,
        exception.StackTrace,
        exception is TaskFailedException { FailureDetails: { } details } ? From(details)
            : exception.InnerException is { } inner ? From(inner)
            : null);

    public static Failure From(TaskFailureDetails details) => new(
        details.ErrorType, details.ErrorMessage, details.StackTrace, details.InnerFailure is { } inner ? From(inner) : null);

    public TaskFailureDetails ToDetails() => new(ErrorType, ErrorMessage, StackTrace, Inner?.ToDetails(), null);
}
