namespace ServerlessMlops.Core.Monitoring.Service;

/// <summary>The requests of one minute, over all instances.</summary>
/// <param name="Minute">The minute, UTC.</param>
/// <param name="Statuses">See <see cref="WindowSums.Statuses"/>.</param>
/// <param name="Latencies">See <see cref="WindowSums.Latencies"/>.</param>
public sealed record ServiceMinute(DateTimeOffset Minute, long[] Statuses, long[] Latencies);
