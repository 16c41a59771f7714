using Microsoft.DurableTask.Engine.History;
using Microsoft.DurableTask.Engine.Replay;
using Microsoft.DurableTask.Engine.Storage;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Engine;

/// <summary>Loads an instance, runs its episodes and commits them.</summary>
internal sealed partial class EpisodeRunner(
    DurableEngine engine, IInstanceStore store, TaskFunctions functions, EngineSettings settings, TimeProvider time, ILoggerFactory loggerFactory)
{
    private const int SeenMessagesKept = 200;

    // History rows that a continue-as-new deletes in its transaction; the rest goes after it.
    private const int HistoryRowsPerRenewal = 40;

    private readonly ILogger _logger = loggerFactory.CreateLogger("Microsoft.DurableTask.Orchestrations");
    private readonly FollowUp _followUp = new(engine, store);

    /// <summary>Does what there is to do for an instance now.</summary>
    /// <returns>Whether the session is of no more use.</returns>
    public async Task<bool> RunRoundAsync(InstanceSession session, CancellationToken ownership)
    {
        var reread = session.BeginRound();
        if (session.State is null)
        {
            var snapshot = session.TakeSeed() ?? await store.LoadAsync(session.InstanceId, ownership);
            if (snapshot is null)
            {
                return true;
            }

            session.Load(snapshot);
            var stale = snapshot.Inbox.Select(message => message.Key).Where(key => RowKeys.InboxTime(key) < snapshot.State.IncarnatedAt);
            await store.DeleteRowsAsync(session.InstanceId, [.. snapshot.StaleKeys, .. stale], ownership);
            await _followUp.RunAsync(session, ownership);
        }
        else if (reread)
        {
            session.AddStored(await store.ReadInboxAsync(session.InstanceId, ownership));
        }

        while (!session.State!.Status.IsTerminal())
        {
            if (session.State.Status == InstanceStatus.Pending && session.State.ScheduledStart > time.GetUtcNow())
            {
                engine.ScheduleTimer(session.State.ScheduledStart.Value, () => engine.Post(session.InstanceId, null));
                return false;
            }

            if (!settings.Accepts(session.State.Version) && settings.VersionFailureStrategy == VersionFailureStrategy.Reject)
            {
                LogVersionRejected(session.InstanceId, session.State.Version, settings.DefaultVersion, settings.VersionMatchStrategy);
                return false;
            }

            var items = session.Take(settings.MaxMessagesPerEpisode);
            if (!await RunEpisodeAsync(session, items, ownership))
            {
                return false;
            }

            await _followUp.RunAsync(session, ownership);
        }

        // What comes for an ended instance is dropped.
        var late = session.Take(int.MaxValue).Where(item => item.InboxKey is not null).Select(item => item.InboxKey!).ToArray();
        await store.DeleteRowsAsync(session.InstanceId, late, ownership);
        return true;
    }

    private async Task<bool> RunEpisodeAsync(InstanceSession session, List<MailboxItem> items, CancellationToken ownership)
    {
        var state = session.State!;
        var isFirst = state.Episodes == 0;
        var news = items.Where(item => IsNews(session, item)).Select(item => item.Event).ToList();
        var consumedKeys = items.Where(item => item.InboxKey is not null).Select(item => item.InboxKey!).ToArray();
        EpisodeCommit commit;
        string etag;
        try
        {
            if (news.Count == 0 && !isFirst)
            {
                await store.DeleteRowsAsync(session.InstanceId, consumedKeys, ownership);
                return false;
            }

            var fresh = Open(session, news, isFirst);
            var result = Decide(session, fresh);
            commit = Prepare(session, fresh, result, consumedKeys);
            etag = await store.CommitAsync(commit, ownership);
        }
        catch
        {
            // Nothing is known to be done: the messages come again, after the instance has been read again.
            session.PutBack(items);
            throw;
        }

        foreach (var item in items)
        {
            Forget(session, item);
        }

        if (commit.Outbox is not null)
        {
            session.Outbox.Add(commit.Outbox);
        }

        string[] leftOver = commit.HistoryKey is null ? [.. session.HistoryKeys.Skip(HistoryRowsPerRenewal)] : [];
        session.Commit(commit.State with { ETag = etag }, commit.Events, commit.HistoryKey);
        if (commit.State.Status.IsTerminal())
        {
            OrchestrationSpans.Ended(commit.State);
        }

        if (state.Status != commit.State.Status || state.CustomStatus != commit.State.CustomStatus)
        {
            // Those who wait read the row again, so they are woken only for what they can see.
            engine.Watch.Changed(session.InstanceId);
        }

        await store.DeleteRowsAsync(session.InstanceId, leftOver, ownership);
        return true;
    }

    // A result counts once, for the execution that asked; a message counts once.
    private static bool IsNews(InstanceSession session, MailboxItem item) => item switch
    {
        { ExecutionId: { } executionId } when executionId != session.State!.ExecutionId => false,
        { Event: TaskCompleted completed } => session.OpenWork.ContainsKey(completed.TaskId),
        { Event: TaskFailed failed } => session.OpenWork.ContainsKey(failed.TaskId),
        { Event: SubOrchestrationCompleted completed } => session.OpenWork.ContainsKey(completed.TaskId),
        { Event: SubOrchestrationFailed failed } => session.OpenWork.ContainsKey(failed.TaskId),
        { Event: TimerFired fired } => session.OpenWork.ContainsKey(fired.TimerId),
        { Event: EventRaised { MessageId: { } messageId } } => !session.SeenMessages.Contains(messageId),
        _ => true,
    };

    private static void Forget(InstanceSession session, MailboxItem item)
    {
        int? id = item.Event switch
        {
            TaskCompleted completed => completed.TaskId,
            TaskFailed failed => failed.TaskId,
            SubOrchestrationCompleted completed => completed.TaskId,
            SubOrchestrationFailed failed => failed.TaskId,
            TimerFired fired => fired.TimerId,
            _ => null,
        };
        if (id is { } number && item.ExecutionId is { } executionId)
        {
            session.Begun.Remove((executionId, number));
        }
    }

    private List<HistoryEvent> Open(InstanceSession session, List<HistoryEvent> news, bool isFirst)
    {
        var state = session.State!;

        // Time never runs backwards within an instance, whatever the machine's clock does.
        var now = time.GetUtcNow().UtcDateTime;
        if (now < state.LastUpdatedAt.UtcDateTime)
        {
            now = state.LastUpdatedAt.UtcDateTime;
        }

        List<HistoryEvent> fresh = [new OrchestratorStarted { Timestamp = now }];
        if (isFirst)
        {
            fresh.Add(new ExecutionStarted(state.Name, state.Version, state.Input, state.Parent) { Timestamp = now });
            fresh.AddRange(state.Carryover ?? []);
        }

        fresh.AddRange(news);
        return fresh;
    }

    private EpisodeResult Decide(InstanceSession session, List<HistoryEvent> fresh)
    {
        var state = session.State!;
        if (!settings.Accepts(state.Version))
        {
            return Fail(new Failure("VersionMismatch", "Orchestration version did not comply with Worker Versioning", null, null, NonRetriable: true));
        }

        if (!functions.TryGetOrchestrator(state.Name, out var function))
        {
            return Fail(new Failure("OrchestratorTaskNotFound", $"No orchestrator task named '{state.Name}' was found.", null, null, NonRetriable: true));
        }

        return Episode.Run(state.InstanceId, session.History, fresh, function, settings.Replay, loggerFactory);

        EpisodeResult Fail(Failure failure) =>
            new([new CompleteAction(session.History.Count, InstanceStatus.Failed, null, failure)], state.CustomStatus, false, true);
    }

    private EpisodeCommit Prepare(InstanceSession session, List<HistoryEvent> fresh, EpisodeResult result, string[] consumedKeys)
    {
        var state = session.State!;
        var now = fresh[0].Timestamp;
        List<HistoryEvent> events = [.. fresh, .. result.Actions.Select(action => action.ToEvent(now)), new OrchestratorCompleted { Timestamp = now }];
        var next = state with
        {
            CustomStatus = result.CustomStatus,
            LastUpdatedAt = now,
            Episodes = state.Episodes + 1,
            Status = result.IsSuspended ? InstanceStatus.Suspended : InstanceStatus.Running,
            Carryover = null,
        };
        var outbox = Messages(session, result.Actions, fresh, now);
        var completion = result.Actions.OfType<CompleteAction>().FirstOrDefault();
        if (completion is not null)
        {
            LogCompleted(state.Name, state.InstanceId, completion.Status, completion.Failure?.ErrorMessage);
            next = next with
            {
                Status = completion.Status,
                Output = completion.Result,
                Failure = completion.Failure,
                IsActive = outbox is not null || session.Outbox.Count > 0,
            };
        }
        else if (result.Actions.OfType<ContinueAsNewAction>().FirstOrDefault() is { } again)
        {
            return Renew(session, again, next, fresh, consumedKeys, outbox);
        }

        return new EpisodeCommit
        {
            State = next,
            ExpectedETag = state.ETag,
            HistoryKey = RowKeys.History(state.ExecutionId, state.Episodes),
            Events = events,
            DeletedKeys = consumedKeys,
            Outbox = outbox,
        };
    }

    private static EpisodeCommit Renew(
        InstanceSession session, ContinueAsNewAction again, InstanceState next, List<HistoryEvent> fresh, string[] consumedKeys, Outbox? outbox)
    {
        var state = session.State!;
        var seen = session.SeenMessages.Concat(fresh.OfType<EventRaised>().Select(raised => raised.MessageId).OfType<string>()).ToArray();
        return new EpisodeCommit
        {
            State = next with
            {
                ExecutionId = Guid.NewGuid().ToString("N"),
                Version = again.NewVersion ?? state.Version,
                Input = again.Input,
                CreatedAt = next.LastUpdatedAt,
                CustomStatus = next.CustomStatus,
                Episodes = 0,
                Carryover = again.Carryover.Count > 0 ? again.Carryover : null,
                SeenMessages = seen.Length > 0 ? seen[^Math.Min(seen.Length, SeenMessagesKept)..] : null,
            },
            ExpectedETag = state.ETag,
            HistoryKey = null,
            Events = [],
            DeletedKeys = [.. consumedKeys, .. session.HistoryKeys.Take(HistoryRowsPerRenewal)],
            Outbox = outbox,
        };
    }

    private static Outbox? Messages(InstanceSession session, IReadOnlyList<OrchestratorAction> actions, List<HistoryEvent> fresh, DateTime now)
    {
        var state = session.State!;
        List<OutboxMessage> messages = [];
        foreach (var send in actions.OfType<SendEventAction>())
        {
            var messageId = $"{state.ExecutionId}-{send.Id:D8}";
            messages.Add(new OutboxMessage(messageId, send.InstanceId, new EventRaised(send.Name, send.Input, messageId) { Timestamp = now }));
        }

        if (fresh.OfType<ExecutionTerminated>().FirstOrDefault(terminated => terminated.Recurse) is { } termination)
        {
            messages.AddRange(session.OpenWork.Values.OfType<SubOrchestrationCreated>().Select(child =>
                new OutboxMessage($"{state.ExecutionId}-{child.EventId:D8}", child.InstanceId, termination with { Timestamp = now })));
        }

        return messages.Count == 0 ? null : new Outbox(RowKeys.Outbox(state.ExecutionId, state.Episodes), new DateTimeOffset(now, TimeSpan.Zero), messages);
    }

    [LoggerMessage(10, LogLevel.Information, "Orchestration '{Name}' (instance '{InstanceId}') ended: {Status} {Error}")]
    private partial void LogCompleted(string name, string instanceId, InstanceStatus status, string? error);

    [LoggerMessage(11, LogLevel.Warning, "Instance '{InstanceId}' has version '{Version}', which this host (version '{HostVersion}', {Strategy}) does not run; it waits for a host that does.")]
    private partial void LogVersionRejected(string instanceId, string version, string hostVersion, VersionMatchStrategy strategy);
}
