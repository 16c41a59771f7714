namespace ServerlessMlops.Core.Monitoring;

/// <summary>Kept reports of monitors: one for each model version and window. What is written stays.</summary>
public interface IMonitorReports
{
    /// <summary>Keeps the report; one of the same version and end that is there stays, and is what is returned.</summary>
    Task<MonitorReport> SaveAsync(MonitorReport report, CancellationToken cancellation);

    /// <summary>The report of the window that ended at <paramref name="until"/>, or null.</summary>
    Task<MonitorReport?> GetAsync(string pipeline, int version, DateTimeOffset until, CancellationToken cancellation);

    /// <summary>Deletes the pipeline's reports of days that ended by <paramref name="before"/>; none is fine. Returns how many.</summary>
    Task<int> DeleteBeforeAsync(string pipeline, DateTimeOffset before, CancellationToken cancellation);

    /// <summary>The newest report whose window ended by <paramref name="now"/> and at most <paramref name="within"/> before; null for none.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="now">Latest end of the window.</param>
    /// <param name="within">How old it may be.</param>
    /// <param name="version">Of which version; null for any.</param>
    /// <param name="cancellation">Ends the search.</param>
    Task<MonitorReport?> GetLatestAsync(string pipeline, DateTimeOffset now, TimeSpan within, int? version, CancellationToken cancellation);
}
