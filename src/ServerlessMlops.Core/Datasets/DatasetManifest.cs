using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Core.Datasets;

/// <summary>How rows are told apart into training and hold-out.</summary>
public enum SplitKind
{
    /// <summary>The newest rows by the time column are held out.</summary>
    Time,

    /// <summary>Rows are held out by a hash of their key, so that a row stays on its side in every version of the data.</summary>
    Key,

    /// <summary>As <see cref="Key"/>, by a hash of the whole row, where there is no key.</summary>
    Row,
}

/// <summary>The rule of a split.</summary>
/// <param name="Kind">By what.</param>
/// <param name="Column">The time or key column; null for <see cref="SplitKind.Row"/>.</param>
/// <param name="HoldoutShare">Share of the rows that is held out, 0 to 1.</param>
public sealed record SplitRule(SplitKind Kind, string? Column, double HoldoutShare)
{
    /// <summary>Share held out by default.</summary>
    public const double DefaultHoldoutShare = 0.2;

    /// <summary>The rule that a spec asks for: by time if it names a time column, else by key, else by row.</summary>
    public static SplitRule For(PipelineSpec spec) => spec.Time is not null ? new SplitRule(SplitKind.Time, spec.Time, DefaultHoldoutShare)
        : spec.Key is not null ? new SplitRule(SplitKind.Key, spec.Key, DefaultHoldoutShare)
        : new SplitRule(SplitKind.Row, null, DefaultHoldoutShare);
}

/// <summary>A batch of a data set.</summary>
/// <param name="BatchId">Content address of the batch.</param>
/// <param name="Rows">Its rows.</param>
public sealed record DatasetBatch(string BatchId, long Rows);

/// <summary>
/// What a data set is made of (<c>manifest.json</c>): no paths, tags or times of upload, so that the same content is the same data set.
/// </summary>
public sealed record DatasetManifest
{
    /// <summary>The form of this document.</summary>
    public int Version { get; init; } = 1;

    /// <summary>Hash of the spec that it was assembled by.</summary>
    public required string SpecHash { get; init; }

    /// <summary>Its batches, oldest upload first: of rows with the same key the last counts.</summary>
    public required IReadOnlyList<DatasetBatch> Batches { get; init; }

    /// <summary>Columns: those of the newest batch, and those that only older ones have.</summary>
    public required TableSchema Schema { get; init; }

    /// <summary>Rows earlier than this are left out (microseconds since 1970-01-01 UTC); null leaves none out.</summary>
    public long? From { get; init; }

    /// <summary>The time column that <see cref="From"/> is about.</summary>
    public string? Time { get; init; }

    /// <summary>The column by which repeated rows are told; null keeps all.</summary>
    public string? Key { get; init; }

    /// <summary>How training and hold-out are told apart.</summary>
    public required SplitRule Split { get; init; }

    /// <summary>Rows of all batches, before any is left out.</summary>
    public long Rows => Batches.Sum(b => b.Rows);

    /// <summary>Id of the data set: SHA-256 over the manifest's canonical JSON.</summary>
    public string ComputeId() => ContentAddress.OfJson(this);
}
