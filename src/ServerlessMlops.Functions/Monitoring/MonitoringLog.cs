using Microsoft.Extensions.Logging;

namespace ServerlessMlops.Functions.Monitoring;

/// <summary>Log messages of monitoring: events 5000 to 5099.</summary>
internal static partial class MonitoringLog
{
    [LoggerMessage(5000, LogLevel.Warning, "{Rows} window rows could not be written and are kept for the next try.")]
    public static partial void FlushFailed(ILogger logger, Exception exception, int rows);

    [LoggerMessage(5001, LogLevel.Error, "{Rows} window rows are lost: storage did not take them. Drift and service levels of that time rest on fewer requests.")]
    public static partial void RowsLost(ILogger logger, int rows);

    [LoggerMessage(5002, LogLevel.Information, "Monitor of pipeline {Pipeline} version {Version}, window until {Until}: {Verdict} over {Predictions} predictions; {Alarms} alarms.")]
    public static partial void Checked(ILogger logger, string pipeline, int version, DateTimeOffset until, string verdict, long predictions, int alarms);

    [LoggerMessage(5003, LogLevel.Warning, "Monitor skips pipeline {Pipeline}: {Reason}")]
    public static partial void Skipped(ILogger logger, string pipeline, string reason);

    [LoggerMessage(5004, LogLevel.Information, "Pipeline {Pipeline}: {Rows} window rows older than {WindowDays} days and {Reports} reports older than {ReportDays} days were deleted.")]
    public static partial void Deleted(ILogger logger, string pipeline, int rows, int windowDays, int reports, int reportDays);
}
