using Microsoft.DurableTask.Engine.History;
using Microsoft.DurableTask.Engine.Storage;

namespace Microsoft.DurableTask.Engine;

/// <summary>
/// What the committed history asks for: begins open activities, timers and sub-orchestrations that this process has not begun yet, delivers
/// the outbox, tells the parent. Everything may be done twice without harm; after a crash it simply runs again.
/// </summary>
internal sealed class FollowUp(DurableEngine engine, IInstanceStore store)
{
    public async Task RunAsync(InstanceSession session, CancellationToken ownership)
    {
        var state = session.State!;
        if (!state.Status.IsTerminal())
        {
            await BeginOpenWorkAsync(session, state, ownership);
        }

        await DeliverAsync(session, ownership);
        if (state.Status.IsTerminal())
        {
            if (state.IsActive)
            {
                var etag = await store.UpdateStateAsync(state with { IsActive = false }, ownership);
                session.Commit(state with { IsActive = false, ETag = etag }, [], null);
            }

            TellParent(state);
        }
    }

    private async Task BeginOpenWorkAsync(InstanceSession session, InstanceState state, CancellationToken ownership)
    {
        List<SubOrchestrationCreated> children = [];
        foreach (var (id, work) in session.OpenWork)
        {
            if (!session.Begun.Add((state.ExecutionId, id)))
            {
                continue;
            }

            switch (work)
            {
                case TaskScheduled scheduled:
                    engine.StartActivity(state, scheduled, ownership);
                    break;
                case TimerCreated timer:
                    var fired = new MailboxItem(new TimerFired(id, timer.FireAt) { Timestamp = timer.FireAt }, state.ExecutionId, null);
                    engine.ScheduleTimer(new DateTimeOffset(timer.FireAt, TimeSpan.Zero), () => engine.Post(session.InstanceId, fired));
                    break;
                case SubOrchestrationCreated created:
                    children.Add(created);
                    break;
            }
        }

        try
        {
            await Parallel.ForEachAsync(
                children,
                new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = ownership },
                async (created, cancellation) => await EnsureChildAsync(session, state, created, cancellation));
        }
        catch
        {
            // Not known which were begun: all are tried again.
            session.Begun.ExceptWith(children.Select(created => (state.ExecutionId, created.EventId)));
            throw;
        }
    }

    private async Task EnsureChildAsync(InstanceSession session, InstanceState parent, SubOrchestrationCreated created, CancellationToken cancellationToken)
    {
        var reference = new ParentReference(parent.InstanceId, parent.Name, parent.ExecutionId, created.EventId);
        while (true)
        {
            var existing = await store.GetStateAsync(created.InstanceId, cancellationToken);
            if (existing is not null && existing.Parent == reference)
            {
                if (existing.Status.IsTerminal())
                {
                    TellParent(existing);
                }
                else
                {
                    engine.Post(created.InstanceId, null);
                }

                return;
            }

            if (existing is not null && !existing.Status.IsTerminal())
            {
                var failure = new Failure(
                    "DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException",
                    $"An Orchestration instance with the status {existing.Status} already exists under the id '{created.InstanceId}'.",
                    null,
                    null);
                engine.Post(
                    session.InstanceId,
                    new MailboxItem(new SubOrchestrationFailed(created.EventId, failure) { Timestamp = created.Timestamp }, parent.ExecutionId, null));
                return;
            }

            var child = new InstanceState
            {
                InstanceId = created.InstanceId,
                Name = created.Name,
                Version = created.Version,
                ExecutionId = Guid.NewGuid().ToString("N"),
                Status = InstanceStatus.Pending,
                Input = created.Input,
                CreatedAt = created.Timestamp,
                LastUpdatedAt = created.Timestamp,
                IncarnatedAt = created.Timestamp,
                Tags = created.Tags,
                Parent = reference,
                TraceParent = parent.TraceParent,
                IsActive = true,
            };
            if (await store.TryCreateAsync(child, existing?.ETag, cancellationToken) is { } etag)
            {
                if (existing is null)
                {
                    engine.PostCreated(child with { ETag = etag });
                }
                else
                {
                    engine.Post(created.InstanceId, null);
                }

                return;
            }
        }
    }

    private async Task DeliverAsync(InstanceSession session, CancellationToken cancellationToken)
    {
        while (session.Outbox is [var outbox, ..])
        {
            foreach (var message in outbox.Messages)
            {
                // What is sent to an instance that has ended, or never was, is lost.
                var target = message.InstanceId == session.InstanceId
                    ? session.State
                    : await store.GetStateAsync(message.InstanceId, cancellationToken);
                if (target is null || target.Status.IsTerminal())
                {
                    continue;
                }

                var stored = new InboxMessage(RowKeys.Inbox(outbox.SentAt, message.MessageId), message.Event);
                await store.AddInboxAsync(message.InstanceId, stored, cancellationToken);
                engine.Post(message.InstanceId, new MailboxItem(stored.Event, null, stored.Key));
            }

            await store.DeleteRowsAsync(session.InstanceId, [outbox.Key], cancellationToken);
            session.Outbox.RemoveAt(0);
        }
    }

    // The parent is told in memory only: one that is loaded later reads the child's row.
    private void TellParent(InstanceState child)
    {
        if (child.Parent is not { } parent)
        {
            return;
        }

        var timestamp = child.LastUpdatedAt.UtcDateTime;
        HistoryEvent ending = child.Status == InstanceStatus.Completed
            ? new SubOrchestrationCompleted(parent.TaskId, child.Output) { Timestamp = timestamp }
            : new SubOrchestrationFailed(
                parent.TaskId,
                child.Failure ?? new Failure("(unknown)", $"The sub-orchestration '{child.InstanceId}' was terminated.", null, null)) { Timestamp = timestamp };
        engine.Post(parent.InstanceId, new MailboxItem(ending, parent.ExecutionId, null));
    }
}
