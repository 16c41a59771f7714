using System.Runtime.CompilerServices;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Data.Parsing;

/// <summary>
/// Parses one column's fields into an array of its type, batch after batch, in arrays that are kept for the next chunk. A field that is no value
/// of the type leaves a missing value and a note.
/// </summary>
internal abstract class ColumnBuilder(ColumnSchema schema)
{
    public ColumnSchema Schema => schema;

    /// <summary>Rows parsed since <see cref="Clear"/>.</summary>
    protected int Count { get; set; }

    public static ColumnBuilder Create(ColumnSchema schema) => schema.Type switch
    {
        ColumnType.Boolean => new BooleanBuilder(schema),
        ColumnType.Integer => new IntegerBuilder(schema),
        ColumnType.Number => new NumberBuilder(schema),
        ColumnType.Timestamp => new TimestampBuilder(schema),
        ColumnType.Category => new CategoryBuilder(schema),
        ColumnType.Text or ColumnType.Identifier => new TextBuilder(schema),
        _ => throw new ArgumentOutOfRangeException(nameof(schema), schema.Type, "unknown column type"),
    };

    /// <summary>Parses the fields of one source column for all rows of the batch.</summary>
    public abstract void Append(FieldBatch batch, int sourceColumn, ChunkFaults faults);

    /// <summary>The column so far. It shares this builder's arrays: valid until <see cref="Clear"/>.</summary>
    public abstract Column Build();

    /// <summary>Begins anew.</summary>
    public virtual void Clear() => Count = 0;

    protected static void Reserve<T>(ref T[] values, int count)
    {
        if (values.Length < count)
        {
            Array.Resize(ref values, Math.Max(count, values.Length * 2));
        }
    }

    /// <summary>Without spaces and tabs at both ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) =>
        text.Length > 0 && (text[0] <= ' ' || text[^1] <= ' ') ? text.Trim(" \t\r\n"u8) : text;
}

internal sealed class NumberBuilder(ColumnSchema schema) : ColumnBuilder(schema)
{
    private double[] _values = [];

    public override void Append(FieldBatch batch, int sourceColumn, ChunkFaults faults)
    {
        Reserve(ref _values, Count + batch.RowCount);
        byte point = Schema.DecimalComma ? (byte)',' : (byte)'.';
        var fields = batch.Fields.AsSpan(sourceColumn * batch.Capacity, batch.RowCount);
        var values = _values.AsSpan(Count, batch.RowCount);
        for (int row = 0; row < fields.Length; row++)
        {
            var text = Trim(batch[fields[row]]);
            if (!NumberParser.TryParseNumber(text, point, out values[row]))
            {
                values[row] = double.NaN;
                if (!Words.IsMissing(text))
                {
                    faults.Add(Count + row, Schema.Name, "type", text, "a number");
                }
            }
        }

        Count += batch.RowCount;
    }

    public override Column Build() => new NumberColumn(Schema, _values, Count);
}

internal sealed class IntegerBuilder(ColumnSchema schema) : ColumnBuilder(schema)
{
    private long[] _values = [];

    public override void Append(FieldBatch batch, int sourceColumn, ChunkFaults faults)
    {
        Reserve(ref _values, Count + batch.RowCount);
        var fields = batch.Fields.AsSpan(sourceColumn * batch.Capacity, batch.RowCount);
        var values = _values.AsSpan(Count, batch.RowCount);
        for (int row = 0; row < fields.Length; row++)
        {
            var text = Trim(batch[fields[row]]);
            if (!NumberParser.TryParseInteger(text, out values[row]) && !IsWholeNumber(text, out values[row]))
            {
                values[row] = IntegerColumn.Missing;
                if (!Words.IsMissing(text))
                {
                    faults.Add(Count + row, Schema.Name, "type", text, "a whole number");
                    if (NumberParser.TryParseNumber(text, (byte)'.', out _))
                    {
                        faults.NoteNumber(Schema.Name);
                    }
                }
            }
        }

        Count += batch.RowCount;
    }

    public override Column Build() => new IntegerColumn(Schema, _values, Count);

    /// <summary>Whether a text such as 12.0 or 1e3 says a whole number, as tools write that know only floating point.</summary>
    private static bool IsWholeNumber(ReadOnlySpan<byte> text, out long value)
    {
        bool whole = NumberParser.TryParseNumber(text, (byte)'.', out double number) && Math.Abs(number) < 1L << 53 && Math.Floor(number) == number;
        value = whole ? (long)number : IntegerColumn.Missing;
        return whole;
    }
}

