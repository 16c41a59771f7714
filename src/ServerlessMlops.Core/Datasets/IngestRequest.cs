using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Profiling;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Core.Datasets;

/// <summary>An upload to be read, and where its rows go.</summary>
public sealed record IngestRequest
{
    /// <summary>Opens the upload from its beginning. Called once; a second time if the file's beginning misled about a column's type.</summary>
    public required Func<CancellationToken, ValueTask<Stream>> Open { get; init; }

    /// <summary>The file's name.</summary>
    public required string Name { get; init; }

    /// <summary>The pipeline's spec.</summary>
    public required PipelineSpec Spec { get; init; }

    /// <summary>Schema of earlier uploads, or null for the first.</summary>
    public TableSchema? Expected { get; init; }

    /// <summary>Profile of earlier uploads: tells which names are new. Optional.</summary>
    public DatasetProfile? Reference { get; init; }

    /// <summary>Takes the Arrow IPC file, written from its beginning to its end. A second reading begins it anew, by <c>Seek</c> and <c>SetLength</c> to 0.</summary>
    public required Stream Arrow { get; init; }

    /// <summary>Takes the rows set aside, as CSV; begun anew as <see cref="Arrow"/>.</summary>
    public required Stream Rejected { get; init; }

    /// <summary>The time that freshness is judged at; null skips that.</summary>
    public DateTimeOffset? AsOf { get; init; }

    /// <summary>What the file may cost at most.</summary>
    public ReadLimits Limits { get; init; } = ReadLimits.Default;

    /// <summary>Chunks parsed at the same time.</summary>
    public int Parallelism { get; init; } = Environment.ProcessorCount;

    /// <summary>Told now and then how far reading is: decoded bytes and rows.</summary>
    public Action<long, long>? Progress { get; init; }
}
