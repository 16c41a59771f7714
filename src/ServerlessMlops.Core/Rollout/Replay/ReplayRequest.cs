using System.Text.Json.Serialization;

namespace ServerlessMlops.Core.Rollout.Replay;

/// <summary>What to replay: the requests of a period as they were logged, scored again by a version. Traffic is not touched.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Version">The version that scores again.</param>
/// <param name="From">Begin of the period.</param>
/// <param name="To">Its end, exclusive.</param>
/// <param name="Labels">What came true, by key: class name or value; empty where it is not known.</param>
public sealed record ReplayRequest(string Pipeline, int Version, DateTimeOffset From, DateTimeOffset To, IReadOnlyDictionary<string, string> Labels)
{
    /// <summary>The longest period.</summary>
    public static TimeSpan Longest { get; } = TimeSpan.FromDays(7);

    /// <summary>Id of the run and the orchestration: the same question has the same id, and is answered once.</summary>
    [JsonIgnore]
    public string RunId => $"replay-{Pipeline}-{ContentAddress.Short(ContentAddress.OfJson(this with { Labels = new SortedDictionary<string, string>(Labels.ToDictionary(), StringComparer.Ordinal) }))}";

    /// <summary>The hours of the log that the period touches.</summary>
    public IReadOnlyList<DateTimeOffset> Hours()
    {
        var hours = new List<DateTimeOffset>();
        for (DateTimeOffset hour = From.AddTicks(-(From.UtcTicks % TimeSpan.TicksPerHour)); hour < To; hour = hour.AddHours(1))
        {
            hours.Add(hour);
        }

        return hours;
    }
}

/// <summary>Requests and reports of replays, kept beside the prediction log. What is written stays.</summary>
public interface IReplayStore
{
    /// <summary>Keeps a request under its id.</summary>
    Task SaveRequestAsync(ReplayRequest request, CancellationToken cancellation);

    /// <summary>The request of that id, or null.</summary>
    Task<ReplayRequest?> LoadRequestAsync(string pipeline, string runId, CancellationToken cancellation);

    /// <summary>Keeps a report.</summary>
    Task SaveReportAsync(string runId, ReplayReport report, CancellationToken cancellation);

    /// <summary>The report of that run, or null where there is none yet.</summary>
    Task<ReplayReport?> LoadReportAsync(string pipeline, string runId, CancellationToken cancellation);
}
