using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Parsing;

namespace ServerlessMlops.Data.Reading;

/// <summary>What a reader knows beforehand.</summary>
public sealed record TableReaderOptions
{
    /// <summary>The file's name: its ending tells tabs from commas and JSON Lines from CSV where the content leaves a choice.</summary>
    public string Name { get; init; } = "";

    /// <summary>Names that a header is likely to hold. A first line that holds one of them is a header, whatever else it looks like.</summary>
    public IReadOnlyCollection<string> HeaderHints { get; init; } = [];

    /// <summary>What the file may cost at most.</summary>
    public ReadLimits Limits { get; init; } = ReadLimits.Default;

    /// <summary>Chunks parsed at the same time. Default: the number of processors. It changes the speed, never the result.</summary>
    public int Parallelism { get; init; } = Environment.ProcessorCount;

    /// <summary>Decoded bytes of one chunk. Default just under 4 MiB. Results are reproducible for one value of it.</summary>
    public int ChunkBytes { get; init; } = (4 << 20) - 64;
}

/// <summary>How a file is read, once its columns are known.</summary>
public sealed record ReadPlan
{
    /// <summary>The columns to read, by name, in the order wanted. A column that the file does not have reads as missing values.</summary>
    public required TableSchema Schema { get; init; }

    /// <summary>Checks of rows by themselves: run on several threads at once.</summary>
    public IReadOnlyList<IChunkCheck> Checks { get; init; } = [];

    /// <summary>Checks that look back on earlier rows: run in the file's order, on the rows that the others left.</summary>
    public IReadOnlyList<IChunkCheck> OrderedChecks { get; init; } = [];

    /// <summary>Whether a profile is made of the rows that are kept.</summary>
    public bool Profile { get; init; }

    /// <summary>The column to predict: the profile says how the others go with it.</summary>
    public string? Target { get; init; }
}

/// <summary>Looks at parsed rows and sets some aside.</summary>
public interface IChunkCheck
{
    /// <summary>Checks the rows of one chunk.</summary>
    /// <param name="table">The rows, valid during the call. Category codes are those of the chunk: compare names.</param>
    /// <param name="faults">Takes the rows to set aside, by their number in <paramref name="table"/>.</param>
    void Check(ColumnTable table, ChunkFaults faults);
}

/// <summary>Some rows in the file's order.</summary>
/// <param name="Table">The rows that are kept. Valid until the next group is asked for. Category codes are those of the whole file.</param>
/// <param name="Rejected">The rows that are set aside, by line; a row may be here with several reasons, and of many rows some may be unlisted.</param>
/// <param name="RejectedCount">Number of rows that are set aside.</param>
public sealed record RowGroup(ColumnTable Table, IReadOnlyList<RejectedRow> Rejected, int RejectedCount);
