namespace ServerlessMlops.Core.Pipelines;

/// <summary>What becomes of a missing value (null, or an empty field).</summary>
public enum NullPolicy
{
    /// <summary>It is scored as missing.</summary>
    Accept,

    /// <summary>It is scored as missing, with a warning.</summary>
    Warn,

    /// <summary>The request is refused.</summary>
    Reject,
}

/// <summary>What becomes of a category that training did not see.</summary>
public enum UnknownPolicy
{
    /// <summary>It is scored as unknown, with a warning.</summary>
    Warn,

    /// <summary>It is scored as unknown.</summary>
    Accept,

    /// <summary>It is scored as missing, with a warning.</summary>
    Missing,

    /// <summary>The request is refused.</summary>
    Reject,
}

/// <summary>What becomes of what the signature does not allow, but a row could be scored without.</summary>
public enum UnfitPolicy
{
    /// <summary>The request is refused.</summary>
    Reject,

    /// <summary>It is scored as missing, with a warning.</summary>
    Missing,
}

/// <summary>What becomes of columns that are no input of the model.</summary>
public enum ExtraPolicy
{
    /// <summary>They are ignored, with a warning.</summary>
    Warn,

    /// <summary>They are ignored.</summary>
    Accept,

    /// <summary>The request is refused.</summary>
    Reject,
}

/// <summary>How a column's values stand in the prediction log.</summary>
public enum LogForm
{
    /// <summary>As they were scored.</summary>
    Full,

    /// <summary>As a keyed hash (HMAC-SHA256 by the app setting <c>Scoring__LogHashKey</c>): equal values can be told to be equal, and are not told. Without a key they are omitted.</summary>
    Hash,

    /// <summary>Not at all.</summary>
    Omit,
}

/// <summary>How one input is taken by scoring and kept in the prediction log.</summary>
public sealed record ColumnScoringSpec
{
    /// <summary>What becomes of a missing value.</summary>
    public NullPolicy OnNull { get; init; } = NullPolicy.Accept;

    /// <summary>What becomes of a category that training did not see.</summary>
    public UnknownPolicy OnUnknown { get; init; } = UnknownPolicy.Warn;

    /// <summary>What becomes of a request, or a row of it, that does not have the column.</summary>
    public UnfitPolicy OnMissing { get; init; } = UnfitPolicy.Reject;

    /// <summary>What becomes of a value of another type, or a number beyond single precision.</summary>
    public UnfitPolicy OnWrongType { get; init; } = UnfitPolicy.Reject;

    /// <summary>How its values stand in the prediction log. What is not there in full cannot be replayed.</summary>
    public LogForm Log { get; init; } = LogForm.Full;
}

/// <summary>Which answers are marked <c>needsReview</c>, for a person to look at. Without a rule none is, and the mark is left out.</summary>
public sealed record ReviewSpec
{
    /// <summary>
    /// Where the answer is a close call: binary, the probability is less than this from the threshold; several classes, the two most probable are
    /// less than this apart.
    /// </summary>
    [SpecRange(0, 1)]
    public double? Margin { get; init; }

    /// <summary>Where the probability (of the positive, or of the most probable class) or the value is within these bounds, both included.</summary>
    public RangeTest? Between { get; init; }

    /// <summary>Where a category of the row was not seen in training.</summary>
    public bool OnUnknown { get; init; }
}

/// <summary>What the prediction log keeps, and how long.</summary>
public sealed record PredictionLogSpec
{
    /// <summary>
    /// The share of requests (0 to 1) that are logged, the same for the same key; what is not logged is answered and counted all the same, and cannot be
    /// looked up, joined with labels or replayed.
    /// </summary>
    [SpecRange(0, 1)]
    public double Share { get; init; } = 1;

    /// <summary>How long rows are kept; the storage account's own rule (a year unless deployed otherwise) deletes what is older in any case.</summary>
    public TimeSpan? Retention { get; init; }
}

/// <summary>How requests are taken, answered and logged. In force for the versions that serve within seconds of a change, without training.</summary>
public sealed record ScoringSpec
{
    /// <summary>What is special about inputs, by column.</summary>
    public IReadOnlyDictionary<string, ColumnScoringSpec> Columns { get; init; } = new SortedDictionary<string, ColumnScoringSpec>(StringComparer.Ordinal);

    /// <summary>What becomes of columns that are no input.</summary>
    public ExtraPolicy OnExtra { get; init; } = ExtraPolicy.Warn;

    /// <summary>Which answers a person shall look at.</summary>
    public ReviewSpec Review { get; init; } = new();

    /// <summary>What is kept of answers.</summary>
    public PredictionLogSpec Log { get; init; } = new();

    /// <summary>
    /// Whether the rows of files under <c>scoring/</c> count, once the file is answered, among what monitors compare with training (drift, data quality, estimates). Off where
    /// files hold rows of another time than the present.
    /// </summary>
    public bool CountFiles { get; init; } = true;

    /// <summary>
    /// Regression: how often the truth shall be within the interval of an answer; found at training, so a change takes one. Absent: train.interval where that is given, else 0.9.
    /// </summary>
    [SpecRange(0.5, 0.999)]
    public double? Coverage { get; init; }
}
