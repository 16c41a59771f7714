using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Rollout.Replay;
using ServerlessMlops.Storage.Rollout;

namespace ServerlessMlops.Functions.Rollout;

/// <summary>Wires rollouts.</summary>
public static class RolloutServices
{
    /// <summary>Adds what rollouts and replays share. Needs storage, specs, runs, scoring and monitoring from elsewhere.</summary>
    public static IServiceCollection AddRollout(this IServiceCollection services) => services.AddSingleton<EvidenceReader>().AddSingleton<IReplayStore, ReplaysContainer>();

    /// <summary>
    /// Wakes a rollout whose pointer was taken away. The pointer has been written before and is what counts: a rollout that is not woken, or has
    /// ended, finds out by itself.
    /// </summary>
    public static async Task WakeAsync(this DurableTaskClient durable, string runId, ILogger logger, CancellationToken cancellation)
    {
        try
        {
            await durable.RaiseEventAsync(runId, RolloutOrchestrator.PointerMoved, "moved", cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            RolloutLog.NotWoken(logger, e, runId);
        }
    }
}
