using System.Text.Json.Serialization;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Alerts;

/// <summary>How an alert stands.</summary>
public enum AlertState
{
    /// <summary>It holds, and nobody has said that they look after it.</summary>
    Firing,

    /// <summary>It holds, and somebody looks after it: no reminders.</summary>
    Acknowledged,

    /// <summary>It is over.</summary>
    Resolved,
}

/// <summary>One thing that is wrong with a pipeline, however many events report it: a row of the <c>alerts</c> table.</summary>
public sealed record Alert
{
    /// <summary>The most reports whose times are kept: as many as a rule can ask for.</summary>
    public const int MaxRecent = 20;

    /// <summary>See <see cref="AlertEvent.Fingerprint"/>.</summary>
    public required string Id { get; init; }

    /// <summary>The pipeline.</summary>
    public required string Pipeline { get; init; }

    /// <summary>What it is about.</summary>
    public required AlertTopic Topic { get; init; }

    /// <summary>The gravest severity of its events.</summary>
    public required AlertSeverity Severity { get; init; }

    /// <summary>See <see cref="AlertEvent.Subject"/>.</summary>
    public required string Subject { get; init; }

    /// <summary>Title of the latest event.</summary>
    public required string Title { get; init; }

    /// <summary>Detail of the latest event.</summary>
    public required string Detail { get; init; }

    /// <summary>Evidence of the latest event.</summary>
    public required string Evidence { get; init; }

    /// <summary>Whether it tells what happened, not what is wrong: it is over once it has been decided whom to tell.</summary>
    [JsonIgnore]
    public bool IsNews => Topic == AlertTopic.Promoted;

    /// <summary>How it stands.</summary>
    public required AlertState State { get; init; }

    /// <summary>When it began to hold; anew after it was resolved.</summary>
    public required DateTimeOffset FirstAt { get; init; }

    /// <summary>When it was last reported.</summary>
    public required DateTimeOffset LastAt { get; init; }

    /// <summary>How often it was reported since it began.</summary>
    public required long Occurrences { get; init; }

    /// <summary>The latest observation counted; see <see cref="AlertEvent.Observation"/>.</summary>
    public long Observation { get; init; }

    /// <summary>How many observations in a row have found it well again, where it takes more than one to end it.</summary>
    public int Clear { get; init; }

    /// <summary>Whether there is something to tell that has not been told.</summary>
    public bool Unsent { get; init; }

    /// <summary>When it was last decided whom to tell of it.</summary>
    public DateTimeOffset? DecidedAt { get; init; }

    /// <summary>What was told last, by each destination that was told.</summary>
    public IReadOnlyList<AlertTold> Told { get; init; } = [];

    /// <summary>When it was last told to anybody.</summary>
    public DateTimeOffset? NotifiedAt => Told.Count == 0 ? null : Told.Max(told => told.At);

    /// <summary>The latest reports, oldest first; at most <see cref="MaxRecent"/>.</summary>
    public IReadOnlyList<DateTimeOffset> Recent { get; init; } = [];

    /// <summary>Whether each further report is looked at: a rule waits for more of them, or the alert is withheld for now.</summary>
    public bool Waiting { get; init; }

    /// <summary>Why nobody is told although it holds: a silence, or another alert that explains it. Null where nothing is withheld.</summary>
    public string? Withheld { get; init; }

    /// <summary>Notifications in a row of which a destination could not be told.</summary>
    public int Failures { get; init; }

    /// <summary>Who looks after it, or closed it.</summary>
    public string? AcknowledgedBy { get; init; }

    /// <summary>Storage's version mark; a change is refused where it has moved on.</summary>
    [JsonIgnore]
    public string? ETag { get; init; }
}

/// <summary>What a destination was told of an alert last.</summary>
/// <param name="Destination">See <see cref="AlertDestination.Name"/>.</param>
/// <param name="Notification">Id of the notification.</param>
/// <param name="State">How the alert stood.</param>
/// <param name="Severity">How grave it was.</param>
/// <param name="At">When.</param>
public sealed record AlertTold(string Destination, string Notification, AlertState State, AlertSeverity Severity, DateTimeOffset At);
