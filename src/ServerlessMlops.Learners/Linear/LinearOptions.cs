namespace ServerlessMlops.Learners.Linear;

/// <summary>Settings of the linear models.</summary>
public sealed record LinearOptions
{
    /// <summary>L2 penalty on the coefficients of standardised columns, in units of one row's loss; at least 0. Default 1.</summary>
    public double L2 { get; init; } = 1;

    /// <summary>
    /// L1 penalty on the same coefficients in the same units, at least 0: above 0 it sets those of no use to exactly 0. Default 0, with which <see cref="LearnerOptions.ElasticNet"/>
    /// chooses it by rows not learned from.
    /// </summary>
    public double L1 { get; init; }

    /// <summary>Most steps of the optimiser, 1 to 10,000. Default 200.</summary>
    public int MaxIterations { get; init; } = 200;

    /// <summary>Stop when no entry of the mean gradient is larger, above 0. Default 1e-5.</summary>
    public double Tolerance { get; init; } = 1e-5;
}
