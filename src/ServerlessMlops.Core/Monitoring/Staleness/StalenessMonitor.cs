using ServerlessMlops.Core.Pipelines;
using static System.FormattableString;

namespace ServerlessMlops.Core.Monitoring.Staleness;

/// <summary>When something last came of a pipeline; null where nothing ever did, as far as is known.</summary>
/// <param name="Data">The newest data that was accepted.</param>
/// <param name="Traffic">The newest minute with a request to the live model, or with its answer to a file.</param>
/// <param name="Labels">The newest labels that joined with predictions.</param>
/// <param name="Training">The newest training that gave a model worth registering.</param>
public sealed record LastSeen(DateTimeOffset? Data, DateTimeOffset? Traffic, DateTimeOffset? Labels, DateTimeOffset? Training)
{
    /// <summary>Nothing ever.</summary>
    public static LastSeen Nothing { get; } = new(null, null, null, null);
}

/// <summary>
/// Whether what a live model lives on still comes: data, traffic, labels, trainings that succeed. What never came is not missed; what used to come is a warning
/// after the limit of the spec, and an alarm after twice that.
/// </summary>
public static class StalenessMonitor
{
    /// <summary>The findings: one for each of what came at least once and has a limit.</summary>
    /// <param name="seen">When things last came.</param>
    /// <param name="until">End of the window.</param>
    /// <param name="limits">The spec's <c>monitor.stale</c>; a limit of 0 is none.</param>
    public static IReadOnlyList<MonitorFinding> Evaluate(LastSeen seen, DateTimeOffset until, StaleSpec limits)
    {
        ArgumentNullException.ThrowIfNull(seen);
        ArgumentNullException.ThrowIfNull(limits);
        return
        [
            .. Judge("data", seen.Data, limits.Data, "No data was accepted", "Look after what uploads it, and at rejected uploads."),
            .. Judge("traffic", seen.Traffic, limits.Traffic, "No request came", "Look after the callers and the way to the endpoint."),
            .. Judge("labels", seen.Labels, limits.Labels, "No label joined with a prediction", "Look after their source: what is measured by labels ages."),
            .. Judge("training", seen.Training, limits.Training, "No training gave a model", "Look at the pipeline's runs: they failed, were rejected, or found no new data."),
        ];

        IEnumerable<MonitorFinding> Judge(string subject, DateTimeOffset? last, TimeSpan limit, string missing, string advice)
        {
            if (last is not { } at || limit <= TimeSpan.Zero)
            {
                yield break;
            }

            TimeSpan age = until > at ? until - at : TimeSpan.Zero;
            MonitorVerdict verdict = age > 2 * limit ? MonitorVerdict.Alarm : age > limit ? MonitorVerdict.Warning : MonitorVerdict.Ok;
            yield return new MonitorFinding(
                MonitorKind.Staleness, subject, verdict, 0, age.TotalDays, limit.TotalDays, null, null,
                verdict == MonitorVerdict.Ok
                    ? Invariant($"The last {subject} came {Text(age)} ago (monitor.stale.{subject} is {Text(limit)}).")
                    : Invariant($"{missing} since {at.UtcDateTime:yyyy-MM-dd HH:mm} UTC, {Text(age)} ago (monitor.stale.{subject} is {Text(limit)}; alarm after twice that). {advice}"));
        }
    }

    private static string Text(TimeSpan span) => span >= TimeSpan.FromDays(2) ? Invariant($"{span.TotalDays:0.#} days") : Invariant($"{span.TotalHours:0.#} h");
}
