using System.Collections.Concurrent;
using Microsoft.DurableTask.Engine.History;
using Microsoft.DurableTask.Engine.Storage;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Engine;

/// <summary>
/// Runs the orchestrations of one hub while this process owns it.
/// <para>
/// Per instance one partition: its row, its history (a row per episode), its inbox and its outbox. An episode reads new messages, replays,
/// and commits everything it changes in one transaction, fenced by the row's ETag. What has to happen next (activities, timers,
/// sub-orchestrations) is not stored a second time: it is what the history says was begun and not ended. So a crash before the commit
/// loses nothing but work that is done again, and a crash after it is made good by <see cref="EpisodeRunner"/> when the instance is loaded.
/// </para>
/// </summary>
internal sealed partial class DurableEngine : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, InstanceSession> _sessions = new(StringComparer.Ordinal);
    private readonly IInstanceStore _store;
    private readonly IHubLease _lease;
    private readonly EngineSettings _settings;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly EpisodeRunner _runner;
    private readonly ActivityRunner _activities;
    private readonly SemaphoreSlim _orchestratorSlots;
    private readonly RestingSessions _resting;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private Ownership? _ownership;
    private TimerQueue _timers;
    private Task? _ownerLoop;
    private int _workers;

    public DurableEngine(
        IInstanceStore store, IHubLease lease, TaskFunctions functions, EngineSettings settings, TimeProvider time, ILoggerFactory loggerFactory)
    {
        _store = store;
        _lease = lease;
        _settings = settings;
        _time = time;
        _logger = loggerFactory.CreateLogger("Microsoft.DurableTask.Engine");
        _timers = new TimerQueue(time);
        _resting = new RestingSessions(settings.MaxLoadedInstances);
        _orchestratorSlots = new SemaphoreSlim(settings.MaxConcurrentOrchestrators);
        _activities = new ActivityRunner(functions, settings.MaxConcurrentActivities, time, loggerFactory);
        _runner = new EpisodeRunner(this, store, functions, settings, time, loggerFactory);
    }

    public InstanceWatch Watch { get; } = new();

    public IInstanceStore Store => _store;

    public EngineSettings Settings => _settings;

    public TimeProvider Time => _time;

    /// <summary>Completes when the tables exist; the client waits for it.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Instances at rest whose history is in memory.</summary>
    public int LoadedAtRest => _resting.Count;

    public bool IsOwner => _ownership is { Token.IsCancellationRequested: false };

    /// <summary>Returns at once; storage that is not reachable yet is waited for in the background.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _ownerLoop = Task.Run(() => OwnHubAsync(_stopping.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <summary>Begins nothing new, lets running activities and episodes end until the token is cancelled, then gives up the hub.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        _activities.Close();
        _timers.Dispose();
        try
        {
            // An activity's end is worth a last episode: what it did is not done again.
            await _activities.DrainAsync(cancellationToken);
            while (Volatile.Read(ref _workers) > 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            LogDrainCut();
        }

        await _stopping.CancelAsync();
        if (_ownerLoop is not null)
        {
            await _ownerLoop;
        }

        await _lease.ReleaseAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true));
        await _lease.DisposeAsync();
        _timers.Dispose();
    }

    /// <summary>Leaves word for the process that owns the hub.</summary>
    public Task NotifyAsync(string instanceId, CancellationToken cancellationToken) => _store.SignalAsync(instanceId, cancellationToken);

    /// <summary>Begins an instance that this process has just created, where none of its id was before.</summary>
    internal void PostCreated(InstanceState created)
    {
        if (IsOwner)
        {
            _sessions.GetOrAdd(created.InstanceId, id => new InstanceSession(id)).Seed(created);
            Post(created.InstanceId, null);
        }
    }

    internal void Post(string instanceId, MailboxItem? item, bool rereadInbox = false)
    {
        if (_ownership is not { Token.IsCancellationRequested: false } ownership)
        {
            return;
        }

        while (true)
        {
            var session = _sessions.GetOrAdd(instanceId, id => new InstanceSession(id));
            if (session.TryPost(item, rereadInbox, out var startWorker))
            {
                if (startWorker)
                {
                    StartWorker(session, ownership.Token);
                }

                return;
            }

            _sessions.TryRemove(new KeyValuePair<string, InstanceSession>(instanceId, session));
        }
    }

    internal void ScheduleTimer(DateTimeOffset at, Action callback) => _timers.Schedule(at, callback);

    internal void StartActivity(InstanceState state, TaskScheduled scheduled, CancellationToken ownership) =>
        _activities.Start(
            new ActivityInvocation(state.InstanceId, scheduled.Name, scheduled.Version, scheduled.EventId, scheduled.Input, state.TraceParent),
            ending => Post(state.InstanceId, new MailboxItem(ending, state.ExecutionId, null)),
            ownership);

    // A period in which this process owns the hub; its token ends with it.
    private sealed record Ownership(CancellationToken Token);

    [LoggerMessage(1, LogLevel.Error, "The hub's storage failed; trying again.")]
    private partial void LogHubFault(Exception exception);

    [LoggerMessage(2, LogLevel.Warning, "Another process took the hub over; this one waits for its turn.")]
    private partial void LogHubLost();

    [LoggerMessage(3, LogLevel.Error, "Work on instance '{InstanceId}' failed; it will be done again.")]
    private partial void LogInstanceFault(Exception exception, string instanceId);

    [LoggerMessage(4, LogLevel.Warning, "Activities were still running when the time to stop ran out; the next start runs them again.")]
    private partial void LogDrainCut();
}
