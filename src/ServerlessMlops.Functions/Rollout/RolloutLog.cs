using Microsoft.Extensions.Logging;

namespace ServerlessMlops.Functions.Rollout;

/// <summary>Log messages of rollouts: events 4200 to 4299.</summary>
internal static partial class RolloutLog
{
    [LoggerMessage(4200, LogLevel.Information, "Rollout {RunId}, step {Step}, look {Look}: {Verdict}. {Reason}")]
    public static partial void Looked(ILogger logger, string runId, int step, int look, string verdict, string reason);

    [LoggerMessage(4201, LogLevel.Warning, "Rollout {RunId} could not be woken; it finds out at its next look.")]
    public static partial void NotWoken(ILogger logger, Exception exception, string runId);
}
