using DurableTask.Core.Exceptions;
using Microsoft.DurableTask.Engine.History;

namespace Microsoft.DurableTask.Engine.Replay;

/// <summary>What history events do to open tasks and pending actions.</summary>
internal sealed partial class ReplayContext
{
    private const string WasCodeChanged = "Was a change made to the orchestrator code after this instance had already started running?";

    private readonly SortedDictionary<int, OrchestratorAction> _actions = [];
    private readonly SortedDictionary<int, OrchestratorAction> _actionsWhileSuspended = [];
    private readonly Queue<HistoryEvent> _eventsWhileSuspended = new();
    private readonly Dictionary<int, OpenTask> _openTasks = [];
    private readonly HashSet<int> _nonRetriable = [];
    private readonly List<EventRaised> _carryover = [];
    private (string? Input, string? NewVersion)? _continueAsNew;
    private bool _preserveUnprocessedEvents;
    private bool _isCompleted;

    internal bool HasOpenTasks => _openTasks.Count > 0;

    internal bool IsSuspended { get; private set; }

    internal IReadOnlyCollection<OrchestratorAction> Actions => _actions.Values;

    internal void BeginEvents(bool replaying) => _isReplaying = replaying;

    internal void Process(HistoryEvent historyEvent)
    {
        if (historyEvent is OrchestratorStarted)
        {
            _now = historyEvent.Timestamp;
            return;
        }

        if (IsSuspended && historyEvent is not (ExecutionResumed or ExecutionTerminated))
        {
            if (historyEvent is not ExecutionSuspended)
            {
                _eventsWhileSuspended.Enqueue(historyEvent);
            }

            return;
        }

        switch (historyEvent)
        {
            case TaskScheduled scheduled:
                Confirm<ScheduleTaskAction>(scheduled, "an activity task", scheduled.Name, action => action.Name);
                break;
            case SubOrchestrationCreated created:
                Confirm<CreateSubOrchestrationAction>(created, "a sub-orchestration task", created.Name, action => action.Name);
                break;
            case TimerCreated timer:
                Confirm<CreateTimerAction>(timer, "a timer task", null, _ => null);
                break;
            case EventSent sent:
                Confirm<SendEventAction>(sent, "a send event task", sent.Name, action => action.Name);
                break;
            case TaskCompleted completed:
                Settle(completed.TaskId, completed.Result, null);
                break;
            case SubOrchestrationCompleted completed:
                Settle(completed.TaskId, completed.Result, null);
                break;
            case TaskFailed failed:
                Settle(failed.TaskId, null, failed.Failure);
                break;
            case SubOrchestrationFailed failed:
                Settle(failed.TaskId, null, failed.Failure);
                break;
            case TimerFired fired:
                Settle(fired.TimerId, null, null);
                break;
            case EventRaised raised:
                Raise(raised);
                break;
            case ExecutionSuspended:
                Suspend();
                break;
            case ExecutionResumed:
                Resume();
                break;
            case ExecutionTerminated terminated:
                Complete(InstanceStatus.Terminated, terminated.Output, null);
                break;
        }
    }

    internal void Complete(InstanceStatus status, string? result, Failure? failure)
    {
        var id = _nextId++;
        if (status == InstanceStatus.Completed && _continueAsNew is { } next)
        {
            AddAction(new ContinueAsNewAction(id, next.Input, next.NewVersion, _carryover));
        }
        else if (!_isCompleted)
        {
            _isCompleted = true;
            AddAction(new CompleteAction(id, status, result, failure));
        }
    }

    /// <summary>Fails the instance because code and events do not fit; nothing else that this run of the code decided can be trusted.</summary>
    internal void CompleteBroken(Exception exception)
    {
        _actions.Clear();
        _continueAsNew = null;
        Complete(InstanceStatus.Failed, null, Failure.From(exception));
    }

    private void AddAction(OrchestratorAction action) => _actions.Add(action.Id, action);

    private async Task<T> ScheduleAsync<T>(OrchestratorAction action, string name)
    {
        AddAction(action);
        var task = new OpenTask(name);
        _openTasks.Add(action.Id, task);
        var result = await task.Source.Task;
        return result is null ? default! : _settings.DataConverter.Deserialize<T>(result)!;
    }

    private async Task StartTimerAsync(DateTime fireAt, CancellationToken cancellationToken)
    {
        var id = _nextId++;
        AddAction(new CreateTimerAction(id, fireAt));
        var task = new OpenTask(null);
        _openTasks.Add(id, task);
        if (cancellationToken.CanBeCanceled)
        {
            cancellationToken.Register(() =>
            {
                if (task.Source.TrySetCanceled(CancellationToken.None))
                {
                    _openTasks.Remove(id);
                }
            });
        }

        await task.Source.Task;
    }

    // The history says that action number EventId was decided: the code must have decided the same again.
    private void Confirm<TAction>(HistoryEvent recorded, string what, string? name, Func<TAction, string?> nameOf)
        where TAction : OrchestratorAction
    {
        var id = recorded.EventId;
        var was = $"A previous execution of this orchestration scheduled {what} with sequence number {id}"
            + (name is null ? string.Empty : $" named '{name}'");
        if (!_actions.TryGetValue(id, out var action))
        {
            throw new NonDeterministicOrchestrationException(
                id, $"{was}, but the current replay execution hasn't (yet?) scheduled this task. {WasCodeChanged}");
        }

        if (action is not TAction typed)
        {
            throw new NonDeterministicOrchestrationException(
                id, $"{was}, but the current orchestration replay instead produced a {action.GetType().Name} action with this sequence number. {WasCodeChanged}");
        }

        if (!string.Equals(name, nameOf(typed), StringComparison.OrdinalIgnoreCase))
        {
            throw new NonDeterministicOrchestrationException(
                id, $"{was}, but the current orchestration replay instead scheduled one named '{nameOf(typed)}' with this sequence number. {WasCodeChanged}");
        }

        _actions.Remove(id);
    }

    // Results of tasks that are not open are second deliveries, or come after a cancellation.
    private void Settle(int id, string? result, Failure? failure)
    {
        if (!_openTasks.Remove(id, out var task))
        {
            return;
        }

        if (failure is null)
        {
            task.Source.TrySetResult(result);
            return;
        }

        if (failure.NonRetriable)
        {
            _nonRetriable.Add(id);
        }

        task.Source.TrySetException(new TaskFailedException(task.Name ?? string.Empty, id, failure.ToDetails()));
    }

    private void Raise(EventRaised raised)
    {
        if (_continueAsNew is not null)
        {
            _carryover.Add(raised);
        }
        else if (!_events.TryComplete(raised.Name, raised.Input))
        {
            _events.Buffer(raised.Name, raised.Input);
        }
    }

    private void Suspend()
    {
        IsSuspended = true;
        Move(_actions, _actionsWhileSuspended);
    }

    private void Resume()
    {
        IsSuspended = false;
        Move(_actionsWhileSuspended, _actions);
        while (_eventsWhileSuspended.TryDequeue(out var waiting))
        {
            Process(waiting);
        }
    }

    private static void Move(SortedDictionary<int, OrchestratorAction> from, SortedDictionary<int, OrchestratorAction> to)
    {
        foreach (var (id, action) in from)
        {
            to.Add(id, action);
        }

        from.Clear();
    }

    private sealed record OpenTask(string? Name)
    {
        public TaskCompletionSource<string?> Source { get; } = new();
    }
}
