using ServerlessMlops.Core.Datasets;

namespace ServerlessMlops.Core.Scoring.Bulk;

/// <summary>The <c>scoring</c> container: files to score, and their answers beside them.</summary>
public interface IBulkStore
{
    /// <summary>A version of a file from a byte on, or null where it is gone or overwritten; so it may turn out while it is read, by a <see cref="SupersededException"/>.</summary>
    Task<Stream?> OpenAsync(Upload file, long offset, CancellationToken cancellation);

    /// <summary>Stores a piece of an answer. May be repeated: the same piece of the same job is replaced.</summary>
    /// <param name="job">The job.</param>
    /// <param name="piece">Number of the piece, from 0.</param>
    /// <param name="content">The piece; not empty.</param>
    /// <param name="cancellation">Ends the call.</param>
    Task StageAsync(BulkJob job, int piece, ReadOnlyMemory<byte> content, CancellationToken cancellation);

    /// <summary>Puts an answer together of its pieces, in the place of an earlier one; may be repeated.</summary>
    /// <param name="job">The job.</param>
    /// <param name="pieces">How many pieces it has.</param>
    /// <param name="at">Now.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>
    /// When this version of the file was first answered by this version of the model: <paramref name="at"/>, or the time of an earlier try. Null where the pieces are gone,
    /// because a newer version of the file was answered meanwhile.
    /// </returns>
    Task<DateTimeOffset?> CommitAsync(BulkJob job, int pieces, DateTimeOffset at, CancellationToken cancellation);

    /// <summary>Writes what is said of the answer as a whole, in the place of an earlier one.</summary>
    Task WriteSummaryAsync(BulkJob job, ReadOnlyMemory<byte> json, CancellationToken cancellation);

    /// <summary>All files to score, answers left out, with when they were written.</summary>
    IAsyncEnumerable<ListedUpload> ListAsync(CancellationToken cancellation);
}
