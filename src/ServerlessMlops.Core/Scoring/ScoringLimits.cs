namespace ServerlessMlops.Core.Scoring;

/// <summary>What one scoring request may ask for. A request over a limit is answered by 413 and nothing is scored.</summary>
/// <param name="MaxBodyBytes">Largest body, in bytes.</param>
/// <param name="MaxRows">Most rows in one request.</param>
/// <param name="MaxDepth">Deepest nesting of JSON; the protocols need 5.</param>
public sealed record ScoringLimits(int MaxBodyBytes, int MaxRows, int MaxDepth)
{
    /// <summary>10 MiB, 10,000 rows, 16 levels.</summary>
    public static ScoringLimits Default { get; } = new(10 * 1024 * 1024, 10_000, 16);
}
