using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Alerts.Channels;

namespace ServerlessMlops.Functions.Alerts;

/// <summary>What came of sending.</summary>
/// <param name="Delivered">Deliveries made.</param>
/// <param name="Next">The group, where more has come up meanwhile and its next notification is planned.</param>
public sealed record DispatchResult(int Delivered, AlertGroup? Next);

/// <summary>
/// Sends one notification by every rule that asks for it. Rules do not wait for one another, and one that fails keeps none from being told.
/// A delivery that is on record is not made again.
/// </summary>
public sealed class AlertDispatcher(
    IAlertStore alerts,
    IPipelineStore pipelines,
    IEnumerable<IAlertChannel> channels,
    IConfiguration configuration,
    IOptions<AlertsOptions> options,
    TimeProvider time,
    ILogger<AlertDispatcher> logger)
{
    private readonly Dictionary<AlertTarget, IAlertChannel> _channels = channels.ToDictionary(channel => channel.Target);

    /// <summary>Sends the notification if it is due and nobody else does.</summary>
    public async Task<DispatchResult> DispatchAsync(DueNotification due, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(due);
        AlertGroup? seen = null;
        DateTimeOffset now = time.GetUtcNow();
        AlertGroup? claimed = await alerts.UpdateGroupAsync(due.Pipeline, due.Topic, group => (seen = group).Claim(due.Number, now), cancellation);
        if (claimed is null)
        {
            if (seen is not null && (seen.Number > due.Number || (seen.Number == due.Number && seen.DueAt is null)))
            {
                await alerts.RemoveDueAsync(due, cancellation);
            }

            return new DispatchResult(0, null);
        }

        List<Alert> unsent = await AllAsync(alerts.ListUnsentAsync(due.Pipeline, due.Topic, cancellation));
        int delivered = 0;
        if (unsent.Count > 0)
        {
            (delivered, List<AlertSent> sent) = await TellAsync(claimed, unsent, cancellation);
            await alerts.MarkSentAsync(due.Pipeline, sent, now, cancellation);
        }

        await alerts.UpdateGroupAsync(due.Pipeline, due.Topic, group => group.Close(due.Number, time.GetUtcNow()), cancellation);
        await alerts.RemoveDueAsync(due, cancellation);
        return new DispatchResult(delivered, await PlanLeftoversAsync(due, cancellation));
    }

    /// <summary>Where the pipeline's alerts go; by the default rules where it has no spec or a faulty one.</summary>
    public async Task<IReadOnlyList<AlertDestination>> DestinationsAsync(string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline) || await pipelines.GetAsync(pipeline, cancellation) is not { } stored)
        {
            return AlertRouting.Destinations([]);
        }

        if (PipelineSpecParser.Parse(stored.Yaml).Spec is { } spec)
        {
            return AlertRouting.Destinations(spec.Alerts);
        }

        AlertsLog.DefaultRules(logger, pipeline);
        return AlertRouting.Destinations([]);
    }

    /// <summary>Sends by one destination; null where it is an offer that nobody took up (its setting is not set).</summary>
    public async Task<ChannelOutcome?> SendAsync(AlertDestination destination, AlertNotification notification, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(destination);
        ArgumentNullException.ThrowIfNull(notification);
        if (configuration[destination.Setting] is not { Length: > 0 } address)
        {
            return destination.IsOffer ? null : new ChannelOutcome(false, 0, $"App setting '{destination.Setting}' is not set.");
        }

        return await _channels[destination.To].SendAsync(notification, new ChannelAddress(address, configuration[$"{destination.Setting}_SECRET"]), cancellation);
    }

    /// <summary>What began while this notification was being sent found it planned and planned none of its own.</summary>
    private async Task<AlertGroup?> PlanLeftoversAsync(DueNotification due, CancellationToken cancellation)
    {
        await foreach (Alert _ in alerts.ListUnsentAsync(due.Pipeline, due.Topic, cancellation))
        {
            return await alerts.UpdateGroupAsync(due.Pipeline, due.Topic, group => group.Schedule(time.GetUtcNow(), options.Value.Policy), cancellation);
        }

        return null;
    }

    private async Task<(int Delivered, List<AlertSent> Sent)> TellAsync(AlertGroup group, List<Alert> unsent, CancellationToken cancellation)
    {
        IReadOnlyList<AlertDestination> destinations = [.. (await DestinationsAsync(group.Pipeline, cancellation)).Where(d => !d.IsOffer || configuration[d.Setting] is { Length: > 0 })];
        AlertSurroundings around = await SurroundingsAsync(group, unsent, destinations, cancellation);
        List<Alert> holding = await AllAsync(alerts.ListOpenAsync(group.Pipeline, [group.Topic], cancellation));
        AlertPlan[] plans = [.. unsent.Select(alert => AlertPlan.Of(alert, destinations, around, options.Value.Policy))];
        var onRecord = (await alerts.ListDeliveriesAsync(group.Pipeline, group.NotificationId, cancellation))
            .Where(delivery => delivery.Delivered)
            .Select(delivery => delivery.Destination)
            .ToHashSet(StringComparer.Ordinal);
        (AlertDestination Destination, bool Delivered, bool Again, bool New)[] outcomes = await Task.WhenAll(destinations
            .Where(destination => plans.Any(plan => plan.To.Contains(destination)))
            .Select(async destination =>
            {
                if (onRecord.Contains(destination.Name))
                {
                    return (destination, true, false, false);
                }

                Alert[] telling = [.. plans.Where(plan => plan.To.Contains(destination)).Select(plan => plan.Alert)];
                var notification = AlertNotification.Of(
                    group, telling, holding.Where(a => destination.ToldOf(a) is { State: not AlertState.Resolved }), time.GetUtcNow());
                ChannelOutcome outcome = await DeliverAsync(destination, notification, cancellation);
                return (destination, outcome.Delivered, !outcome.Delivered && outcome.Attempts > 0, outcome.Delivered);
            }));
        return (outcomes.Count(o => o.New), [.. plans.Select(plan => new AlertSent(
            plan.Alert,
            [.. outcomes.Where(o => o.Delivered && plan.To.Contains(o.Destination))
                .Select(o => new AlertTold(o.Destination.Name, group.NotificationId, plan.Alert.State, plan.Alert.Severity, around.Now))],
            outcomes.Any(o => o.Again && plan.To.Contains(o.Destination)),
            plan.Withheld,
            plan.Waiting))]);
    }

    private async Task<AlertSurroundings> SurroundingsAsync(
        AlertGroup group, List<Alert> unsent, IReadOnlyList<AlertDestination> destinations, CancellationToken cancellation)
    {
        IReadOnlyList<AlertTopic> causes = AlertRouting.CausesOf(group.Topic);
        List<Silence> silences = [];
        await foreach (Silence silence in alerts.ListSilencesAsync(group.Pipeline, cancellation))
        {
            silences.Add(silence);
        }

        TimeSpan within = destinations.SelectMany(d => d.Rules).Select(rule => rule.After?.Within ?? TimeSpan.Zero).DefaultIfEmpty().Max();
        return new AlertSurroundings(
            causes.Count == 0 ? [] : await AllAsync(alerts.ListOpenAsync(group.Pipeline, causes, cancellation)),
            silences,
            within == TimeSpan.Zero
                ? []
                : [.. (await AllAsync(alerts.ListSinceAsync(group.Pipeline, group.Topic, unsent.Min(a => a.LastAt) - within, cancellation))).Select(a => a.FirstAt)],
            time.GetUtcNow());
    }

    private async Task<ChannelOutcome> DeliverAsync(AlertDestination destination, AlertNotification notification, CancellationToken cancellation)
    {
        ChannelOutcome outcome;
        try
        {
            outcome = (await SendAsync(destination, notification, cancellation))!;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            // Channels tell faults as outcomes; what else one throws must not keep the others from being told, now and with every notification after. Its message may
            // name the address, which can hold a secret.
            outcome = new ChannelOutcome(false, 1, $"The channel broke: {e.GetType().Name}.");
        }

        if (outcome.Delivered)
        {
            AlertsLog.Delivered(logger, notification.Id, notification.Total, destination.Name, outcome.Sentence);
        }
        else
        {
            AlertsLog.NotDelivered(logger, notification.Id, destination.Name, outcome.Sentence);
        }

        await alerts.SaveDeliveryAsync(
            new AlertDelivery(notification.Pipeline, notification.Id, destination.Name, outcome.Delivered, outcome.Attempts, time.GetUtcNow(), outcome.Sentence), cancellation);
        return outcome;
    }

    private static async Task<List<Alert>> AllAsync(IAsyncEnumerable<Alert> source)
    {
        var all = new List<Alert>();
        await foreach (Alert alert in source)
        {
            all.Add(alert);
        }

        return all;
    }
}
