namespace ServerlessMlops.Core.Evaluation;

/// <summary>Which of two models is better.</summary>
public enum ComparisonOutcome
{
    /// <summary>The challenger, beyond what chance explains.</summary>
    Wins,

    /// <summary>The champion, beyond what chance explains.</summary>
    Loses,

    /// <summary>A difference, if any, that chance explains.</summary>
    InsideNoise,
}

/// <summary>Winner against champion by one metric, on the same rows.</summary>
/// <param name="Metric">The metric.</param>
/// <param name="Outcome">Which is better.</param>
/// <param name="Challenger">The winner's value.</param>
/// <param name="Champion">The champion's value.</param>
/// <param name="Gain">How much better the challenger is, whichever way the metric goes, by the same resamples for both; below 0: worse.</param>
public sealed record MetricComparison(string Metric, ComparisonOutcome Outcome, double Challenger, double Champion, DifferenceEstimate Gain);
