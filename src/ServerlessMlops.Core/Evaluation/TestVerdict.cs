using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Evaluation;

/// <summary>How a behavioural test was decided.</summary>
/// <param name="Test">What the test is called.</param>
/// <param name="Verdict">What came of it.</param>
/// <param name="Reason">The numbers, in a sentence.</param>
public sealed record TestVerdict(string Test, Verdict Verdict, string Reason)
{
    /// <summary>What follows when it is not passed.</summary>
    public CheckSeverity Severity { get; init; }

    /// <summary>Rows or cases that were tried.</summary>
    public int Rows { get; init; }

    /// <summary>How many of them failed.</summary>
    public int Failures { get; init; }

    /// <summary>A few that failed, worst first; sensitive values are left out.</summary>
    public IReadOnlyList<string> Examples { get; init; } = [];

    /// <summary>Whether it keeps the model from being registered.</summary>
    public bool Blocks => Verdict != Verdict.Passed && Severity == CheckSeverity.Blocking;
}

/// <summary>How a model's stored bytes behaved on the path that serving takes.</summary>
/// <param name="Verdict">Passed or failed.</param>
/// <param name="Reason">In a sentence.</param>
/// <param name="Rows">Hold-out rows whose answers were compared with the evaluation's, bit for bit.</param>
/// <param name="LoadMs">Milliseconds to make the model ready.</param>
/// <param name="LoadBytes">Bytes of memory allocated for it.</param>
/// <param name="LatencyP99Ms">99th percentile of milliseconds for a request of one row.</param>
public sealed record SandboxResult(Verdict Verdict, string Reason, int Rows, double LoadMs, long LoadBytes, double LatencyP99Ms);
