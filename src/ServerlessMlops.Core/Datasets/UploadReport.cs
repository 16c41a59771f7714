using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Profiling;

namespace ServerlessMlops.Core.Datasets;

/// <summary>
/// What became of one upload, for people: kept for every upload that was read, also of those that made no batch. The run says it in a sentence; this is the whole of it.
/// </summary>
public sealed record UploadReport
{
    /// <summary>The version of the file.</summary>
    public required Upload Upload { get; init; }

    /// <summary>Hash of the spec that it was checked by.</summary>
    public required string SpecHash { get; init; }

    /// <summary>Whether it became a batch.</summary>
    public required BatchVerdict Verdict { get; init; }

    /// <summary>The batch; null where it was rejected.</summary>
    public string? BatchId { get; init; }

    /// <summary>How the file is written, in words.</summary>
    public string Format { get; init; } = "";

    /// <summary>Decoded bytes read.</summary>
    public long Bytes { get; init; }

    /// <summary>Rows kept, or, of a rejected upload, rows without a fault.</summary>
    public long RowsKept { get; init; }

    /// <summary>Rows set aside.</summary>
    public long RowsRejected { get; init; }

    /// <summary>Reasons for setting rows aside, with their counts; a row may have several.</summary>
    public IReadOnlyList<RejectionCount> Rejections { get; init; } = [];

    /// <summary>Path of the rows set aside in the <c>datasets</c> container; null where there are none.</summary>
    public string? RejectedRows { get; init; }

    /// <summary>Everything that was found out, the gravest first.</summary>
    public required IReadOnlyList<DataFinding> Findings { get; init; }

    /// <summary>The batch that it was compared with: the one accepted last before it. Null for a pipeline's first.</summary>
    public string? ComparedWith { get; init; }

    /// <summary>How its profile differs from that batch's, in words such as <c>distance: median 750 -> 910</c>.</summary>
    public IReadOnlyList<string> Differences { get; init; } = [];

    /// <summary>Writes the report.</summary>
    /// <param name="upload">The version of the file.</param>
    /// <param name="spec">What it was checked by.</param>
    /// <param name="result">What reading it gave.</param>
    /// <param name="comparedWith">The batch before it, if any.</param>
    /// <param name="reference">That batch's profile.</param>
    public static UploadReport Of(Upload upload, PipelineSpec spec, BatchResult result, string? comparedWith, DatasetProfile? reference)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(result);
        return new UploadReport
        {
            Upload = upload,
            SpecHash = spec.ComputeHash(),
            Verdict = result.Verdict,
            BatchId = result.BatchId,
            Format = result.Format,
            Bytes = result.Bytes,
            RowsKept = result.RowsKept,
            RowsRejected = result.RowsRejected,
            Rejections = result.Rejections,
            Findings = result.Findings,
            ComparedWith = comparedWith,
            Differences = reference is null || result.Profile is null ? [] : ProfileDifference.Describe(reference, result.Profile, spec),
        };
    }

    /// <summary>What to look at although the upload was accepted, by kind and column and without any value; empty where there is nothing.</summary>
    public string Warnings => string.Join("; ", Findings
        .Where(f => f.Severity == FindingSeverity.Warning && f.Code != DataFindingCodes.RowsRejected)
        .GroupBy(f => f.Code, f => f.Column)
        .Select(g => DataFindingCodes.InWords(g.Key, [.. g.OfType<string>().Distinct()])));
}

/// <summary>Where reports on uploads are kept: <c>datasets/{p}/uploads/{runId}/</c>.</summary>
public interface IUploadReports
{
    /// <summary>Keeps a report in place of an earlier one of the same upload.</summary>
    /// <param name="report">The report. Its <see cref="UploadReport.RejectedRows"/> are filled in here.</param>
    /// <param name="rejected">Rows set aside, as CSV, of an upload that made no batch; null where the batch keeps them, or there are none.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>The report as it is kept.</returns>
    Task<UploadReport> SaveAsync(UploadReport report, Stream? rejected, CancellationToken cancellation);

    /// <summary>The report of an ingestion run, or null.</summary>
    Task<UploadReport?> LoadAsync(string pipeline, string runId, CancellationToken cancellation);
}
