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
        ColumnType.Boolean => new ValueBuilder<byte, BooleanField>(schema, default, (values, count) => new BooleanColumn(schema, values, count)),
        ColumnType.Integer => new ValueBuilder<long, IntegerField>(schema, default, (values, count) => new IntegerColumn(schema, values, count)),
        ColumnType.Number => new ValueBuilder<double, NumberField>(schema, new NumberField(schema), (values, count) => new NumberColumn(schema, values, count)),
        ColumnType.Timestamp => new ValueBuilder<long, TimestampField>(schema, new TimestampField(schema), (values, count) => new TimestampColumn(schema, values, count)),
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

/// <summary>Values of one size. The kind of field is a structure, so that each type gets a loop of its own, without a call per field.</summary>
internal sealed class ValueBuilder<TValue, TField>(ColumnSchema schema, TField field, Func<TValue[], int, Column> column) : ColumnBuilder(schema)
    where TValue : struct
    where TField : struct, IFieldParser<TValue>
{
    private TValue[] _values = [];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Append(FieldBatch batch, int sourceColumn, ChunkFaults faults)
    {
        Reserve(ref _values, Count + batch.RowCount);
        var fields = batch.Fields.AsSpan(sourceColumn * batch.Capacity, batch.RowCount);
        var values = _values.AsSpan(Count, batch.RowCount);
        for (int row = 0; row < fields.Length; row++)
        {
            var text = Trim(batch[fields[row]]);
            if (!field.TryParse(text, out values[row]) && !Words.IsMissing(text))
            {
                faults.Add(Count + row, Schema.Name, "type", text, field.Expected);
                if (field.IsOtherNumber(text))
                {
                    faults.NoteNumber(Schema.Name);
                }
            }
        }

        Count += batch.RowCount;
    }

    public override Column Build() => column(_values, Count);
}

internal sealed class CategoryBuilder(ColumnSchema schema) : ColumnBuilder(schema)
{
    private readonly CategoryDictionary _dictionary = new();
    private int[] _codes = [];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
