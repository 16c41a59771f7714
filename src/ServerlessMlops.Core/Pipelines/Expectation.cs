namespace ServerlessMlops.Core.Pipelines;

/// <summary>How bad it is when an expectation does not hold.</summary>
public enum ExpectationSeverity
{
    /// <summary>It is said.</summary>
    Warning,

    /// <summary>Rows that break a row rule are rejected; beyond <see cref="Expectation.Mostly"/>, or for a rule on the whole upload, the upload is.</summary>
    Error,
}

/// <summary>
/// One thing that an upload must satisfy: a column with exactly one rule, or <see cref="Rows"/>. Missing values break only <see cref="NotNull"/>
/// and <see cref="MaxNullShare"/>.
/// </summary>
public sealed record Expectation
{
    /// <summary>The column that the rule is about.</summary>
    public string? Column { get; init; }

    /// <summary>Row rule: from the first to the second bound, both included; numbers, or times as ISO 8601. <c>null</c> leaves a side open.</summary>
    public IReadOnlyList<string?>? Between { get; init; }

    /// <summary>Row rule: one of these values.</summary>
    public IReadOnlyList<string>? In { get; init; }

    /// <summary>Row rule: none of these values.</summary>
    public IReadOnlyList<string>? NotIn { get; init; }

    /// <summary>Row rule: the value as text matches this regular expression somewhere (anchor it with ^ and $). Matched in linear time, without backtracking.</summary>
    public string? Matches { get; init; }

    /// <summary>Row rule: there is a value.</summary>
    public bool? NotNull { get; init; }

    /// <summary>Row rule: the value is at most that of this other column (numbers with numbers, times with times).</summary>
    public string? AtMostColumn { get; init; }

    /// <summary>Row rule: no value comes twice in an upload; the second and later are rejected.</summary>
    public bool? Unique { get; init; }

    /// <summary>Row rule: values never decrease down the file.</summary>
    public bool? Increasing { get; init; }

    /// <summary>Upload rule: at most this share (0 to 1) of the values is missing.</summary>
    [SpecRange(0, 1)]
    public double? MaxNullShare { get; init; }

    /// <summary>Upload rule: the newest time is at most so old when the upload is read.</summary>
    public TimeSpan? Freshness { get; init; }

    /// <summary>Upload rule: how many rows there must be. Needs no column.</summary>
    public RowCountExpectation? Rows { get; init; }

    /// <summary>The share of values (0 to 1) that must satisfy a row rule for the upload to pass. When absent, the rows that break the rule
    /// are rejected and only <see cref="PipelineSpec.RejectTolerance"/> bounds how many there may be.</summary>
    [SpecRange(0, 1)]
    public double? Mostly { get; init; }

    /// <summary>How bad it is when it does not hold.</summary>
    public ExpectationSeverity Severity { get; init; } = ExpectationSeverity.Error;
}

/// <summary>Bounds on the number of rows of an upload.</summary>
public sealed record RowCountExpectation
{
    /// <summary>Fewest rows.</summary>
    [SpecRange(0, 1e15)]
    public long? AtLeast { get; init; }

    /// <summary>Most rows.</summary>
    [SpecRange(0, 1e15)]
    public long? AtMost { get; init; }
}
