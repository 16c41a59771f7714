using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Profiling;

namespace ServerlessMlops.Core.Datasets;

/// <summary>Whether an upload became a batch.</summary>
public enum BatchVerdict
{
    /// <summary>It did; rows may have been set aside.</summary>
    Accepted,

    /// <summary>It did not; the findings say why.</summary>
    Rejected,
}

/// <summary>What became of one upload. Rows in = rows kept + rows rejected, always.</summary>
public sealed record BatchResult
{
    /// <summary>Whether it became a batch.</summary>
    public required BatchVerdict Verdict { get; init; }

    /// <summary>Content address of the rows kept, their schema and the parser's version; null if rejected.</summary>
    public string? BatchId { get; init; }

    /// <summary>Columns that were read; null if the file could not be read.</summary>
    public TableSchema? Schema { get; init; }

    /// <summary>Why each column is read as it is, in a few words, by the column's name: what its values look like, or who said so.</summary>
    public IReadOnlyDictionary<string, string> Evidence { get; init; } = new Dictionary<string, string>();

    /// <summary>Profile of the rows kept; null if there are none.</summary>
    public DatasetProfile? Profile { get; init; }

    /// <summary>Rows kept.</summary>
    public long RowsKept { get; init; }

    /// <summary>Rows set aside.</summary>
    public long RowsRejected { get; init; }

    /// <summary>Reasons for setting rows aside, with their counts; a row may have several.</summary>
    public IReadOnlyList<RejectionCount> Rejections { get; init; } = [];

    /// <summary>Everything that was found out, the gravest first.</summary>
    public required IReadOnlyList<DataFinding> Findings { get; init; }

    /// <summary>How the file is written, in words.</summary>
    public string Format { get; init; } = "";

    /// <summary>Decoded bytes read.</summary>
    public long Bytes { get; init; }

    /// <summary>Why it was rejected, in one line a person can act on; null if accepted.</summary>
    public string? Reason => Verdict == BatchVerdict.Accepted
        ? null
        : InBrief([.. Findings.Where(f => f.Severity == FindingSeverity.Error).Select(f => f.Message)]);

    /// <summary>The first few: whoever reads more of them reads the report.</summary>
    private static string InBrief(string[] messages)
    {
        const int Most = 3;
        int more = messages.Length - Most;
        return string.Join(" ", messages.Take(Most)) + (more > 0 ? $" {more} more {(more == 1 ? "fault stands" : "faults stand")} in the run's report." : "");
    }
}

/// <summary>Rows set aside for one reason.</summary>
/// <param name="Column">Column at fault; empty for the row as a whole.</param>
/// <param name="Rule">The rule that was broken.</param>
/// <param name="Count">How often.</param>
public sealed record RejectionCount(string Column, string Rule, long Count);
