using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Alerts;

/// <summary>Something happened that somebody may want to know of. The same event raised twice is one alert.</summary>
public sealed record AlertEvent
{
    /// <summary>The pipeline.</summary>
    public required string Pipeline { get; init; }

    /// <summary>What it is about.</summary>
    public required AlertTopic Topic { get; init; }

    /// <summary>How urgent.</summary>
    public required AlertSeverity Severity { get; init; }

    /// <summary>
    /// What exactly, within the topic: a run id, a feature, an objective. Together with pipeline and topic it tells one alert from another;
    /// a state that lasts (drift of one feature) keeps its subject, an incident (a rejected upload) has one of its own.
    /// </summary>
    public required string Subject { get; init; }

    /// <summary>What happened, in a few words.</summary>
    public required string Title { get; init; }

    /// <summary>What was found, where, and what can be done. No row values, no secrets.</summary>
    public required string Detail { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What bears it out: a run id, the path of a report.</summary>
    public required string Evidence { get; init; }

    /// <summary>Whether the state is over: resolves the alert if there is one, and makes none.</summary>
    public bool Resolved { get; init; }

    /// <summary>Of an end: how many observations in a row must say it before the alert is over. One that says otherwise begins the count anew.</summary>
    public int ClearAfter { get; init; } = 1;

    /// <summary>
    /// A number that grows with each observation of the state, such as the hour that was checked, so that an observation reported twice counts
    /// once; 0 for incidents, which count once anyway.
    /// </summary>
    public long Observation { get; init; }

    /// <summary>Id of the alert that this event belongs to: equal events, equal ids.</summary>
    public string Fingerprint => ContentAddress.Short(ContentAddress.Of($"{Pipeline.Length}:{Pipeline}|{Topic}|{Subject}"));
}
