namespace ServerlessMlops.Core.Monitoring;

/// <summary>
/// What one instance counted for one model version in about a minute: a row of the <c>windows</c> table. Its key (minute, instance,
/// sequence) never names two different contents, so writing it twice leaves one row.
/// </summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Version">The model version.</param>
/// <param name="Instance">The process that counted; another after a restart.</param>
/// <param name="Sequence">1, 2, 3 ... within the instance and version.</param>
/// <param name="Minute">When it was closed, to the minute, UTC.</param>
/// <param name="Sums">The counts.</param>
public sealed record WindowRow(string Pipeline, int Version, string Instance, long Sequence, DateTimeOffset Minute, WindowSums Sums);
