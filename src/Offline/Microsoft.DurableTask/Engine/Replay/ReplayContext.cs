using Microsoft.DurableTask.Engine.History;
using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Engine.Replay;

/// <summary>
/// The context that an orchestrator sees. Every action (activity, sub-orchestration, timer, sent event, completion) takes the next number
/// of one counter; the history confirms actions by number, results are matched to open tasks by number.
/// </summary>
internal sealed partial class ReplayContext : TaskOrchestrationContext
{
    internal const string IllegalAwaitMessage =
        "An invalid asynchronous invocation was detected. This can be caused by awaiting non-durable tasks " +
        "in an orchestrator function's implementation or by middleware that invokes asynchronous code.";

    private readonly ExecutionStarted _started;
    private readonly ReplaySettings _settings;
    private readonly ExternalEvents _events;
    private int _nextId;
    private int _nextGuid;
    private object? _customStatus;
    private bool _isReplaying;
    private DateTime _now;

    public ReplayContext(string instanceId, ExecutionStarted started, ReplaySettings settings, ILoggerFactory loggerFactory)
    {
        InstanceId = instanceId;
        _started = started;
        _settings = settings;
        _events = new ExternalEvents(settings.DataConverter);
        LoggerFactory = loggerFactory;
        Properties = settings.Properties;
    }

    public override TaskName Name => new(_started.Name);

    public override string InstanceId { get; }

    public override string Version => _started.Version;

    public override IReadOnlyDictionary<string, object?> Properties { get; }

    public override ParentOrchestrationInstance? Parent =>
        _started.Parent is { } parent ? new ParentOrchestrationInstance(new TaskName(parent.Name), parent.InstanceId) : null;

    public override DateTime CurrentUtcDateTime => _now;

    public override bool IsReplaying => _isReplaying;

    /// <summary>The input as stored; the function glue converts it to a parameter's type.</summary>
    internal string? SerializedInput => _started.Input;

    internal DataConverter DataConverter => _settings.DataConverter;

    /// <summary>Whether the orchestrator has used the context; one that awaited something else first never will.</summary>
    internal bool IsAccessed { get; private set; }

    protected override ILoggerFactory LoggerFactory { get; }

    public override T? GetInput<T>()
        where T : default
    {
        EnsureLegalAccess();
        return _settings.DataConverter.Deserialize<T>(_started.Input);
    }

    public override async Task<TResult> CallActivityAsync<TResult>(TaskName name, object? input = null, TaskOptions? options = null)
    {
        EnsureLegalAccess();
        if (input is TaskOptions && options is null)
        {
            throw new ArgumentException(
                $"A {nameof(TaskOptions)} value was provided for the activity input but no value was provided for {nameof(options)}. " +
                $"Did you actually mean to provide a {nameof(TaskOptions)} value for the {nameof(options)} parameter?",
                nameof(input));
        }

        var version = options?.Version is { } explicitVersion ? explicitVersion.Version : Version;
        return await RetryAsync(
            () =>
            {
                var id = _nextId++;
                return ScheduleAsync<TResult>(new ScheduleTaskAction(id, name.Name, version, _settings.DataConverter.Serialize(input)), name.Name);
            },
            options?.Retry);
    }

    public override async Task<TResult> CallSubOrchestratorAsync<TResult>(
        TaskName orchestratorName, object? input = null, TaskOptions? options = null)
    {
        EnsureLegalAccess();

        // One id for all attempts: a retry starts the same instance again.
        var instanceId = (options as SubOrchestrationOptions)?.InstanceId ?? NewGuid().ToString("N");
        var version = options?.Version is { } explicitVersion ? explicitVersion.Version : _settings.DefaultVersion;
        return await RetryAsync(
            () =>
            {
                var id = _nextId++;
                var tags = options?.Tags is { Count: > 0 } given ? new Dictionary<string, string>(given) : null;
                return ScheduleAsync<TResult>(
                    new CreateSubOrchestrationAction(
                        id, orchestratorName.Name, version, instanceId, _settings.DataConverter.Serialize(input), tags),
                    orchestratorName.Name);
            },
            options?.Retry);
    }

    public override async Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken)
    {
        EnsureLegalAccess();
        var end = fireAt.ToUniversalTime();

        // Long timers are cut, because the Azure Storage backend cannot hold them; the pieces consume action numbers.
        while (end - CurrentUtcDateTime > _settings.MaximumTimerInterval && !cancellationToken.IsCancellationRequested)
        {
            await StartTimerAsync(CurrentUtcDateTime + _settings.MaximumTimerInterval, cancellationToken);
        }

        await StartTimerAsync(end, cancellationToken);
    }

    public override Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default)
    {
        EnsureLegalAccess();
        return _events.Wait<T>(eventName, cancellationToken);
    }

    public override void SendEvent(string instanceId, string eventName, object payload)
    {
        EnsureLegalAccess();
        if (string.IsNullOrWhiteSpace(instanceId))
        {
            throw new ArgumentException("An event needs the id of the instance that receives it; it was empty.", nameof(instanceId));
        }

        AddAction(new SendEventAction(_nextId++, instanceId, eventName, _settings.DataConverter.Serialize(payload)));
    }

    public override void SetCustomStatus(object? customStatus)
    {
        EnsureLegalAccess();
        _customStatus = customStatus;
    }

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true) =>
        ContinueAsNew(new ContinueAsNewOptions { NewInput = newInput, PreserveUnprocessedEvents = preserveUnprocessedEvents });

    public override void ContinueAsNew(ContinueAsNewOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        EnsureLegalAccess();
        var newVersion = string.IsNullOrWhiteSpace(options.NewVersion) ? null : options.NewVersion;
        _continueAsNew = (_settings.DataConverter.Serialize(options.NewInput), newVersion);
        _preserveUnprocessedEvents = options.PreserveUnprocessedEvents;
        if (options.PreserveUnprocessedEvents)
        {
            foreach (var (name, payload) in _events.TakeBuffered())
            {
                SendToSelf(name, payload);
            }
        }
    }

    public override Guid NewGuid()
    {
        EnsureLegalAccess();
        return DeterministicGuid.Create(InstanceId, CurrentUtcDateTime, _nextGuid++);
    }

    /// <summary>Throws when another thread than the orchestrator's got hold of the code: it awaited something that is not durable.</summary>
    internal void ThrowIfIllegalAccess()
    {
        if (!OrchestratorThread.IsCurrent)
        {
            var illegal = new InvalidOperationException(IllegalAwaitMessage);

            // The exception ends up in a task that nobody observes any more; the log is where a person sees it.
            LoggerFactory.CreateLogger("Microsoft.DurableTask").LogError(
                illegal, "The orchestrator '{Name}' (instance '{InstanceId}') went on on a thread that is not the orchestrator's.", _started.Name, InstanceId);
            throw illegal;
        }
    }

    internal string? GetSerializedCustomStatus() => _settings.DataConverter.Serialize(_customStatus);

    private void EnsureLegalAccess()
    {
        ThrowIfIllegalAccess();
        IsAccessed = true;
    }

    private void SendToSelf(string name, string? payload) => AddAction(new SendEventAction(_nextId++, InstanceId, name, payload));
}
