using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Alerts;
using ServerlessMlops.Functions.Alerts.Channels;
using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Functions.Tests.Alerts;

/// <summary>The <c>alerts</c> table in memory.</summary>
internal sealed class FakeAlertStore : IAlertStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string, string), Alert> _alerts = [];
    private readonly Dictionary<(string, AlertTopic), AlertGroup> _groups = [];
    private readonly HashSet<DueNotification> _due = [];

    public List<AlertDelivery> Deliveries { get; } = [];

    public int Count => _alerts.Count;

    public Task<Alert?> UpdateAsync(string pipeline, string id, Func<Alert?, Alert?> change, CancellationToken cancellation)
    {
        lock (_gate)
        {
            Alert? current = _alerts.GetValueOrDefault((pipeline, id));
            Alert? next = change(current);
            if (next is not null)
            {
                _alerts[(pipeline, id)] = next;
            }

            return Task.FromResult(next ?? current);
        }
    }

    public Task<Alert?> GetAsync(string pipeline, string id, CancellationToken cancellation) => Task.FromResult(_alerts.GetValueOrDefault((pipeline, id)));

    public Task<Core.Page<Alert>> ListAsync(string pipeline, int pageSize, string? continuation, CancellationToken cancellation) =>
        Task.FromResult(new Core.Page<Alert>([.. _alerts.Values.Where(a => a.Pipeline == pipeline).Take(pageSize)], null));

    public IAsyncEnumerable<Alert> ListOpenAsync(string pipeline, CancellationToken cancellation) => Some(a => a.Pipeline == pipeline && a.State != AlertState.Resolved);

    public IAsyncEnumerable<Alert> ListUnsentAsync(string pipeline, AlertTopic topic, CancellationToken cancellation) =>
        Some(a => a.Pipeline == pipeline && a.Topic == topic && a.Unsent);

    public async Task MarkSentAsync(string pipeline, IReadOnlyCollection<Alert> told, DateTimeOffset at, CancellationToken cancellation)
    {
        foreach (Alert alert in told)
        {
            await UpdateAsync(pipeline, alert.Id, current => AlertMoves.MarkSent(current!, alert, at), cancellation);
        }
    }

    public Task<AlertGroup?> UpdateGroupAsync(string pipeline, AlertTopic topic, Func<AlertGroup, AlertGroup?> change, CancellationToken cancellation)
    {
        lock (_gate)
        {
            AlertGroup? next = change(_groups.GetValueOrDefault((pipeline, topic)) ?? new AlertGroup(pipeline, topic));
            if (next is not null)
            {
                _groups[(pipeline, topic)] = next;
                if (next.DueAt is not null)
                {
                    _due.Add(new DueNotification(pipeline, topic, next.Number));
                }
            }

            return Task.FromResult(next);
        }
    }

    public async IAsyncEnumerable<DueNotification> ListDueAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.Yield();
        foreach (DueNotification due in _due.ToArray())
        {
            yield return due;
        }
    }

    public Task RemoveDueAsync(DueNotification due, CancellationToken cancellation)
    {
        lock (_gate)
        {
            _due.Remove(due);
        }

        return Task.CompletedTask;
    }

    public Task SaveDeliveryAsync(AlertDelivery delivery, CancellationToken cancellation)
    {
        lock (_gate)
        {
            Deliveries.Add(delivery);
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<AlertDelivery>> ListDeliveriesAsync(string pipeline, string notification, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<AlertDelivery>>([.. Deliveries.Where(d => d.Notification == notification)]);

    private async IAsyncEnumerable<Alert> Some(Func<Alert, bool> predicate)
    {
        await Task.Yield();
        foreach (Alert alert in _alerts.Values.Where(predicate).ToArray())
        {
            yield return alert;
        }
    }
}

/// <summary>One spec for every pipeline.</summary>
internal sealed class FakePipelines(string? yaml) : IPipelineStore
{
    public Task<StoredSpec?> GetAsync(string pipeline, CancellationToken cancellation) => Task.FromResult(yaml is null ? null : new StoredSpec(pipeline, yaml, "1"));

    public Task<StoredSpec?> GetVersionAsync(string pipeline, string specHash, CancellationToken cancellation) => GetAsync(pipeline, cancellation);

    public Task KeepVersionAsync(string pipeline, string specHash, string text, CancellationToken cancellation) => Task.CompletedTask;

    public Task<string?> PutAsync(string pipeline, string text, string? ifMatch, string actor, CancellationToken cancellation) => Task.FromResult<string?>("1");

    public IAsyncEnumerable<string> ListAsync(CancellationToken cancellation) => AsyncEnumerable.Empty<string>();
}

/// <summary>A channel that keeps what it is told.</summary>
internal sealed class FakeChannel(AlertTarget target) : IAlertChannel
{
    public ConcurrentQueue<AlertNotification> Told { get; } = new();

    public Func<ChannelOutcome> Answer { get; set; } = () => new ChannelOutcome(true, 1, "Answered 200.");

    public AlertTarget Target => target;

    public Task<ChannelOutcome> SendAsync(AlertNotification notification, ChannelAddress address, CancellationToken cancellation)
    {
        Told.Enqueue(notification);
        return Task.FromResult(Answer());
    }
}

/// <summary>Alerts wired on fakes, with a clock that tests move.</summary>
internal sealed class AlertsHarness
{
    public AlertsHarness(string? yaml = null, params string[] settings)
    {
        IOptions<AlertsOptions> options = Options.Create(new AlertsOptions());
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => s, string? (_) => "https://example.invalid/hook")).Build();
        Dispatcher = new AlertDispatcher(Store, new FakePipelines(yaml), [Webhook, Slack], configuration, options, Clock, NullLogger<AlertDispatcher>.Instance);
        Sink = new AlertPublisher(Store, new AlertCourier(Dispatcher, Clock, NullLogger<AlertCourier>.Instance), options, Clock, NullLogger<AlertPublisher>.Instance);
        Sweep = new AlertSweep(Store, Dispatcher, NullLogger<AlertSweep>.Instance);
    }

    public ManualTimeProvider Clock { get; } = new();

    public FakeAlertStore Store { get; } = new();

    public FakeChannel Webhook { get; } = new(AlertTarget.Webhook);

    public FakeChannel Slack { get; } = new(AlertTarget.Slack);

    public AlertDispatcher Dispatcher { get; }

    public IAlertSink Sink { get; }

    public AlertSweep Sweep { get; }

    public AlertEvent Event(string subject, AlertTopic topic = AlertTopic.Rejected, string pipeline = "birds") => new()
    {
        Pipeline = pipeline, Topic = topic, Severity = AlertSeverity.Warning, Subject = subject, Title = $"{subject} was rejected", Detail = "Column 'x' is missing.",
        At = Clock.GetUtcNow(), Evidence = subject,
    };
}
