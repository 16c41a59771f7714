using System.Diagnostics;
using DurableTask.Core.Exceptions;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Engine.History;
using Microsoft.DurableTask.Engine.Storage;

namespace Microsoft.DurableTask.Engine;

/// <summary>The client of an engine's hub; it works whether or not this process owns the hub.</summary>
internal sealed partial class EngineClient(string name, DurableEngine engine) : DurableTaskClient(name)
{
    private static readonly InstanceStatus[] DefaultDedupe = [InstanceStatus.Pending, InstanceStatus.Running, InstanceStatus.Suspended];

    private long _lastTicks;

    private IInstanceStore Store => engine.Store;

    private DataConverter Converter => engine.Settings.Replay.DataConverter;

    public override async Task<string> ScheduleNewOrchestrationInstanceAsync(
        TaskName orchestratorName, object? input = null, StartOrchestrationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(orchestratorName.Name, nameof(orchestratorName));
        var dedupe = DedupeStatuses(options);
        var now = Now();
        var instanceId = options?.InstanceId ?? Guid.NewGuid().ToString("N");
        using var span = OrchestrationSpans.Create(orchestratorName.Name, instanceId);
        var state = new InstanceState
        {
            InstanceId = instanceId,
            Name = orchestratorName.Name,
            Version = options?.Version is { } version ? version.Version : engine.Settings.DefaultVersion,
            ExecutionId = Guid.NewGuid().ToString("N"),
            Status = InstanceStatus.Pending,
            Input = Converter.Serialize(input),
            CreatedAt = now,
            LastUpdatedAt = now,
            IncarnatedAt = now,
            ScheduledStart = options?.StartAt?.ToUniversalTime(),
            Tags = options?.Tags is { Count: > 0 } tags ? tags : null,
            TraceParent = span?.Id ?? Activity.Current?.Id,
            IsActive = true,
        };
        await CreateAsync(state, dedupe, cancellation);
        return state.InstanceId;
    }

    public override Task RaiseEventAsync(
        string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        return SendAsync(instanceId, now => new EventRaised(eventName, Converter.Serialize(eventPayload), null) { Timestamp = now }, cancellation);
    }

    public override Task TerminateInstanceAsync(
        string instanceId, TerminateInstanceOptions? options = null, CancellationToken cancellation = default) =>
        SendAsync(
            instanceId,
            now => new ExecutionTerminated(Converter.Serialize(options?.Output), options?.Recursive ?? false) { Timestamp = now },
            cancellation);

    public override Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        SendAsync(instanceId, now => new ExecutionSuspended(reason) { Timestamp = now }, cancellation);

    public override Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
        SendAsync(instanceId, now => new ExecutionResumed(reason) { Timestamp = now }, cancellation);

