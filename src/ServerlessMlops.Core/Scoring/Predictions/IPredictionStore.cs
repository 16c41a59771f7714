namespace ServerlessMlops.Core.Scoring.Predictions;

/// <summary>The <c>predictions</c> container: files of the prediction log and their indexes.</summary>
public interface IPredictionStore
{
    /// <summary>
    /// Writes a file, then its index. May be repeated with the same content: names are never used twice, so what stands is what an earlier try wrote.
    /// </summary>
    Task WriteAsync(PredictionSegmentName name, ReadOnlyMemory<byte> lines, ReadOnlyMemory<byte> index, CancellationToken cancellation);

    /// <summary>A file's index, or null where it is not there.</summary>
    Task<ReadOnlyMemory<byte>?> ReadIndexAsync(PredictionSegmentName name, CancellationToken cancellation);

    /// <summary>A stretch of a file, or null where the file is not there.</summary>
    Task<ReadOnlyMemory<byte>?> ReadLineAsync(PredictionSegmentName name, PredictionLine line, CancellationToken cancellation);

    /// <summary>A file from its first line on, or null where it is not there.</summary>
    Task<Stream?> OpenLinesAsync(PredictionSegmentName name, CancellationToken cancellation);

    /// <summary>All rows of a file, or null where it is not there.</summary>
    Task<ReadOnlyMemory<byte>?> ReadLinesAsync(PredictionSegmentName name, CancellationToken cancellation);

    /// <summary>The files of an hour that are complete (their index is there), in the order of their names.</summary>
    IAsyncEnumerable<PredictionSegmentName> ListAsync(string pipeline, DateTimeOffset hour, CancellationToken cancellation);
}

/// <summary>Where a row's line stands in its file.</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Bytes, without the line's end.</param>
public readonly record struct PredictionLine(long Offset, int Length);
