namespace ServerlessMlops.Data.Reading;

/// <summary>Why a row was set aside.</summary>
/// <param name="Line">Line in the decoded file where the row begins, from 1.</param>
/// <param name="Column">Column at fault; empty for the row as a whole.</param>
/// <param name="Rule">The rule it breaks: <c>type</c>, <c>fields</c>, <c>quote</c>, <c>json</c>, <c>length</c>, or an expectation's name.</param>
/// <param name="Value">What was found, at most 200 characters.</param>
/// <param name="Expected">What was expected, in words.</param>
public sealed record RejectedRow(long Line, string Column, string Rule, string Value, string Expected)
{
    /// <summary>Longest <see cref="Value"/>.</summary>
    public const int MaxValueLength = 200;
}
