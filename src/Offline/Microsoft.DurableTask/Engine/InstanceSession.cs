using Microsoft.DurableTask.Engine.History;

namespace Microsoft.DurableTask.Engine;

/// <summary>Something new for an instance.</summary>
/// <param name="Event">What happened.</param>
/// <param name="ExecutionId">The execution it belongs to; null if any (external events, terminate, ...).</param>
/// <param name="InboxKey">The row that holds it durably; null if the work that produced it is simply done again after a crash.</param>
internal sealed record MailboxItem(HistoryEvent Event, string? ExecutionId, string? InboxKey);

/// <summary>
/// An instance in memory. The mailbox may be used by any thread; everything else belongs to the one worker that has the session.
/// </summary>
internal sealed class InstanceSession(string instanceId)
{
    private readonly object _gate = new();
    private readonly List<MailboxItem> _mailbox = [];
    private readonly HashSet<string> _knownInboxKeys = [];
    private readonly HashSet<string> _attemptedInboxKeys = [];
    private bool _isScheduled;
    private bool _isWoken;
    private bool _rereadInbox;
    private bool _isRetired;
    private InstanceState? _seed;

    public string InstanceId { get; } = instanceId;

    /// <summary>Null until loaded, and again after a conflict.</summary>
    public InstanceState? State { get; private set; }

    public List<HistoryEvent> History { get; } = [];

    public List<string> HistoryKeys { get; } = [];

    public List<Outbox> Outbox { get; } = [];

    public Dictionary<int, HistoryEvent> OpenWork { get; } = [];

    public HashSet<string> SeenMessages { get; } = [];

    /// <summary>Work (by execution and number) that this process has begun and whose end it will hear of.</summary>
    public HashSet<(string ExecutionId, int Id)> Begun { get; } = [];

    public int Faults { get; set; }

    /// <summary>Puts an item in; false if the session has been given up and a new one is needed.</summary>
    /// <returns>Whether the caller has to start a worker, if the session is alive.</returns>
    public bool TryPost(MailboxItem? item, bool rereadInbox, out bool startWorker)
    {
        lock (_gate)
        {
            startWorker = false;
            if (_isRetired)
            {
                return false;
            }

            if (item is not null && (item.InboxKey is null || _knownInboxKeys.Add(item.InboxKey)))
            {
                _mailbox.Add(item);
            }

            _rereadInbox |= rereadInbox;
            _isWoken = true;
            startWorker = !_isScheduled;
            _isScheduled = true;
            return true;
        }
    }

    /// <summary>Gives the row of an instance that this process has just created: there is nothing else to load.</summary>
    public void Seed(InstanceState created)
    {
        lock (_gate)
        {
            _seed = created;
        }
    }

    /// <summary>What <see cref="Seed"/> gave, once.</summary>
    public InstanceSnapshot? TakeSeed()
    {
        lock (_gate)
        {
            var seed = _seed;
            _seed = null;
            return seed is null ? null : new InstanceSnapshot(seed, [], [], [], [], []);
        }
    }

    /// <summary>Called by the worker before it looks for work.</summary>
    /// <returns>Whether the stored inbox has to be read again.</returns>
    public bool BeginRound()
    {
        lock (_gate)
        {
            _isWoken = false;
            var reread = _rereadInbox;
            _rereadInbox = false;
            return reread;
        }
    }

    /// <summary>Called by the worker when it found nothing more to do; false if something came meanwhile.</summary>
    /// <param name="retire">The session is of no more use.</param>
    public bool TryRest(bool retire)
    {
        lock (_gate)
        {
            if (_isWoken)
            {
                return false;
            }

            _isScheduled = false;
            _isRetired = retire;
            return true;
        }
    }

