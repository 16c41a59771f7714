using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Telemetry;

namespace ServerlessMlops.Functions.Runs;

/// <summary>Ends runs and tells people where there is something to tell. Done again after a crash, it tells the same alert, which counts once.</summary>
public sealed class RunEnds(IRunLog runs, IAlertSink alerts, TimeProvider time)
{
    /// <summary>Replaces the run by <paramref name="end"/> of it, with its end time if it has ended. Returns the run after.</summary>
    public async Task<Run> EndAsync(string pipeline, string runId, Func<Run, Run> end, CancellationToken cancellation)
    {
        Run ended = await runs.UpdateAsync(
            pipeline,
            runId,
            run =>
            {
                Run after = end(run);

                // What the run wrote on its way stays on its row beside what it ends with.
                IReadOnlyList<RunArtifact> outputs = [.. after.Outputs, .. run.Outputs.Except(after.Outputs)];
                after = outputs.Count == after.Outputs.Count ? after : after with { Outputs = outputs };
                return after.IsEnded ? after with { EndedAt = time.GetUtcNow() } : after;
            },
            cancellation);
        MlopsTelemetry.RunEnded(ended);
        await TellAsync(ended, cancellation);
        return ended;
    }

    /// <summary>Tells people of a run as it is given, where that is something to tell.</summary>
    public async Task TellAsync(Run run, CancellationToken cancellation)
    {
        if (RunAlerts.Of(run) is { } alert)
        {
            await alerts.RaiseAsync([alert], cancellation);
        }
    }
}
