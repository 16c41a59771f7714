namespace ServerlessMlops.Core.Pipelines;

/// <summary>One fault of a spec.</summary>
/// <param name="Line">Line in the file, from 1.</param>
/// <param name="Column">Column in the line, from 1.</param>
/// <param name="Path">The key, such as <c>expect[1].between</c>; empty for the file as a whole.</param>
/// <param name="Message">What was found, what was expected, and the fix.</param>
public sealed record SpecFinding(int Line, int Column, string Path, string Message)
{
    /// <summary><c>line 3, column 7: expect[1].between: ...</c>.</summary>
    public override string ToString() => $"line {Line}, column {Column}: {(Path.Length > 0 ? Path + ": " : "")}{Message}";
}

/// <summary>What became of parsing a spec: the spec, or every fault there is.</summary>
/// <param name="Spec">The spec, or null if there are findings.</param>
/// <param name="Findings">All faults, in the order of the file. Empty if there is a spec.</param>
public sealed record PipelineSpecResult(PipelineSpec? Spec, IReadOnlyList<SpecFinding> Findings);
