namespace ServerlessMlops.Core.Pipelines;

/// <summary>What follows when a gate or a test of a model is not passed.</summary>
public enum CheckSeverity
{
    /// <summary>The model is not registered.</summary>
    Blocking,

    /// <summary>It is said; the model goes on.</summary>
    Warning,
}

/// <summary>What a model must reach: a gate, in short as its text alone.</summary>
public sealed record GateSpec : ISpecScalar<GateSpec>
{
    /// <summary>
    /// The gate: a metric or cost (<c>latency_p99_ms</c>, <c>latency_p50_ms</c>, <c>size_mb</c>, <c>train_seconds</c>), <c>slice COLUMN: METRIC</c>,
    /// <c>parity(COLUMN)</c> or <c>odds(COLUMN)</c>; then >=, >, &lt;= or &lt;; then a number, <c>champion</c>, <c>champion - NUMBER</c>,
    /// <c>champion + NUMBER</c> or <c>champion * NUMBER</c>.
    /// </summary>
    public required string Gate { get; init; }

    /// <summary>What follows when it is not passed, be it failed or undecided for want of evidence.</summary>
    public CheckSeverity Severity { get; init; }

    /// <summary>Whether the whole 95% interval must meet the bound. Otherwise the measured value must; a gate that asks to beat the champion always looks at the interval.</summary>
    public bool Confident { get; init; }

    /// <inheritdoc/>
    public static string ScalarForm => "a gate such as 'auc >= 0.70'";

    /// <inheritdoc/>
    public static string ScalarPattern => "[<>]";

    /// <inheritdoc/>
    public static GateSpec? FromScalar(string text) => new() { Gate = text };
}
