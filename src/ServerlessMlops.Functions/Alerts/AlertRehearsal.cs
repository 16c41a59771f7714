using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Alerts.Channels;

namespace ServerlessMlops.Functions.Alerts;

/// <summary>
/// Sends a trial notification to every destination of a pipeline, so that a wrong address is found on a quiet day. Nothing is recorded as an alert; an
/// incident that a service opens for it is closed at once.
/// </summary>
public sealed class AlertRehearsal(AlertDispatcher dispatcher, TimeProvider time)
{
    /// <summary>How long all destinations together may take.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(75);

    /// <summary>Sends, to all at once.</summary>
    public async Task<IReadOnlyList<RehearsalOutcome>> RunAsync(string pipeline, string by, CancellationToken cancellation)
    {
        IReadOnlyList<AlertDestination> destinations = await dispatcher.DestinationsAsync(pipeline, cancellation);
        AlertNotification trial = Trial(pipeline, by, time.GetUtcNow());
        using var limit = new CancellationTokenSource(Limit, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        return await Task.WhenAll(destinations.Select(destination => TryAsync(destination, trial, ended.Token, cancellation)));
    }

    private async Task<RehearsalOutcome> TryAsync(AlertDestination destination, AlertNotification trial, CancellationToken ended, CancellationToken cancellation)
    {
        try
        {
            ChannelOutcome? outcome = await dispatcher.SendAsync(destination, trial, ended);
            if (outcome is { Delivered: true } && destination.KeepsIncidents)
            {
                ChannelOutcome over = (await dispatcher.SendAsync(destination, Over(trial), ended))!;
                outcome = over.Delivered ? outcome : over with { Sentence = $"The trial incident was opened, but not closed: {over.Sentence}" };
            }

            return outcome is null
                ? new RehearsalOutcome(destination.Name, false, false, 0, $"App setting '{destination.Setting}' is not set; the channel is not used.")
                : new RehearsalOutcome(destination.Name, outcome.Attempts > 0, outcome.Delivered, outcome.Attempts, outcome.Sentence);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new RehearsalOutcome(destination.Name, true, false, 1, $"Not delivered within {Limit.TotalSeconds:0} seconds.");
        }
    }

    private static AlertNotification Trial(string pipeline, string by, DateTimeOffset now)
    {
        var alert = AlertMoves.Apply(
            null,
            new AlertEvent
            {
                Pipeline = pipeline, Topic = AlertTopic.Failed, Severity = AlertSeverity.Warning, Subject = "trial", Title = "A trial: nothing is wrong",
                Detail = $"{by} asked for a trial notification, to see that it arrives. There is nothing to do.", At = now, Evidence = "trial",
            },
            AlertPolicy.Default)!;
        string id = $"{pipeline}-trial-{now.ToUnixTimeMilliseconds()}";
        return AlertNotification.Of(new AlertGroup(pipeline, AlertTopic.Failed), [alert], [], now) with { Id = id, IncidentKey = $"serverlessmlops/{id}" };
    }

    private static AlertNotification Over(AlertNotification trial) =>
        trial with { Alerts = [trial.Alerts[0] with { State = AlertState.Resolved }], Holding = 0, Unattended = 0 };
}