internal sealed class TimestampBuilder(ColumnSchema schema) : ColumnBuilder(schema)
{
    private long[] _values = [];

    public override void Append(FieldBatch batch, int sourceColumn, ChunkFaults faults)
    {
        Reserve(ref _values, Count + batch.RowCount);
        var form = Schema.TimestampForm;
        var fields = batch.Fields.AsSpan(sourceColumn * batch.Capacity, batch.RowCount);
        var values = _values.AsSpan(Count, batch.RowCount);
        for (int row = 0; row < fields.Length; row++)
        {
            var text = Trim(batch[fields[row]]);
            if (!TimestampParser.TryParse(text, form, out values[row]))
            {
                values[row] = TimestampColumn.Missing;
                if (!Words.IsMissing(text))
                {
                    faults.Add(Count + row, Schema.Name, "type", text, form switch
                    {
                        TimestampForm.MonthFirst => "a time such as 12/31/2001 or 2001-12-31T06:15:00",
                        TimestampForm.DayFirst => "a time such as 31/12/2001 or 2001-12-31T06:15:00",
                        _ => "a time such as 2001-12-31 or 2001-12-31T06:15:00",
                    });
                }
            }
        }

        Count += batch.RowCount;
    }

    public override Column Build() => new TimestampColumn(Schema, _values, Count);
}

internal sealed class BooleanBuilder(ColumnSchema schema) : ColumnBuilder(schema)
{
    private byte[] _values = [];

    public override void Append(FieldBatch batch, int sourceColumn, ChunkFaults faults)
    {
        Reserve(ref _values, Count + batch.RowCount);
        var fields = batch.Fields.AsSpan(sourceColumn * batch.Capacity, batch.RowCount);
        var values = _values.AsSpan(Count, batch.RowCount);
        for (int row = 0; row < fields.Length; row++)
        {
            var text = Trim(batch[fields[row]]);
            int value = text.Length == 1 && text[0] is (byte)'0' or (byte)'1' ? text[0] - '0' : Words.ParseBoolean(text);
            values[row] = value < 0 ? BooleanColumn.Missing : (byte)value;
            if (value < 0 && !Words.IsMissing(text))
            {
                faults.Add(Count + row, Schema.Name, "type", text, "true or false (also yes/no, t/f, y/n, 1/0)");
            }
        }

        Count += batch.RowCount;
    }

    public override Column Build() => new BooleanColumn(Schema, _values, Count);
}

internal sealed class CategoryBuilder(ColumnSchema schema) : ColumnBuilder(schema)
{
    private readonly CategoryDictionary _dictionary = new();
    private int[] _codes = [];

    public override void Append(FieldBatch batch, int sourceColumn, ChunkFaults faults)
    {
        Reserve(ref _codes, Count + batch.RowCount);
        var fields = batch.Fields.AsSpan(sourceColumn * batch.Capacity, batch.RowCount);
        var codes = _codes.AsSpan(Count, batch.RowCount);
        for (int row = 0; row < fields.Length; row++)
        {
            var text = Trim(batch[fields[row]]);
            codes[row] = Words.IsMissing(text) ? CategoryColumn.Missing : _dictionary.GetOrAdd(text);
        }

        Count += batch.RowCount;
    }

    public override Column Build() => new CategoryColumn(Schema, _codes, _dictionary, Count);

    public override void Clear()
    {
        base.Clear();
        _dictionary.Clear();
    }
}

internal sealed class TextBuilder(ColumnSchema schema) : ColumnBuilder(schema)
{
    private int[] _offsets = new int[1];
    private byte[] _bytes = [];

    public override void Append(FieldBatch batch, int sourceColumn, ChunkFaults faults)
    {
        Reserve(ref _offsets, Count + batch.RowCount + 1);
        var fields = batch.Fields.AsSpan(sourceColumn * batch.Capacity, batch.RowCount);
        int end = _offsets[Count];
        for (int row = 0; row < fields.Length; row++)
        {
            var text = Trim(batch[fields[row]]);
            if (!Words.IsMissing(text))
            {
                Reserve(ref _bytes, end + text.Length);
                text.CopyTo(_bytes.AsSpan(end));
                end += text.Length;
            }

            _offsets[Count + row + 1] = end;
        }

        Count += batch.RowCount;
    }

    public override Column Build() => new TextColumn(Schema, _offsets, _bytes, Count);
}
