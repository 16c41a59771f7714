using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Registry;

/// <summary>How one gate was decided.</summary>
/// <param name="Gate">The gate as the spec writes it.</param>
/// <param name="Verdict">What came of it.</param>
/// <param name="Reason">The numbers, in a sentence.</param>
public sealed record GateVerdict(string Gate, Verdict Verdict, string Reason)
{
    /// <summary>Whether it is passed.</summary>
    public bool Passed => Verdict == Verdict.Passed;

    /// <summary>What follows when it is not passed.</summary>
    public CheckSeverity Severity { get; init; }

    /// <summary>What was measured of the candidate; of the worst group for a gate over groups.</summary>
    public double? Value { get; init; }

    /// <summary>The bound as a number.</summary>
    public double? Bound { get; init; }

    /// <summary>Lower end of the value's interval.</summary>
    public double? Low { get; init; }

    /// <summary>Upper end of the value's interval.</summary>
    public double? High { get; init; }

    /// <summary>Rows (for latencies: requests) behind the value.</summary>
    public int? Rows { get; init; }

    /// <summary>The champion's value on the same rows, for gates that ask for it.</summary>
    public double? Champion { get; init; }

    /// <summary>How far the value is on the right side of the bound, with its interval and the p-value of no difference; below 0 on the wrong side.</summary>
    public DifferenceEstimate? Excess { get; init; }

    /// <summary>The worst group, for gates over groups.</summary>
    public string? Group { get; init; }

    /// <summary>Whether it keeps the model from being registered.</summary>
    public bool Blocks => !Passed && Severity == CheckSeverity.Blocking;
}
