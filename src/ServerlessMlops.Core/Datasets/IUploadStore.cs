namespace ServerlessMlops.Core.Datasets;

/// <summary>An upload as storage lists it.</summary>
/// <param name="Upload">Path and ETag.</param>
/// <param name="Length">Bytes.</param>
/// <param name="ModifiedAt">When this version was written.</param>
public sealed record ListedUpload(Upload Upload, long Length, DateTimeOffset ModifiedAt);

/// <summary>The <c>uploads</c> container; read only, for what users drop is never changed.</summary>
public interface IUploadStore
{
    /// <summary>
    /// Streams that version of the file, in ranged reads that each insist on its ETag; bounded memory whatever the size.
    /// Null where it is gone or a newer version has taken its place.
    /// </summary>
    /// <exception cref="SupersededException">On reading, when the blob was overwritten or deleted half-way.</exception>
    Task<Stream?> OpenAsync(Upload upload, CancellationToken cancellation);

    /// <summary>Uploads whose path begins with <paramref name="prefix"/>, in path order.</summary>
    IAsyncEnumerable<ListedUpload> ListAsync(string prefix, CancellationToken cancellation);
}

/// <summary>A file was overwritten or deleted while it was being read; the newer version has a run of its own.</summary>
public sealed class SupersededException(string message, Exception? inner = null) : IOException(message, inner);
