namespace ServerlessMlops.Core.Datasets;

/// <summary>How much a finding weighs.</summary>
public enum FindingSeverity
{
    /// <summary>Worth knowing.</summary>
    Info,

    /// <summary>Accepted, but look at it.</summary>
    Warning,

    /// <summary>The upload is rejected.</summary>
    Error,
}

/// <summary>One thing that was found out about an upload.</summary>
/// <param name="Code">Stable code for programs: see <see cref="DataFindingCodes"/> and <see cref="Data.Reading.FileFaults"/>.</param>
/// <param name="Severity">How much it weighs.</param>
/// <param name="Column">The column, or null for the upload as a whole.</param>
/// <param name="Message">What was found, what was expected, and the fix.</param>
public sealed record DataFinding(string Code, FindingSeverity Severity, string? Column, string Message)
{
    /// <summary>The expectation that it is about, by Great Expectations' name; null where it is about none.</summary>
    public string? Expectation { get; init; }
}

/// <summary>Codes of findings about an upload. Those on types are named as TensorFlow Data Validation names its anomalies.</summary>
public static class DataFindingCodes
{
    /// <summary>A column that is needed is not there.</summary>
    public const string MissingColumn = "SCHEMA_MISSING_COLUMN";

    /// <summary>A column that earlier uploads did not have.</summary>
    public const string NewColumn = "SCHEMA_NEW_COLUMN";

    /// <summary>A whole-number column holds text.</summary>
    public const string NotInteger = "INT_TYPE_NOT_INT_STRING";

    /// <summary>A number column holds text.</summary>
    public const string NotNumber = "FLOAT_TYPE_STRING_NOT_FLOAT";

    /// <summary>A boolean column holds other words than those for true and false.</summary>
    public const string NotBoolean = "BOOL_TYPE_UNEXPECTED_STRING";

    /// <summary>A boolean column holds numbers.</summary>
    public const string BooleanNumber = "BOOL_TYPE_UNEXPECTED_FLOAT";

    /// <summary>A column holds another type than it did, in a way that has no code of its own.</summary>
    public const string OtherType = "UNEXPECTED_DATA_TYPE";

    /// <summary>A whole-number column now has decimals.</summary>
    public const string Widened = "SCHEMA_TYPE_WIDENED";

    /// <summary>Names that earlier uploads did not have.</summary>
    public const string NewCategories = "ENUM_TYPE_UNEXPECTED_STRING_VALUES";

    /// <summary>Bytes that are no UTF-8; they were replaced.</summary>
    public const string InvalidUtf8 = "ENUM_TYPE_INVALID_UTF8";

    /// <summary>An expectation of the spec does not hold.</summary>
    public const string Expectation = "EXPECTATION_FAILED";

    /// <summary>An expectation cannot be applied to the column's type.</summary>
    public const string ExpectationUnfit = "EXPECTATION_UNFIT";

    /// <summary>Too many rows were rejected.</summary>
    public const string TooManyRejected = "TOO_MANY_ROWS_REJECTED";

    /// <summary>Some rows were rejected, within tolerance.</summary>
    public const string RowsRejected = "ROWS_REJECTED";

    /// <summary>The target has no value, or one only: there is nothing to learn.</summary>
    public const string TargetConstant = "TARGET_CONSTANT";

    /// <summary>A column tells the target almost alone.</summary>
    public const string LikelyLeak = "LIKELY_LEAK";

    /// <summary>Many rows repeat an earlier one in every column.</summary>
    public const string DuplicateRows = "DUPLICATE_ROWS";

    /// <summary>Something odd that reading the file noticed.</summary>
    public const string ReadNote = "FILE_NOTE";

    /// <summary>Findings of one code in a few words, for a line that has no room for their messages: "new categories in 'operator', 'aircraft'".</summary>
    /// <param name="code">The code.</param>
    /// <param name="columns">The columns it was found in; none where it is about the upload.</param>
    public static string InWords(string code, IReadOnlyCollection<string> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        string words = code switch
        {
            NewCategories => "new categories",
            NewColumn => "not in earlier uploads",
            Widened => "decimals among whole numbers",
            InvalidUtf8 => "bytes that are no UTF-8",
            Expectation => "an expectation that does not hold",
            ExpectationUnfit => "an expectation that does not fit the column's type",
            DuplicateRows => "many rows repeat earlier ones",
            TargetConstant => "a target of one value",
            LikelyLeak => "what tells the target almost alone",
            _ => code,
        };
        string named = string.Join(", ", columns.Select(column => $"'{column}'"));
        return columns.Count == 0 ? words : code == NewColumn ? $"{named} {words}" : $"{words} in {named}";
    }
}
