using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Scoring.Bulk;

/// <summary>How the rows of a file stand in it.</summary>
public enum BulkFormat
{
    /// <summary>A header line with the column names, then one record per row (RFC 4180; commas, semicolons or tabs).</summary>
    Csv,

    /// <summary>One JSON object by column name a line.</summary>
    JsonLines,
}

/// <summary>What scoring a file is about: decided once, so that every stretch of the file is scored the same way.</summary>
/// <param name="File">The version of the file, under <c>scoring/</c>.</param>
/// <param name="Version">The model version that scores all of it.</param>
/// <param name="Format">How its rows stand in it.</param>
/// <param name="IsPacked">Whether it is gzip.</param>
/// <param name="Header">CSV: the line of the column names, without its end; else empty.</param>
/// <param name="Delimiter">CSV: what stands between fields.</param>
/// <param name="StartOffset">Where its first row begins, in bytes of its (unpacked) text.</param>
/// <param name="StartedAt">When it was begun: the time and, cut to it, the hour of its rows in the prediction log.</param>
/// <param name="IsCounted">Whether its rows count into the windows that monitors read; see <see cref="ScoringSpec.CountFiles"/>.</param>
public sealed record BulkJob(
    Upload File, int Version, BulkFormat Format, bool IsPacked, string Header, char Delimiter, long StartOffset, DateTimeOffset StartedAt, bool IsCounted = false)
{
    /// <summary>What names the job in the prediction log, where processes have theirs: 8 hexadecimal characters of path and ETag.</summary>
    public string Instance => ContentAddress.Of($"{File.Path}\n{File.ETag}")[..InferenceId.InstanceLength];
}

/// <summary>Where the answer to a file stands: beside it.</summary>
public static class BulkAnswer
{
    private const string Mark = ".predictions.";

    /// <summary>Path of the answer: that of the file, with <c>.predictions.csv</c> or <c>.predictions.jsonl</c> after it.</summary>
    public static string PathOf(string file, BulkFormat format) => file + Mark + (format == BulkFormat.Csv ? "csv" : "jsonl");

    /// <summary>Path of what is said of the answer as a whole.</summary>
    public static string SummaryPathOf(string file) => file + Mark + "summary.json";

    /// <summary>Whether a path is that of an answer, which is not to be scored in its turn.</summary>
    public static bool IsAnswer(string path) => path[(path.LastIndexOf('/') + 1)..].Contains(Mark, StringComparison.Ordinal);
}

/// <summary>Something found in the rows of a file, counted over all of them.</summary>
/// <param name="Code">What it is.</param>
/// <param name="Column">The column.</param>
/// <param name="FirstRow">The first row that shows it, counted from 1.</param>
/// <param name="Rows">How many do.</param>
public sealed record BulkFinding(FindingCode Code, string Column, long FirstRow, long Rows);

/// <summary>How far the scoring of a file has come: where the next stretch begins, and what the answer holds so far.</summary>
/// <param name="Offset">Bytes of the (unpacked) text that are dealt with.</param>
/// <param name="Rows">Rows dealt with.</param>
/// <param name="Rejected">Of these, rows that could not be scored.</param>
/// <param name="Pieces">Pieces of the answer that are stored, waiting to be put together.</param>
/// <param name="IsComplete">Whether the file's end was reached.</param>
/// <param name="Findings">What was found in the rows; at most <see cref="MostFindings"/>.</param>
/// <param name="Counts">The scored rows so far, counted for monitors; null before the first checkpoint, or where the job is not counted.</param>
public sealed record BulkProgress(long Offset, long Rows, long Rejected, int Pieces, bool IsComplete, IReadOnlyList<BulkFinding> Findings, WindowSums? Counts = null)
{
    /// <summary>Most findings that are kept.</summary>
    public const int MostFindings = 200;

    /// <summary>The progress after a piece.</summary>
    /// <param name="bytes">Bytes of the piece.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="rejected">Of these, the rejected ones.</param>
    /// <param name="found">What was found in it, rows counted from 1 in the whole file.</param>
    public BulkProgress After(long bytes, long rows, long rejected, IEnumerable<BulkFinding> found) => this with
    {
        Offset = Offset + bytes,
        Rows = Rows + rows,
        Rejected = Rejected + rejected,
        Pieces = Pieces + 1,
        Findings = Merge(Findings, found),
    };

    /// <summary>The progress at a checkpoint: what a part counted is added to what was counted before it.</summary>
    /// <param name="counted">What the part counted; null for nothing.</param>
    public BulkProgress With(WindowSums? counted)
    {
        if (Counts is null || counted is null)
        {
            return this with { Counts = Counts ?? counted };
        }

        // What stands in this progress may be counted from again, where the part is lost: it stays as it is.
        WindowSums sum = WindowSums.Empty(counted);
        sum.Add(Counts);
        sum.Add(counted);
        return this with { Counts = sum };
    }

    /// <summary>Findings of the same code and column, as one each.</summary>
    internal static IReadOnlyList<BulkFinding> Merge(IEnumerable<BulkFinding> before, IEnumerable<BulkFinding> found) =>
    [
        .. before.Concat(found).GroupBy(f => (f.Code, f.Column))
            .Select(g => new BulkFinding(g.Key.Code, g.Key.Column, g.Min(f => f.FirstRow), g.Sum(f => f.Rows))).OrderBy(f => f.FirstRow).Take(MostFindings),
    ];
}
