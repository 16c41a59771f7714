using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Profiling;

namespace ServerlessMlops.Core.Datasets;

/// <summary>How a training on a data set ended; kept with the data set, so that the same data and spec are not trained again.</summary>
/// <param name="RunId">The run that trained.</param>
/// <param name="Version">The version it registered; null where no candidate passed.</param>
/// <param name="ModelId">That version's model.</param>
/// <param name="Reason">How it was judged, in a sentence.</param>
public sealed record DatasetOutcome(string RunId, int? Version, string? ModelId, string Reason);

/// <summary>A part that is being written; nobody sees it before its batch is saved.</summary>
public interface IPartDraft : IAsyncDisposable
{
    /// <summary>Takes the part from its beginning to its end. It can begin anew by <c>SetLength(0)</c>; else it neither reads nor seeks.</summary>
    Stream Content { get; }
}

/// <summary>The <c>datasets</c> container: batches (<c>{p}/batches/{id}/</c>) and data sets over them (<c>{p}/{datasetId}/</c>). Nothing is overwritten.</summary>
public interface IDatasetStore
{
    /// <summary>Begins the Arrow part of a batch whose id is not known yet. Dispose it in any case; what is not kept by then is nowhere.</summary>
    Task<IPartDraft> BeginPartAsync(string pipeline, CancellationToken cancellation);

    /// <summary>Keeps an accepted batch: its parts, then its summary, whose presence means that the batch is whole. Repeating it changes nothing.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="batch">What assembling a data set needs to know of it.</param>
    /// <param name="profile">What its values look like.</param>
    /// <param name="part">The Arrow part, of this store's <see cref="BeginPartAsync"/>.</param>
    /// <param name="rejected">Rows set aside, as CSV; seekable, read from its beginning.</param>
    /// <param name="cancellation">Ends the call.</param>
    Task SaveBatchAsync(string pipeline, BatchSummary batch, DatasetProfile profile, IPartDraft part, Stream rejected, CancellationToken cancellation);

    /// <summary>All whole batches of the pipeline.</summary>
    Task<IReadOnlyList<BatchSummary>> ListBatchesAsync(string pipeline, CancellationToken cancellation);

    /// <summary>The batch that was accepted last, or null: what later uploads are held against.</summary>
    Task<BatchSummary?> GetNewestBatchAsync(string pipeline, CancellationToken cancellation);

    /// <summary>A whole batch, or null.</summary>
    Task<BatchSummary?> GetBatchAsync(string pipeline, string batchId, CancellationToken cancellation);

    /// <summary>What the values of a whole batch look like, or null.</summary>
    Task<DatasetProfile?> GetProfileAsync(string pipeline, string batchId, CancellationToken cancellation);

    /// <summary>Keeps a manifest under its id.</summary>
    Task SaveManifestAsync(string pipeline, string datasetId, DatasetManifest manifest, CancellationToken cancellation);

    /// <summary>A manifest, or null.</summary>
    Task<DatasetManifest?> GetManifestAsync(string pipeline, string datasetId, CancellationToken cancellation);

    /// <summary>The rows of a data set. Only the bytes of the columns wanted are fetched, in ranges.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="manifest">The data set.</param>
    /// <param name="columns">Names of the columns wanted, or null for all.</param>
    /// <param name="cancellation">Ends the call.</param>
    Task<ColumnTable> ReadAsync(string pipeline, DatasetManifest manifest, IReadOnlyCollection<string>? columns, CancellationToken cancellation);

    /// <summary>How training on the data set ended, or null where it has not.</summary>
    Task<DatasetOutcome?> GetOutcomeAsync(string pipeline, string datasetId, CancellationToken cancellation);

    /// <summary>Keeps how training ended; the first word stands.</summary>
    Task SaveOutcomeAsync(string pipeline, string datasetId, DatasetOutcome outcome, CancellationToken cancellation);

    /// <summary>Drops how training ended, because what it made is not there any more; the data set can be trained on again.</summary>
    Task ForgetOutcomeAsync(string pipeline, string datasetId, CancellationToken cancellation);

    /// <summary>Ids of the pipeline's data sets.</summary>
    Task<IReadOnlyList<string>> ListDatasetsAsync(string pipeline, CancellationToken cancellation);
}