    /// <summary>Adds messages that were read from storage, unless they are there already or are meant for an older namesake.</summary>
    public void AddStored(IEnumerable<InboxMessage> messages)
    {
        lock (_gate)
        {
            var stored = messages
                .Where(message => RowKeys.InboxTime(message.Key) >= State!.IncarnatedAt && _knownInboxKeys.Add(message.Key))
                .Select(message => new MailboxItem(message.Event, null, message.Key));
            _mailbox.AddRange(stored);

            // A younger message may have been posted before the older ones were read: messages go by their time of sending.
            var ordered = _mailbox.OrderBy(item => item.InboxKey, StringComparer.Ordinal).ToList();
            _mailbox.Clear();
            _mailbox.AddRange(ordered);
        }
    }

    public List<MailboxItem> Take(int count)
    {
        lock (_gate)
        {
            // Durable messages go by their time of sending; what has no row goes as it came.
            var taken = _mailbox.Take(count).ToList();
            _mailbox.RemoveRange(0, taken.Count);
            _isWoken |= _mailbox.Count > 0;
            return taken;
        }
    }

    public void PutBack(List<MailboxItem> items)
    {
        lock (_gate)
        {
            _mailbox.InsertRange(0, items);
            _attemptedInboxKeys.UnionWith(items.Select(item => item.InboxKey).OfType<string>());
        }
    }

    public void Load(InstanceSnapshot snapshot)
    {
        State = snapshot.State;
        History.Clear();
        HistoryKeys.Clear();
        Outbox.Clear();
        OpenWork.Clear();
        SeenMessages.Clear();
        HistoryKeys.AddRange(snapshot.HistoryKeys);
        Outbox.AddRange(snapshot.Outbox);
        SeenMessages.UnionWith(snapshot.State.SeenMessages ?? []);
        Append(snapshot.History);
        lock (_gate)
        {
            // A commit that seemed to fail went through if the rows it deleted are gone. (A row of a message that was never tried may be
            // missing only because it is younger than the snapshot.)
            _attemptedInboxKeys.ExceptWith(snapshot.Inbox.Select(message => message.Key));
            _mailbox.RemoveAll(item => item.InboxKey is not null && _attemptedInboxKeys.Contains(item.InboxKey));
            _attemptedInboxKeys.Clear();
        }

        AddStored(snapshot.Inbox);
    }

    public void Unload() => State = null;

    /// <summary>Forgets what storage has, unless there is work for the instance; the next wake-up reads it again. What was begun stays known.</summary>
    public bool TryRelease()
    {
        lock (_gate)
        {
            if (_isScheduled || _isRetired || _mailbox.Count > 0)
            {
                return false;
            }

            Unload();
            History.Clear();
            History.TrimExcess();
            HistoryKeys.Clear();
            Outbox.Clear();
            OpenWork.Clear();
            SeenMessages.Clear();
            return true;
        }
    }

    public void Commit(InstanceState state, IReadOnlyList<HistoryEvent> events, string? historyKey)
    {
        if (state.ExecutionId != State!.ExecutionId)
        {
            History.Clear();
            HistoryKeys.Clear();
            OpenWork.Clear();
            SeenMessages.UnionWith(state.SeenMessages ?? []);
        }

        State = state;
        if (historyKey is not null)
        {
            HistoryKeys.Add(historyKey);
            Append(events);
        }
    }

    private void Append(IReadOnlyList<HistoryEvent> events)
    {
        History.AddRange(events);
        foreach (var historyEvent in events)
        {
            switch (historyEvent)
            {
                case TaskScheduled or TimerCreated or SubOrchestrationCreated:
                    OpenWork[historyEvent.EventId] = historyEvent;
                    break;
                case TaskCompleted completed:
                    OpenWork.Remove(completed.TaskId);
                    break;
                case TaskFailed failed:
                    OpenWork.Remove(failed.TaskId);
                    break;
                case SubOrchestrationCompleted completed:
                    OpenWork.Remove(completed.TaskId);
                    break;
                case SubOrchestrationFailed failed:
                    OpenWork.Remove(failed.TaskId);
                    break;
                case TimerFired fired:
                    OpenWork.Remove(fired.TimerId);
                    break;
                case EventRaised { MessageId: { } messageId }:
                    SeenMessages.Add(messageId);
                    break;
            }
        }
    }
}