    public override async Task<string> RestartAsync(
        string instanceId, bool restartWithNewInstanceId = false, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        await engine.Ready.WaitAsync(cancellation);
        var old = await Store.GetStateAsync(instanceId, cancellation)
            ?? throw new ArgumentException($"An orchestration with the instanceId {instanceId} was not found.");
        if (!restartWithNewInstanceId && !old.Status.IsTerminal())
        {
            throw new InvalidOperationException($"An orchestration with the instanceId {instanceId} cannot be restarted.");
        }

        var now = Now();
        var state = new InstanceState
        {
            InstanceId = restartWithNewInstanceId ? Guid.NewGuid().ToString("N") : instanceId,
            Name = old.Name,
            Version = old.Version,
            ExecutionId = Guid.NewGuid().ToString("N"),
            Input = old.Input,
            CreatedAt = now,
            LastUpdatedAt = now,
            IncarnatedAt = now,
            Tags = old.Tags,
            IsActive = true,
        };
        await CreateAsync(state, DefaultDedupe, cancellation);
        return state.InstanceId;
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static InstanceStatus[] DedupeStatuses(StartOrchestrationOptions? options)
    {
        if (options?.DedupeStatuses is not { } names)
        {
            return DefaultDedupe;
        }

        var given = names.Select(text => Enum.TryParse<OrchestrationRuntimeStatus>(text, ignoreCase: true, out var status)
            ? status
            : throw new ArgumentException($"Invalid orchestration runtime status: '{text}' for deduplication.")).ToHashSet();
        var statuses = given.Select(status => Enum.TryParse<InstanceStatus>(status.ToString(), out var known) ? known : (InstanceStatus?)null)
            .OfType<InstanceStatus>()
            .ToArray();
        if (statuses.Contains(InstanceStatus.Terminated) && DefaultDedupe.Except(statuses).Any())
        {
            throw new ArgumentException(
                "DedupeStatuses contain 'Terminated' but allow a running instance to be replaced: it would be terminated, and then forbid the new one. " +
                "Add Pending, Running and Suspended, or leave out Terminated.");
        }

        return statuses;
    }

    private async Task CreateAsync(InstanceState state, InstanceStatus[] dedupe, CancellationToken cancellation)
    {
        await engine.Ready.WaitAsync(cancellation);
        if (!engine.IsOwner)
        {
            // Word first, and it stays for a while: whoever reads it finds the instance now or the next time.
            await engine.NotifyAsync(state.InstanceId, cancellation);
        }

        while (true)
        {
            // Insert first: a new id, the usual case, costs one call.
            if (await Store.TryCreateAsync(state, null, cancellation) is { } etag)
            {
                engine.PostCreated(state with { ETag = etag });
                engine.Watch.Changed(state.InstanceId);
                return;
            }

            var existing = await Store.GetStateAsync(state.InstanceId, cancellation);
            if (existing is null)
            {
                continue;
            }

            if (existing.ExecutionId == state.ExecutionId)
            {
                break; // Our own insert, whose answer was lost.
            }

            if (dedupe.Contains(existing.Status))
            {
                throw new OrchestrationAlreadyExistsException(
                    $"An Orchestration instance with the status {existing.Status} already exists.");
            }

            if (!existing.Status.IsTerminal())
            {
                await TerminateInstanceAsync(state.InstanceId, new TerminateInstanceOptions("A new instance with the same id replaces this one."), cancellation);
                await WaitForInstanceCompletionAsync(state.InstanceId, cancellation);
            }
            else if (await Store.TryCreateAsync(state, existing.ETag, cancellation) is not null)
            {
                break;
            }
        }

        engine.Post(state.InstanceId, null);
        engine.Watch.Changed(state.InstanceId);
    }

    private async Task SendAsync(string instanceId, Func<DateTime, HistoryEvent> create, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        await engine.Ready.WaitAsync(cancellation);

        // Messages for instances that ended or never were are silently discarded, as the real client's documentation says.
        if (await Store.GetStateAsync(instanceId, cancellation) is not { } state || state.Status.IsTerminal())
        {
            return;
        }

        var now = Now();
        var message = new InboxMessage(RowKeys.Inbox(now, Guid.NewGuid().ToString("N")), create(now.UtcDateTime));
        if (engine.IsOwner)
        {
            await Store.AddInboxAsync(instanceId, message, cancellation);
            engine.Post(instanceId, new MailboxItem(message.Event, null, message.Key));
        }
        else
        {
            // Word first, and it stays for a while: whoever reads it finds the message now or the next time.
            await engine.NotifyAsync(instanceId, cancellation);
            await Store.AddInboxAsync(instanceId, message, cancellation);
        }
    }

    // Strictly increasing, so that messages of one client keep their order.
    private DateTimeOffset Now()
    {
        while (true)
        {
            var last = Interlocked.Read(ref _lastTicks);
            var next = Math.Max(engine.Time.GetUtcNow().UtcTicks, last + 1);
            if (Interlocked.CompareExchange(ref _lastTicks, next, last) == last)
            {
                return new DateTimeOffset(next, TimeSpan.Zero);
            }
        }
    }
}
