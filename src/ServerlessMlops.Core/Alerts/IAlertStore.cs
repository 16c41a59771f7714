using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Alerts;

/// <summary>A notification that waits to be sent.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Topic">The topic.</param>
/// <param name="Number">See <see cref="AlertGroup.Number"/>.</param>
public sealed record DueNotification(string Pipeline, AlertTopic Topic, long Number);

/// <summary>The <c>alerts</c> table. Every call may be repeated.</summary>
public interface IAlertStore
{
    /// <summary>Replaces the alert by <paramref name="change"/> of it (null where there is none), by compare-and-swap. A null result keeps what is.</summary>
    Task<Alert?> UpdateAsync(string pipeline, string id, Func<Alert?, Alert?> change, CancellationToken cancellation);

    /// <summary>The alert, or null.</summary>
    Task<Alert?> GetAsync(string pipeline, string id, CancellationToken cancellation);

    /// <summary>Alerts of the pipeline, latest beginning first.</summary>
    Task<Page<Alert>> ListAsync(string pipeline, int pageSize, string? continuation, CancellationToken cancellation);

    /// <summary>Alerts that hold: firing or acknowledged.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="topics">About what; empty: everything.</param>
    /// <param name="cancellation">Ends it.</param>
    IAsyncEnumerable<Alert> ListOpenAsync(string pipeline, IReadOnlyList<AlertTopic> topics, CancellationToken cancellation);

    /// <summary>Alerts of a topic that have something to tell.</summary>
    IAsyncEnumerable<Alert> ListUnsentAsync(string pipeline, AlertTopic topic, CancellationToken cancellation);

    /// <summary>Alerts of a topic that began at <paramref name="since"/> or later, newest first.</summary>
    IAsyncEnumerable<Alert> ListSinceAsync(string pipeline, AlertTopic topic, DateTimeOffset since, CancellationToken cancellation);

    /// <summary>Writes down who was told of what; see <see cref="AlertMoves.MarkSent"/>.</summary>
    Task MarkSentAsync(string pipeline, IReadOnlyCollection<AlertSent> sent, DateTimeOffset at, CancellationToken cancellation);

    /// <summary>Writes a silence; one with the same id is replaced.</summary>
    Task SaveSilenceAsync(Silence silence, CancellationToken cancellation);

    /// <summary>The silences of a pipeline, those that are over included, in no order.</summary>
    IAsyncEnumerable<Silence> ListSilencesAsync(string pipeline, CancellationToken cancellation);

    /// <summary>Replaces the group by <paramref name="change"/> of it, by compare-and-swap; a null result keeps what is, and is returned.</summary>
    Task<AlertGroup?> UpdateGroupAsync(string pipeline, AlertTopic topic, Func<AlertGroup, AlertGroup?> change, CancellationToken cancellation);

    /// <summary>Notifications that wait to be sent, over all pipelines.</summary>
    IAsyncEnumerable<DueNotification> ListDueAsync(CancellationToken cancellation);

    /// <summary>Takes a notification off that list.</summary>
    Task RemoveDueAsync(DueNotification due, CancellationToken cancellation);

    /// <summary>Keeps how a delivery ended; a later one of the same notification and rule replaces it.</summary>
    Task SaveDeliveryAsync(AlertDelivery delivery, CancellationToken cancellation);

    /// <summary>Deliveries of a notification.</summary>
    Task<IReadOnlyList<AlertDelivery>> ListDeliveriesAsync(string pipeline, string notification, CancellationToken cancellation);
}
