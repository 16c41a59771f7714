namespace ServerlessMlops.Core.Monitoring;

/// <summary>Kept reports of monitors: one for each model version and window. What is written stays.</summary>
public interface IMonitorReports
{
    /// <summary>Keeps the report; one of the same version and end that is there stays, and is what is returned.</summary>
    Task<MonitorReport> SaveAsync(MonitorReport report, CancellationToken cancellation);

    /// <summary>The report of the window that ended at <paramref name="until"/>, or null.</summary>
    Task<MonitorReport?> GetAsync(string pipeline, int version, DateTimeOffset until, CancellationToken cancellation);

    /// <summary>The newest report that is at most <paramref name="within"/> old at <paramref name="now"/>, or null.</summary>
    Task<MonitorReport?> GetLatestAsync(string pipeline, DateTimeOffset now, TimeSpan within, CancellationToken cancellation);
}
