using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Alerts;

/// <summary>For a time nobody is told of some alerts of a pipeline; they are recorded all the same, and their end is told to those who knew of them.</summary>
public sealed record Silence
{
    /// <summary>The longest time: a silence that is forgotten hides for ever.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(90);

    /// <summary>16 hexadecimal digits, from the rest: asking twice for the same is one silence.</summary>
    public required string Id { get; init; }

    /// <summary>The pipeline.</summary>
    public required string Pipeline { get; init; }

    /// <summary>About what; null: everything.</summary>
    public AlertTopic? Topic { get; init; }

    /// <summary>The alerts' subject, or its beginning where it ends in <c>*</c>; null: every subject.</summary>
    public string? Subject { get; init; }

    /// <summary>When it ends.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>Why.</summary>
    public required string Why { get; init; }

    /// <summary>Who asked for it.</summary>
    public required string By { get; init; }

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>A silence with its id.</summary>
    public static Silence Of(string pipeline, AlertTopic? topic, string? subject, DateTimeOffset until, string why, string by, DateTimeOffset now) => new()
    {
        Id = ContentAddress.Short(ContentAddress.Of($"{pipeline}|{topic}|{until.UtcTicks}|{subject}")),
        Pipeline = pipeline, Topic = topic, Subject = subject, Until = until, Why = why, By = by, CreatedAt = now,
    };

    /// <summary>Whether it is in force.</summary>
    public bool IsActive(DateTimeOffset now) => now < Until;

    /// <summary>Whether it is in force and means the alert.</summary>
    public bool Covers(Alert alert, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return IsActive(now)
            && alert.Pipeline == Pipeline
            && (Topic is null || Topic == alert.Topic)
            && (Subject is null
                || alert.Subject == Subject
                || (Subject.EndsWith('*') && alert.Subject.StartsWith(Subject.AsSpan(0, Subject.Length - 1), StringComparison.Ordinal)));
    }
}
