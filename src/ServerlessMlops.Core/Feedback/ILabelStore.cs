using ServerlessMlops.Core.Datasets;

namespace ServerlessMlops.Core.Feedback;

/// <summary>The <c>labels</c> container: ground truth as people drop it, never changed. A version of a file is named like an upload's.</summary>
public interface ILabelStore
{
    /// <summary>Opens a version of a file and tells when it arrived; null where it was overwritten or deleted.</summary>
    Task<(Stream Content, DateTimeOffset ArrivedAt)?> OpenAsync(Upload labels, CancellationToken cancellation);

    /// <summary>Keeps a file; where one is there already, that one stays. Returns the version that stands.</summary>
    Task<Upload> PutAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellation);

    /// <summary>Files of all pipelines, in the order of their names.</summary>
    IAsyncEnumerable<ListedUpload> ListAsync(CancellationToken cancellation);
}
