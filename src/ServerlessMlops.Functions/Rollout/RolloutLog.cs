using Microsoft.Extensions.Logging;

namespace ServerlessMlops.Functions.Rollout;

/// <summary>Log messages of rollouts: events 4200 to 4299.</summary>
internal static partial class RolloutLog
{
    [LoggerMessage(4200, LogLevel.Information, "Rollout {RunId}, step {Step}, look {Look}: {Verdict}. {Reason}")]
    public static partial void Looked(ILogger logger, string runId, int step, int look, string verdict, string reason);

    [LoggerMessage(4201, LogLevel.Warning, "Rollout {RunId} could not be woken; it finds out at its next look.")]
    public static partial void NotWoken(ILogger logger, Exception exception, string runId);

    [LoggerMessage(4202, LogLevel.Warning, "Scoring a request to pipeline {Pipeline} in the shadow by version {Version} failed; its caller was answered before.")]
    public static partial void ShadowFailed(ILogger logger, Exception exception, string pipeline, int version);

    [LoggerMessage(4203, LogLevel.Information, "{Requests} requests were not scored in the shadow because too many waited ({Total} since the process started). Their callers were answered.")]
    public static partial void ShadowsDropped(ILogger logger, long requests, long total);
}
