namespace ServerlessMlops.Core.Scoring;

/// <summary>What a request's data and the model's signature disagree about.</summary>
public enum FindingCode
{
    /// <summary>An input that no row carries, or that some rows lack. An error (a missing value is sent as null), unless the policy scores it as missing.</summary>
    MissingColumn,

    /// <summary>A column that is no input. A warning (it is ignored), unless the policy refuses it.</summary>
    ExtraColumn,

    /// <summary>The target itself. A warning: it is ignored.</summary>
    TargetColumn,

    /// <summary>A column named twice. An error: which one counts is not said.</summary>
    DuplicateColumn,

    /// <summary>A value of another type than the input's. An error, unless the policy scores it as missing.</summary>
    WrongType,

    /// <summary>A number beyond single precision (about 3.4e38). An error, unless the policy scores it as missing.</summary>
    OutOfRange,

    /// <summary>A category that training did not see. A warning (the model scores it as unknown), unless the policy refuses it.</summary>
    UnknownCategory,

    /// <summary>A missing value where the policy minds one: an error or a warning, as it says.</summary>
    NullValue,

    /// <summary>A row of a file that cannot be read at all. An error.</summary>
    Malformed,

    /// <summary>A row with more or fewer values than there are columns. An error.</summary>
    RowLength,

    /// <summary>An id of the caller that cannot be one. An error.</summary>
    InvalidInferenceId,

    /// <summary>A key that is too long to be one. An error.</summary>
    InvalidKey,

    /// <summary>A parameter that no model here takes. A warning: it is ignored.</summary>
    IgnoredParameter,

    /// <summary>An explanation that was asked for and cannot be given. A warning: the rows are scored without.</summary>
    NoExplanation,
}

/// <summary>One disagreement, gathered over all rows where it occurs.</summary>
/// <param name="Code">What it is.</param>
/// <param name="Column">The column, or the parameter.</param>
/// <param name="FirstRow">The first row that shows it, counted from 0; null where it concerns the request as a whole.</param>
/// <param name="Count">How many rows show it.</param>
/// <param name="Message">What was found, what was expected, and the fix.</param>
public sealed record SignatureFinding(FindingCode Code, string Column, int? FirstRow, int Count, string Message)
{
    /// <summary>Whether the request is refused because of it.</summary>
    public bool IsError { get; init; } = IsUsuallyError(Code);

    private static bool IsUsuallyError(FindingCode code) =>
        code is not (FindingCode.ExtraColumn or FindingCode.TargetColumn or FindingCode.UnknownCategory or FindingCode.IgnoredParameter or FindingCode.NoExplanation);
}
