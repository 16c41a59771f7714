namespace ServerlessMlops.Core.Pipelines;

/// <summary>What is watched of the live model.</summary>
public sealed record MonitorSpec
{
    /// <summary>Length of the window that is compared.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromHours(1);

    /// <summary>When a change of distribution counts.</summary>
    public DriftSpec Drift { get; init; } = new();

    /// <summary>Service level objectives.</summary>
    public SloSpec Slo { get; init; } = new();

    /// <summary>What an outcome is worth; absent, value is not watched.</summary>
    public ValueSpec? Value { get; init; }

    /// <summary>For how long data, traffic, labels and new models may stay away.</summary>
    public StaleSpec Stale { get; init; } = new();

    /// <summary>How many checks in a row must find well again what an alert is about, before the alert is over.</summary>
    [SpecRange(1, 100)]
    public int ClearAfter { get; init; } = 2;

    /// <summary>How late labels may come to be joined with predictions.</summary>
    public TimeSpan LabelHorizon { get; init; } = TimeSpan.FromDays(30);
}

/// <summary>For how long what used to come may stay away: a warning after each, an alarm after twice that; 0 is for ever.</summary>
public sealed record StaleSpec
{
    /// <summary>Data that is accepted.</summary>
    public TimeSpan Data { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Requests to the live model.</summary>
    public TimeSpan Traffic { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Labels that join with predictions.</summary>
    public TimeSpan Labels { get; init; } = TimeSpan.FromDays(14);

    /// <summary>Trainings that give a model worth registering.</summary>
    public TimeSpan Training { get; init; } = TimeSpan.FromDays(60);
}

/// <summary>When a change of distribution counts: it must be large and significant.</summary>
public sealed record DriftSpec
{
    /// <summary>Population stability index from which a change is large.</summary>
    [SpecRange(0, 100)]
    public double Psi { get; init; } = 0.2;
}

/// <summary>Service level objectives of scoring.</summary>
public sealed record SloSpec
{
    /// <summary>Percentage of requests that are answered.</summary>
    [SpecRange(0, 100)]
    public double Availability { get; init; } = 99.9;

    /// <summary>99th percentile of the time to answer.</summary>
    public TimeSpan P99 { get; init; } = TimeSpan.FromMilliseconds(50);
}

/// <summary>What each outcome of a binary decision is worth, in the team's own unit.</summary>
public sealed record ValueSpec
{
    /// <summary>Positive, rightly.</summary>
    public double Tp { get; init; }

    /// <summary>Positive, wrongly.</summary>
    public double Fp { get; init; }

    /// <summary>Negative, rightly.</summary>
    public double Tn { get; init; }

    /// <summary>Negative, wrongly.</summary>
    public double Fn { get; init; }
}

/// <summary>Where an alert is sent.</summary>
public enum AlertTarget
{
    /// <summary>A URL, as CloudEvents.</summary>
    Webhook,

    /// <summary>Slack.</summary>
    Slack,

    /// <summary>Microsoft Teams.</summary>
    Teams,

    /// <summary>PagerDuty.</summary>
    PagerDuty,

    /// <summary>E-mail.</summary>
    Email,
}

/// <summary>What an alert is about.</summary>
public enum AlertTopic
{
    /// <summary>An upload was rejected.</summary>
    Rejected,

    /// <summary>A run failed.</summary>
    Failed,

    /// <summary>A candidate did not pass its gates.</summary>
    Gates,

    /// <summary>An approval is waited for.</summary>
    Approval,

    /// <summary>A model was promoted.</summary>
    Promoted,

    /// <summary>A model was rolled back.</summary>
    Rollback,

    /// <summary>Inputs or predictions drift.</summary>
    Drift,

    /// <summary>Live data breaks expectations.</summary>
    Quality,

    /// <summary>The model gets worse, measured or estimated.</summary>
    Performance,

    /// <summary>A service level objective is missed.</summary>
    Slo,

    /// <summary>The model's business value falls.</summary>
    Value,
}

/// <summary>How urgent an alert must be to be sent.</summary>
public enum AlertSeverity
{
    /// <summary>Good to know.</summary>
    Info,

    /// <summary>To look at today.</summary>
    Warning,

    /// <summary>To look at now.</summary>
    Critical,
}

/// <summary>Who is told of what.</summary>
public sealed record AlertSpec
{
    /// <summary>Where to.</summary>
    public required AlertTarget To { get; init; }

    /// <summary>Name of the app setting that holds the URL, key or address: secrets do not stand in a spec. By default <c>ALERTS_{TO}_URL</c>.</summary>
    public string? UrlSetting { get; init; }

    /// <summary>About what. Empty: everything.</summary>
    public IReadOnlyList<AlertTopic> On { get; init; } = [];

    /// <summary>From how urgent.</summary>
    public AlertSeverity Severity { get; init; } = AlertSeverity.Warning;

    /// <summary>Only when it was reported so often within a time. Absent: at the first report.</summary>
    public AlertFrequency? After { get; init; }
}

/// <summary>
/// So many reports within a time. A state (drift of one input) counts its own reports; an incident (a rejected upload) counts the incidents of
/// its topic.
/// </summary>
public sealed record AlertFrequency
{
    /// <summary>How many.</summary>
    [SpecRange(1, 20)]
    public int Times { get; init; } = 3;

    /// <summary>Within what time.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromHours(6);
}
