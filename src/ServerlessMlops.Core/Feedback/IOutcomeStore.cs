namespace ServerlessMlops.Core.Feedback;

/// <summary>Outcomes of one version's predictions of one hour: a row of the <c>outcomes</c> table.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Version">The model version.</param>
/// <param name="Hour">The hour in which it predicted, in UTC.</param>
/// <param name="Revision">The state that it was made of (<see cref="JoinedHour.Revision"/>).</param>
/// <param name="Counts">The counts.</param>
public sealed record OutcomeRow(string Pipeline, int Version, DateTimeOffset Hour, long Revision, OutcomeCounts Counts);

/// <summary>Joined labels: the state of each hour, and the counts made of it.</summary>
public interface IOutcomeStore
{
    /// <summary>Which labels an hour's predictions have, with the mark that <see cref="SaveHourAsync"/> asks for; empty and null where none have.</summary>
    Task<(JoinedHour Joined, string? ETag)> LoadHourAsync(string pipeline, DateTimeOffset hour, CancellationToken cancellation);

    /// <summary>Keeps the state if it is still the one that <paramref name="etag"/> marks; false where another was faster.</summary>
    Task<bool> SaveHourAsync(string pipeline, DateTimeOffset hour, JoinedHour joined, string? etag, CancellationToken cancellation);

    /// <summary>Keeps the counts, unless those that stand were made of a newer state.</summary>
    Task SaveCountsAsync(OutcomeRow row, CancellationToken cancellation);

    /// <summary>Counts of a version by hour, in [<paramref name="from"/>, <paramref name="until"/>), by time.</summary>
    IAsyncEnumerable<OutcomeRow> ReadAsync(string pipeline, int version, DateTimeOffset from, DateTimeOffset until, CancellationToken cancellation);
}
