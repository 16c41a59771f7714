using System.Runtime.CompilerServices;

namespace ServerlessMlops.Data.Reading;

/// <summary>Where a field's bytes lie in the batch's buffer.</summary>
internal readonly record struct Field(int Start, int Length);

/// <summary>What is wrong with a row as a whole.</summary>
internal enum RowFault : byte
{
    None,
    FieldCount,
    FieldLength,
    Quote,
    Json,
    Depth,
}

/// <summary>
/// Some rows, cut into fields but not yet parsed. Fields lie column by column, so that one column's parser runs over them in a tight loop:
/// field (row r, column c) is <c>Fields[c * Capacity + r]</c>.
/// </summary>
internal sealed class FieldBatch
{
    public FieldBatch(int columnCount)
        : this(columnCount, Math.Clamp(16_384 / Math.Max(1, columnCount), 16, 1024))
    {
    }

    public FieldBatch(int columnCount, int capacity)
    {
        ColumnCount = columnCount;
        Capacity = capacity;
        Fields = new Field[Capacity * columnCount];
        RowStarts = new int[Capacity];
        FieldCounts = new int[Capacity];
        Faults = new RowFault[Capacity];
    }

    /// <summary>Columns of the file.</summary>
    public int ColumnCount { get; }

    /// <summary>Most rows.</summary>
    public int Capacity { get; }

    /// <summary>Rows there are.</summary>
    public int RowCount { get; set; }

    /// <summary>What the fields point into.</summary>
    public byte[] Buffer { get; set; } = [];

    public Field[] Fields { get; }

    /// <summary>Where each row begins in its chunk.</summary>
    public int[] RowStarts { get; }

    /// <summary>Fields found in each row.</summary>
    public int[] FieldCounts { get; }

    public RowFault[] Faults { get; }

    /// <summary>A batch of one column whose fields are all empty: what a column reads that the file does not have.</summary>
    public static FieldBatch Blank(int capacity) => new(1, capacity);

    public ReadOnlySpan<byte> this[Field field]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Buffer.AsSpan(field.Start, field.Length);
    }
}

/// <summary>Cuts the rows of a chunk into fields, batch by batch.</summary>
internal interface IRowTokenizer
{
    /// <summary>Begins a chunk.</summary>
    void Begin(Chunk chunk);

    /// <summary>Fills the batch with the next rows; false if there is none.</summary>
    bool Next(FieldBatch batch);
}

/// <summary>A run of whole rows of the decoded file. The buffer has at least <see cref="Padding"/> bytes beyond the length.</summary>
internal sealed class Chunk
{
    /// <summary>Readable bytes past the end, so that vector loads need no check.</summary>
    public const int Padding = 64;

    public required byte[] Buffer { get; init; }

    /// <summary>Where the first row begins (past a header).</summary>
    public int Start { get; set; }

    /// <summary>Where the last row ends: after its line end.</summary>
    public int Length { get; set; }

    /// <summary>The chunk is one row whose quote is never closed.</summary>
    public bool IsBrokenRow { get; set; }
}
