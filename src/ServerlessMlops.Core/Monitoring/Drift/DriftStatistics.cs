namespace ServerlessMlops.Core.Monitoring.Drift;

/// <summary>The drift statistics there are.</summary>
public static class DriftStatistics
{
    /// <summary>The one that decides.</summary>
    public static IDriftStatistic PopulationStability { get; } = new PopulationStabilityIndex();

    /// <summary>All, in the order of reports.</summary>
    public static IReadOnlyList<IDriftStatistic> All { get; } =
    [
        PopulationStability,
        new JensenShannonDistance(),
        new ChiSquareStatistic(),
        new KolmogorovSmirnov(),
        new NormalizedWasserstein(),
    ];
}
