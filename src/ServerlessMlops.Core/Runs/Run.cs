namespace ServerlessMlops.Core.Runs;

/// <summary>What a run does.</summary>
public enum RunKind
{
    /// <summary>One uploaded file, checked and kept as a batch.</summary>
    Ingestion,

    /// <summary>One training: data set, candidates, judgement, registration.</summary>
    Training,

    /// <summary>One release of a model version.</summary>
    Rollout,

    /// <summary>One check of a live model.</summary>
    Monitor,

    /// <summary>One question to a person: may this version go live?</summary>
    Approval,

    /// <summary>Logged requests scored again by a version, for a comparison.</summary>
    Replay,

    /// <summary>One file of labels, joined with predictions.</summary>
    Labels,

    /// <summary>One file of rows, scored.</summary>
    Scoring,
}

/// <summary>How a run stands.</summary>
public enum RunStatus
{
    /// <summary>Under way.</summary>
    Running,

    /// <summary>Waits for something a person provides, such as the pipeline's spec; the reason says what.</summary>
    Waiting,

    /// <summary>Ended as meant.</summary>
    Succeeded,

    /// <summary>Ended because the input or the candidate did not pass a rule; the reason says which.</summary>
    Rejected,

    /// <summary>Ended because something broke; the reason says what, and the run can be retried.</summary>
    Failed,

    /// <summary>Nothing was to do: the same input had been dealt with, and its result was verified.</summary>
    Cached,

    /// <summary>Ended by a person.</summary>
    Cancelled,
}

/// <summary>A thing that a run read or wrote; the edges of lineage.</summary>
/// <param name="Kind">What it is: upload, batch, dataset, spec, model, version.</param>
/// <param name="Id">Its id or path.</param>
/// <param name="Detail">What a person wants to know of it at a glance, such as its row count.</param>
public sealed record RunArtifact(string Kind, string Id, string? Detail = null);

/// <summary>
/// One run of a pipeline: the durable answer to "was this done already, and how did it end". Durable's own instance status is purged;
/// this row stays.
/// </summary>
public sealed record Run
{
    /// <summary>The pipeline, or <see cref="Pipelines.PipelineName.Unassigned"/>.</summary>
    public required string Pipeline { get; init; }

    /// <summary>Deterministic id, unique in the pipeline; also the id of the orchestration instance.</summary>
    public required string Id { get; init; }

    /// <summary>What it does.</summary>
    public required RunKind Kind { get; init; }

    /// <summary>How it stands.</summary>
    public required RunStatus Status { get; init; }

    /// <summary>The step it is at, or ended at: a word such as <c>reading</c>, <c>training</c>, <c>gates</c>.</summary>
    public required string Stage { get; init; }

    /// <summary>When its orchestration began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended, or null while it runs or waits.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why it ended as it did, in a sentence a person can act on; null while all is well.</summary>
    public string? Reason { get; init; }

    /// <summary>1, and one more for each time a person (or an arrived spec) had it tried again.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>What it read.</summary>
    public IReadOnlyList<RunArtifact> Inputs { get; init; } = [];

    /// <summary>What it wrote.</summary>
    public IReadOnlyList<RunArtifact> Outputs { get; init; } = [];

    /// <summary>Whether it has ended: neither running nor waiting.</summary>
    public bool IsEnded => Status is not (RunStatus.Running or RunStatus.Waiting);
}
