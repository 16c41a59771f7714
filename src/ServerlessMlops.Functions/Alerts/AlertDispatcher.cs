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
        int delivered = unsent.Count == 0 ? 0 : await TellAsync(claimed, unsent, cancellation);
        await alerts.MarkSentAsync(due.Pipeline, unsent, now, cancellation);
        await alerts.UpdateGroupAsync(due.Pipeline, due.Topic, group => group.Close(due.Number, time.GetUtcNow()), cancellation);
        await alerts.RemoveDueAsync(due, cancellation);
        return new DispatchResult(delivered, await PlanLeftoversAsync(due, cancellation));
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

    private async Task<int> TellAsync(AlertGroup group, List<Alert> unsent, CancellationToken cancellation)
    {
        List<Alert> open = await AllAsync(alerts.ListOpenAsync(group.Pipeline, cancellation));
        Alert[] telling = [.. unsent.Where(alert => !AlertRouting.IsInhibited(alert, open))];
        var sent = (await alerts.ListDeliveriesAsync(group.Pipeline, AlertNotification.Of(group, unsent, default).Id, cancellation))
            .Where(delivery => delivery.Delivered)
            .Select(delivery => delivery.Rule)
            .ToHashSet(StringComparer.Ordinal);
        IEnumerable<Task<bool>> deliveries = (await RulesAsync(group.Pipeline, cancellation))
            .Select(rule => (Rule: rule, Alerts: AlertRouting.Select(rule, telling)))
            .Where(pair => pair.Alerts.Count > 0 && !sent.Contains(NameOf(pair.Rule)))
            .DistinctBy(pair => NameOf(pair.Rule))
            .Select(pair => DeliverAsync(pair.Rule, AlertNotification.Of(group, pair.Alerts, time.GetUtcNow()), cancellation));
        return (await Task.WhenAll(deliveries)).Count(ok => ok);
    }

    private async Task<bool> DeliverAsync(AlertSpec rule, AlertNotification notification, CancellationToken cancellation)
    {
        string setting = AlertRouting.SettingName(rule);
        string name = NameOf(rule);
        AlertDelivery delivery;
        if (configuration[setting] is not { Length: > 0 } address)
        {
            // The default rule is an offer; a rule that somebody wrote and that leads nowhere is a fault.
            if (ReferenceEquals(rule, AlertRouting.Default))
            {
                return false;
            }

            AlertsLog.NoAddress(logger, notification.Id, name, setting);
            delivery = new AlertDelivery(notification.Pipeline, notification.Id, name, false, 0, time.GetUtcNow(), $"App setting '{setting}' is not set.");
        }
        else
        {
            ChannelOutcome outcome = await _channels[rule.To].SendAsync(notification, new ChannelAddress(address, configuration[$"{setting}_SECRET"]), cancellation);
            delivery = new AlertDelivery(notification.Pipeline, notification.Id, name, outcome.Delivered, outcome.Attempts, time.GetUtcNow(), outcome.Sentence);
            if (outcome.Delivered)
            {
                AlertsLog.Delivered(logger, notification.Id, notification.Total, name, outcome.Sentence);
            }
            else
            {
                AlertsLog.NotDelivered(logger, notification.Id, name, outcome.Sentence);
            }
        }

        await alerts.SaveDeliveryAsync(delivery, cancellation);
        return delivery.Delivered;
    }

    private async Task<IReadOnlyList<AlertSpec>> RulesAsync(string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline) || await pipelines.GetAsync(pipeline, cancellation) is not { } stored)
        {
            return AlertRouting.Rules([]);
        }

        if (PipelineSpecParser.Parse(stored.Yaml).Spec is { } spec)
        {
            return AlertRouting.Rules(spec.Alerts);
        }

        AlertsLog.DefaultRules(logger, pipeline);
        return AlertRouting.Rules([]);
    }

    /// <summary>Channel and setting: what tells one rule's deliveries from another's, without the address. No characters that a row key refuses.</summary>
    private static string NameOf(AlertSpec rule) => $"{rule.To.ToString().ToLowerInvariant()} {new string([.. AlertRouting.SettingName(rule).Where(c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':' or '-')])}";

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
