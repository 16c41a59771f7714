using DurableTask.Core.Exceptions;
using Microsoft.DurableTask.Engine.History;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Engine.Replay;

/// <summary>An orchestrator's code; it must run on the thread that calls it until it first awaits a durable task.</summary>
internal delegate Task<object?> OrchestratorFunction(ReplayContext context);

/// <summary>What one episode decided.</summary>
internal sealed record EpisodeResult(IReadOnlyList<OrchestratorAction> Actions, string? CustomStatus, bool IsSuspended, bool IsFunctionFinished);

/// <summary>
/// One episode: the orchestrator runs from the top over the past events (replaying) and then over the new ones. Pure: it reads no clock
/// and no storage, so the same events and code give the same decisions.
/// </summary>
internal static class Episode
{
    /// <param name="instanceId">The instance.</param>
    /// <param name="past">Committed history; empty in the first episode.</param>
    /// <param name="fresh">OrchestratorStarted and the events that arrived since.</param>
    /// <param name="function">The orchestrator.</param>
    /// <param name="settings">The host's settings.</param>
    /// <param name="loggerFactory">Where the orchestrator's loggers come from.</param>
    /// <exception cref="InvalidOperationException">Neither list holds an ExecutionStarted event.</exception>
    public static EpisodeResult Run(
        string instanceId,
        IReadOnlyList<HistoryEvent> past,
        IReadOnlyList<HistoryEvent> fresh,
        OrchestratorFunction function,
        ReplaySettings settings,
        ILoggerFactory loggerFactory)
    {
        var started = past.Concat(fresh).OfType<ExecutionStarted>().FirstOrDefault()
            ?? throw new InvalidOperationException($"The history of instance '{instanceId}' has no ExecutionStarted event.");
        var context = new ReplayContext(instanceId, started, settings, loggerFactory);
        Task<string?>? execution = null;
        EpisodeResult? result = null;

        OrchestratorThread.Run(() =>
        {
            try
            {
                Play(past, replaying: true);
                Play(fresh, replaying: false);
                if (!context.HasOpenTasks && execution is { IsCompleted: true })
                {
                    Finish(context, execution);
                }
            }
            catch (NonDeterministicOrchestrationException exception)
            {
                context.CompleteBroken(exception);
            }
            catch (Exception exception)
            {
                // An event that cannot be given to its waiter (a payload of another type): tried again, it would fail for ever.
                context.CompleteBroken(exception);
            }

            result = new EpisodeResult([.. context.Actions], context.GetSerializedCustomStatus(), context.IsSuspended, execution is { IsCompleted: true });
        });

        return result!;

        void Play(IReadOnlyList<HistoryEvent> events, bool replaying)
        {
            context.BeginEvents(replaying);
            foreach (var historyEvent in events)
            {
                if (historyEvent is ExecutionStarted)
                {
                    execution = ExecuteAsync(context, function);
                }
                else
                {
                    context.Process(historyEvent);
                }
            }
        }
    }

    private static async Task<string?> ExecuteAsync(ReplayContext context, OrchestratorFunction function)
    {
        var running = function(context);
        if (!running.IsCompleted && !context.IsAccessed)
        {
            // Something awaited a task that is not durable before the orchestrator even touched its context.
            throw new InvalidOperationException(ReplayContext.IllegalAwaitMessage);
        }

        var output = await running;
        context.ThrowIfIllegalAccess();
        return context.DataConverter.Serialize(output);
    }

    private static void Finish(ReplayContext context, Task<string?> execution)
    {
        if (execution.Exception?.InnerExceptions is [var failure, ..])
        {
            context.Complete(InstanceStatus.Failed, null, Failure.From(failure));
        }
        else if (execution.IsCanceled)
        {
            context.Complete(InstanceStatus.Failed, null, Failure.From(new TaskCanceledException(execution)));
        }
        else
        {
            context.Complete(InstanceStatus.Completed, execution.Result, null);
        }
    }
}
