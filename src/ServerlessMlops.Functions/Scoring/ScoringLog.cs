using Microsoft.Extensions.Logging;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>Log messages of scoring: events 4000 to 4099.</summary>
internal static partial class ScoringLog
{
    [LoggerMessage(4000, LogLevel.Information, "Pipeline {Pipeline} serves version {Version}; before: {Before}.")]
    public static partial void Swapped(ILogger logger, string pipeline, int version, string before);

    [LoggerMessage(4001, LogLevel.Warning, "Pipeline {Pipeline} could not refresh what serves and goes on with version {Version}: {Reason}")]
    public static partial void KeptLastGood(ILogger logger, Exception exception, string pipeline, int version, string reason);

    [LoggerMessage(4002, LogLevel.Error, "Pipeline {Pipeline} has no model in memory and cannot load one: {Reason}")]
    public static partial void CannotLoad(ILogger logger, Exception exception, string pipeline, string reason);

    [LoggerMessage(4003, LogLevel.Error, "Scoring a request to pipeline {Pipeline} failed.")]
    public static partial void Failed(ILogger logger, Exception exception, string pipeline);

    [LoggerMessage(4004, LogLevel.Information, "Pipeline {Pipeline}: {Challenger} challenges version {Champion} with a share of {Share:P1}.")]
    public static partial void Challenges(ILogger logger, string pipeline, string challenger, int champion, double share);

    [LoggerMessage(4010, LogLevel.Debug, "Wrote {Rows} rows of the prediction log to {Path}.")]
    public static partial void Wrote(ILogger logger, int rows, string path);

    [LoggerMessage(4011, LogLevel.Warning, "The prediction log could not write {Path} (try {Try}) and tries again in {Wait}.")]
    public static partial void WriteFailed(ILogger logger, Exception exception, string path, int @try, TimeSpan wait);

    [LoggerMessage(4012, LogLevel.Warning, "The prediction log dropped {Rows} rows since the last report ({Total} in all): they were answered, and are not logged. Raise Scoring:LogRowsPerSecond or Scoring:LogBufferBytes, or look at the storage account.")]
    public static partial void Dropped(ILogger logger, long rows, long total);

    [LoggerMessage(4014, LogLevel.Warning, "Pipeline {Pipeline} wants column {Column} hashed in the prediction log, and there is no key to hash by: such columns are left out. Set Scoring__LogHashKey.")]
    public static partial void NoHashKey(ILogger logger, string pipeline, string column);

    [LoggerMessage(4015, LogLevel.Information, "Deleted {Files} files of the prediction log of pipeline {Pipeline} that were older than {Retention}.")]
    public static partial void Pruned(ILogger logger, int files, string pipeline, TimeSpan retention);

    [LoggerMessage(4016, LogLevel.Warning, "The prediction log of pipeline {Pipeline} could not be pruned; it is tried again tomorrow.")]
    public static partial void PruneFailed(ILogger logger, Exception exception, string pipeline);

    [LoggerMessage(4013, LogLevel.Error, "The prediction log lost {Rows} rows at shutdown: storage did not take them in time.")]
    public static partial void LostAtShutdown(ILogger logger, long rows);
}
