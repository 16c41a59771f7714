using System.Runtime.CompilerServices;
using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Data.Profiling;

/// <summary>Profiles one chunk of a table, column by column. Categories are counted later, when their codes are those of the whole file.</summary>
internal sealed class TableProfiler(TableSchema schema)
{
    private readonly ColumnSketch[] _columns = [.. schema.Columns.Select(_ => new ColumnSketch())];
    private readonly RowHasher _rows = new();
    private double[] _values = [];

    /// <summary>A hash of each row of the chunk.</summary>
    public ReadOnlySpan<ulong> RowHashes => _rows.Hashes;

    /// <summary>What was seen of each column.</summary>
    public IReadOnlyList<ColumnSketch> Columns => _columns;

    public void Clear()
    {
        foreach (var column in _columns)
        {
            column.Clear();
        }
    }

    /// <summary>Adds the rows of a table.</summary>
    /// <param name="table">The rows.</param>
    /// <param name="ordinal">The chunk's number: later chunks give the quantile sketch only one value in eight, drawn from each eight.</param>
    public void Add(ColumnTable table, int ordinal)
    {
        if (_values.Length < table.RowCount)
        {
            _values = new double[Math.Max(table.RowCount, _values.Length * 2)];
        }

        _rows.Run(table);
        int level = table.RowCount < 4096 || ordinal < 4 ? 0 : 3;
        for (int c = 0; c < _columns.Length; c++)
        {
            var sketch = _columns[c];
            sketch.Rows += table.RowCount;
            switch (table.Columns[c])
            {
                case NumberColumn column:
                    AddNumbers(sketch, Gather(column.Values.AsSpan(0, column.Length)), level, (uint)(ordinal * 31 + c));
                    break;
                case IntegerColumn column:
                    AddNumbers(sketch, Gather(column.Values.AsSpan(0, column.Length)), level, (uint)(ordinal * 31 + c));
                    break;
                case TimestampColumn column:
                    AddNumbers(sketch, Gather(column.Values.AsSpan(0, column.Length)), level, (uint)(ordinal * 31 + c));
                    break;
                case BooleanColumn column:
                    AddBooleans(sketch, column);
                    break;
                case TextColumn column:
                    AddTexts(sketch, column);
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Span<double> Gather(ReadOnlySpan<double> values)
    {
        int count = 0;
        foreach (double value in values)
        {
            _values[count] = value;
            count += double.IsNaN(value) ? 0 : 1;
        }

        return _values.AsSpan(0, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Span<double> Gather(ReadOnlySpan<long> values)
    {
        int count = 0;
        foreach (long value in values)
        {
            _values[count] = value;
            count += value == long.MinValue ? 0 : 1;
        }

        return _values.AsSpan(0, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddNumbers(ColumnSketch sketch, ReadOnlySpan<double> values, int level, uint seed)
    {
        sketch.Values += values.Length;
        sketch.Moments += Moments.Of(values);
        var distinct = sketch.Distinct;
        foreach (double value in values)
        {
            // Adding 0 makes the two zeros one.
            distinct.Add(Utf8Hash.Of(BitConverter.DoubleToUInt64Bits(value + 0.0)));
        }

        int step = 1 << level, whole = values.Length - values.Length % step;
        uint draw = seed * 2654435761 | 1;
        for (int i = 0; i < whole; i += step)
        {
            draw ^= draw << 13;
            draw ^= draw >> 17;
            draw ^= draw << 5;
            sketch.Quantiles.Add(values[i + (int)(draw >> 24 & (uint)(step - 1))], level);
        }

        foreach (double value in values[whole..])
        {
            sketch.Quantiles.Add(value);
        }
    }

    private static void AddBooleans(ColumnSketch sketch, BooleanColumn column)
    {
        var values = column.Values.AsSpan(0, column.Length);
        int trues = values.Count((byte)1), missing = values.Count(BooleanColumn.Missing);
        sketch.Values += values.Length - missing;
        sketch.Trues += trues;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddTexts(ColumnSketch sketch, TextColumn column)
    {
        var offsets = column.Offsets;
        for (int row = 0; row < column.Length; row++)
        {
            int length = offsets[row + 1] - offsets[row];
            if (length > 0)
            {
                sketch.Values++;
                sketch.TextBytes += length;
                sketch.ShortestText = Math.Min(sketch.ShortestText, length);
                sketch.LongestText = Math.Max(sketch.LongestText, length);
                sketch.Distinct.Add(Utf8Hash.Of(column.Bytes.AsSpan(offsets[row], length)));
            }
        }
    }
}

/// <summary>What was seen of one column; what a type has no use for stays empty.</summary>
internal sealed class ColumnSketch
{
    public long Rows { get; set; }

    /// <summary>Values that are there.</summary>
    public long Values { get; set; }

    public Moments Moments { get; set; } = Moments.None;

    public HyperLogLog Distinct { get; } = new();

    public QuantileSketch Quantiles { get; } = new();

    public long Trues { get; set; }

    public long TextBytes { get; set; }

    public int ShortestText { get; set; } = int.MaxValue;

    public int LongestText { get; set; }

    public void Merge(ColumnSketch other)
    {
        Rows += other.Rows;
        Values += other.Values;
        Moments += other.Moments;
        Distinct.Merge(other.Distinct);
        Quantiles.Merge(other.Quantiles);
        Trues += other.Trues;
        TextBytes += other.TextBytes;
        ShortestText = Math.Min(ShortestText, other.ShortestText);
        LongestText = Math.Max(LongestText, other.LongestText);
    }

    public void Clear()
    {
        (Rows, Values, Trues, TextBytes) = (0, 0, 0, 0);
        Moments = Moments.None;
        Distinct.Clear();
        Quantiles.Clear();
        (ShortestText, LongestText) = (int.MaxValue, 0);
    }
}
