using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using ServerlessMlops.Core.Rollout.Replay;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Runs;

namespace ServerlessMlops.Functions.Rollout.Replay;

/// <summary>What a replay is about; the request itself is in storage.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="RunId">The run.</param>
/// <param name="Version">The version that scores again.</param>
/// <param name="Hours">Hours of the log to go through.</param>
public sealed record ReplayInput(string Pipeline, string RunId, int Version, IReadOnlyList<DateTimeOffset> Hours);

/// <summary>An hour of a replay.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="RunId">The run.</param>
/// <param name="Hour">The hour of the log.</param>
public sealed record ReplayedHour(string Pipeline, string RunId, DateTimeOffset Hour);

/// <summary>A replay: hour by hour, a few at once, so that each activity is short and a lost one is done again alone.</summary>
public static class ReplayOrchestrator
{
    private const int AtOnce = 2;

    /// <summary>The orchestration.</summary>
    [Function(nameof(ReplayOrchestrator))]
    public static async Task Run([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        ReplayInput input = context.GetInput<ReplayInput>()!;
        var run = new Run
        {
            Pipeline = input.Pipeline,
            Id = input.RunId,
            Kind = RunKind.Replay,
            Status = RunStatus.Running,
            Stage = "scoring",
            StartedAt = context.Now(),
            Inputs = [new RunArtifact("version", $"{input.Version}")],
        };
        await context.RecordAsync(run, async () =>
        {
            var sums = new ReplaySums();
            foreach (DateTimeOffset[] few in input.Hours.Chunk(AtOnce))
            {
                ReplaySums[] hours = await Task.WhenAll(few.Select(hour =>
                    context.CallActivityAsync<ReplaySums>(nameof(ReplayActivities.ReplayHour), new ReplayedHour(input.Pipeline, input.RunId, hour), Retries.Activity)));
                sums = hours.Aggregate(sums, (all, one) => all.Add(one));
            }

            await context.CallActivityAsync(nameof(ReplayActivities.FinishReplay), new ReplayEnd(input.Pipeline, input.RunId, sums), Retries.Activity);
        });
    }
}
