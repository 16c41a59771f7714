namespace ServerlessMlops.Learners.Linear;

/// <summary>Settings of the linear models.</summary>
public sealed record LinearOptions
{
    /// <summary>L2 penalty on the coefficients of standardised columns, in units of one row's loss; at least 0. Default 1.</summary>
    public double L2 { get; init; } = 1;

    /// <summary>Most steps of the optimiser, 1 to 10,000. Default 200.</summary>
    public int MaxIterations { get; init; } = 200;

    /// <summary>Stop when no entry of the mean gradient is larger, above 0. Default 1e-5.</summary>
    public double Tolerance { get; init; } = 1e-5;
}
