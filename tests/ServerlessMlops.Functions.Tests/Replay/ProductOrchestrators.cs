using System.Text.Json;
using Microsoft.DurableTask.Converters;
using Microsoft.DurableTask.Engine.History;
using Microsoft.DurableTask.Engine.Replay;
using Microsoft.Extensions.Logging.Abstractions;
using ServerlessMlops.Functions.Approvals;
using ServerlessMlops.Functions.Ingestion;
using ServerlessMlops.Functions.Monitoring;
using ServerlessMlops.Functions.Rollout;
using ServerlessMlops.Functions.Scoring.Bulk;
using ServerlessMlops.Functions.Training;

namespace ServerlessMlops.Functions.Tests.Replay;

/// <summary>The product's orchestrators, replayed over histories without an app.</summary>
internal static class ProductOrchestrators
{
    private static readonly Dictionary<string, OrchestratorFunction> All = new(StringComparer.OrdinalIgnoreCase)
    {
        [nameof(IngestionOrchestrator)] = async context => await Ended(IngestionOrchestrator.Run(context)),
        [nameof(TrainingOrchestrator)] = async context => await Ended(TrainingOrchestrator.Run(context)),
        [nameof(RolloutOrchestrator)] = async context => await Ended(RolloutOrchestrator.Run(context)),
        [nameof(ApprovalOrchestrator)] = async context => await Ended(ApprovalOrchestrator.Run(context)),
        [nameof(BulkOrchestrator)] = async context => await Ended(BulkOrchestrator.Run(context)),
        [nameof(MonitorOrchestrator)] = async context => await MonitorOrchestrator.Run(context, context.GetInput<MonitorInput>()!),
    };

    private static readonly ReplaySettings Settings = new()
    {
        DataConverter = new JsonDataConverter(new JsonSerializerOptions { PropertyNameCaseInsensitive = true }),
        DefaultVersion = "1.0",
        Properties = new Dictionary<string, object?> { ["defaultVersion"] = "1.0" },
    };

    /// <summary>
    /// Replays a history at every point of it: what today's code decides there, and what the history says was decided, by kind, number and name (inputs may gain
    /// fields; the runtime does not compare them). Null where they are the same, else the first difference in words.
    /// </summary>
    /// <param name="instanceId">The instance.</param>
    /// <param name="history">Its events.</param>
    /// <param name="from">The event to begin at; what comes before is taken as it stands.</param>
    public static string? FirstDifference(string instanceId, IReadOnlyList<HistoryEvent> history, int from = 0)
    {
        OrchestratorFunction function = All[history.OfType<ExecutionStarted>().Single().Name];
        for (int i = from; i < history.Count; i++)
        {
            if (history[i] is not OrchestratorStarted)
            {
                continue;
            }

            HistoryEvent[] episode = [.. history.Skip(i).TakeWhile(e => e is not OrchestratorCompleted)];
            EpisodeResult result = Episode.Run(
                instanceId, [.. history.Take(i)], [.. episode.Where(e => e.EventId < 0)], function, Settings, NullLoggerFactory.Instance);
            string[] decided = [.. result.Actions.Select(action => Describe(action.ToEvent(default)))];
            string[] recorded = [.. episode.Where(e => e.EventId >= 0).OrderBy(e => e.EventId).Select(Describe)];
            if (!decided.SequenceEqual(recorded))
            {
                return $"At event {i} of {history.Count} the history says [{string.Join(", ", recorded)}], the code decides [{string.Join(", ", decided)}]. "
                    + string.Join(" ", result.Actions.OfType<CompleteAction>().Select(a => a.Failure?.ErrorMessage));
            }
        }

        return null;
    }

    private static string Describe(HistoryEvent decided) => decided switch
    {
        TaskScheduled task => $"{task.EventId} activity {task.Name}",
        SubOrchestrationCreated child => $"{child.EventId} orchestration {child.Name} {child.InstanceId}",
        TimerCreated timer => $"{timer.EventId} timer",
        EventSent sent => $"{sent.EventId} event {sent.Name} to {sent.InstanceId}",
        ExecutionCompleted ended => $"{ended.EventId} {ended.Status}",
        _ => $"{decided.EventId} {decided.GetType().Name}",
    };

    private static async Task<object?> Ended(Task run)
    {
        await run;
        return null;
    }
}
