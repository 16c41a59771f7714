using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Alerts;

/// <summary>
/// Alerts of one pipeline and topic are told together. The group's row says whether a notification is due, and whose turn it is to send it.
/// </summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Topic">The topic.</param>
public sealed record AlertGroup(string Pipeline, AlertTopic Topic)
{
    /// <summary>How long a sender has before another may take over: it died.</summary>
    public static TimeSpan Lease { get; } = TimeSpan.FromMinutes(6);

    /// <summary>Number of the notification that is due, or was last sent; 0 before the first.</summary>
    public long Number { get; init; }

    /// <summary>Id of notification <see cref="Number"/>: the same for every attempt to send it.</summary>
    public string NotificationId => $"{Pipeline}-{Topic.ToString().ToLowerInvariant()}-{Number}";

    /// <summary>When notification <see cref="Number"/> is due; null when nothing is.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>Until when a sender has the turn.</summary>
    public DateTimeOffset? ClaimedUntil { get; init; }

    /// <summary>When the last notification was sent.</summary>
    public DateTimeOffset? SentAt { get; init; }

    /// <summary>
    /// There is something to tell: plans the next notification, unless one is due that nobody has begun to send. The first waits a little for
    /// more, later ones keep their distance.
    /// </summary>
    public AlertGroup Schedule(DateTimeOffset now, AlertPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        if (DueAt is not null)
        {
            return this;
        }

        DateTimeOffset due = now + policy.GroupWait;
        return this with
        {
            Number = Number + 1, DueAt = SentAt is { } sent && sent + policy.GroupInterval > due ? sent + policy.GroupInterval : due, ClaimedUntil = null,
        };
    }

    /// <summary>Takes the turn for notification <paramref name="number"/>; null where it is not due yet, another has the turn, or it was sent.</summary>
    public AlertGroup? Claim(long number, DateTimeOffset now) =>
        DueAt is { } due && due <= now && number == Number && !(ClaimedUntil > now) ? this with { ClaimedUntil = now + Lease } : null;

    /// <summary>Notification <paramref name="number"/> was sent.</summary>
    public AlertGroup Close(long number, DateTimeOffset now) =>
        number == Number && DueAt is not null ? this with { DueAt = null, ClaimedUntil = null, SentAt = now } : this;
}
