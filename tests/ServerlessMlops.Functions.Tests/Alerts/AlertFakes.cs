using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Alerts;
using ServerlessMlops.Functions.Alerts.Channels;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Functions.Tests.Alerts;

/// <summary>The <c>alerts</c> table in memory.</summary>
internal sealed class FakeAlertStore : IAlertStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string, string), Alert> _alerts = [];
    private readonly Dictionary<(string, AlertTopic), AlertGroup> _groups = [];
    private readonly HashSet<DueNotification> _due = [];
    private readonly Dictionary<string, Silence> _silences = [];

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

    public IAsyncEnumerable<Alert> ListOpenAsync(string pipeline, IReadOnlyList<AlertTopic> topics, CancellationToken cancellation) =>
        Some(a => a.Pipeline == pipeline && a.State != AlertState.Resolved && (topics.Count == 0 || topics.Contains(a.Topic)));

    public IAsyncEnumerable<Alert> ListUnsentAsync(string pipeline, AlertTopic topic, CancellationToken cancellation) =>
        Some(a => a.Pipeline == pipeline && a.Topic == topic && a.Unsent);

    public IAsyncEnumerable<Alert> ListSinceAsync(string pipeline, AlertTopic topic, DateTimeOffset since, CancellationToken cancellation) =>
        Some(a => a.Pipeline == pipeline && a.Topic == topic && a.FirstAt >= since);

    public async Task MarkSentAsync(string pipeline, IReadOnlyCollection<AlertSent> sent, DateTimeOffset at, CancellationToken cancellation)
    {
        foreach (AlertSent one in sent)
        {
            await UpdateAsync(pipeline, one.Seen.Id, current => AlertMoves.MarkSent(current!, one, at), cancellation);
        }
    }

    public Task SaveSilenceAsync(Silence silence, CancellationToken cancellation)
    {
        lock (_gate)
        {
            _silences[silence.Id] = silence;
        }

        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<Silence> ListSilencesAsync(string pipeline, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.Yield();
        foreach (Silence silence in _silences.Values.Where(s => s.Pipeline == pipeline).ToArray())
        {
            yield return silence;
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

    public Task Gate { get; set; } = Task.CompletedTask;

    public AlertTarget Target => target;

    public async Task<ChannelOutcome> SendAsync(AlertNotification notification, ChannelAddress address, CancellationToken cancellation)
    {
        await Gate.WaitAsync(cancellation);
        Told.Enqueue(notification);
        return Answer();
    }
}

/// <summary>Alerts wired on fakes, with a clock that tests move.</summary>
internal sealed class AlertsHarness
{
    public AlertsHarness(string? yaml = null, params string[] settings)
    {
        IOptions<AlertsOptions> options = Options.Create(new AlertsOptions());
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => s, string? (_) => "https://example.invalid/hook")).Build();
        Dispatcher = new AlertDispatcher(Store, new FakePipelines(yaml), [Webhook, Slack, PagerDuty], configuration, options, Clock, NullLogger<AlertDispatcher>.Instance);
        Courier = new AlertCourier(Dispatcher, Clock, NullLogger<AlertCourier>.Instance);
        var planner = new AlertPlanner(Store, Courier, options, Clock);
        Sink = new AlertPublisher(Store, planner, options, NullLogger<AlertPublisher>.Instance);
        var hosting = new HostingOptions(false);
        Api = new AlertsApi(Store, planner, new AlertRehearsal(Dispatcher, Clock), hosting);
        Silences = new SilencesApi(Store, hosting, Clock);
        Sweep = new AlertSweep(Store, Dispatcher, NullLogger<AlertSweep>.Instance);
    }

    public ManualTimeProvider Clock { get; } = new();

    public FakeAlertStore Store { get; } = new();

    public FakeChannel Webhook { get; } = new(AlertTarget.Webhook);

    public FakeChannel Slack { get; } = new(AlertTarget.Slack);

    public FakeChannel PagerDuty { get; } = new(AlertTarget.PagerDuty);

    public AlertDispatcher Dispatcher { get; }

    public AlertCourier Courier { get; }

    public AlertsApi Api { get; }

    public SilencesApi Silences { get; }

    public IAlertSink Sink { get; }

    public AlertSweep Sweep { get; }

    public AlertEvent Event(string subject, AlertTopic topic = AlertTopic.Rejected, string pipeline = "birds") => new()
    {
        Pipeline = pipeline, Topic = topic, Severity = AlertSeverity.Warning, Subject = subject, Title = $"{subject} was rejected", Detail = "Column 'x' is missing.",
        At = Clock.GetUtcNow(), Evidence = subject,
    };
}
