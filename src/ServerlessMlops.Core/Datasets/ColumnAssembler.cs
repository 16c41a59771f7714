using System.Text;
using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Core.Datasets;

/// <summary>
/// Joins the parts of one column of a data set, block by block, into one array of its final size. Parts may have another type than the data set where
/// one widens to the other: whole numbers to numbers, anything to names or text.
/// </summary>
internal abstract class ColumnAssembler(ColumnSchema schema)
{
    /// <summary>Most rows, and most bytes of text, that one column in memory can hold.</summary>
    public static readonly long MaxLength = Array.MaxLength;

    public ColumnSchema Schema => schema;

    public static ColumnAssembler Create(ColumnSchema schema, int rows) => schema.Type switch
    {
        ColumnType.Number => new NumberAssembler(schema, rows),
        ColumnType.Integer => new ValueAssembler<long>(schema, rows, IntegerColumn.Missing, c => (c as IntegerColumn)?.Values, (v, n) => new IntegerColumn(schema, v, n)),
        ColumnType.Timestamp => new ValueAssembler<long>(schema, rows, TimestampColumn.Missing, c => (c as TimestampColumn)?.Values, (v, n) => new TimestampColumn(schema, v, n)),
        ColumnType.Boolean => new ValueAssembler<byte>(schema, rows, BooleanColumn.Missing, c => (c as BooleanColumn)?.Values, (v, n) => new BooleanColumn(schema, v, n)),
        ColumnType.Category => new CategoryAssembler(schema, rows),
        _ => new TextAssembler(schema, rows, MaxLength),
    };

    /// <summary>Adds a part's rows.</summary>
    /// <param name="column">The part's column; null where the part does not have it: its rows are missing.</param>
    /// <param name="rows">The part's rows.</param>
    public abstract void Append(Column? column, int rows);

    /// <summary>The whole column. The assembler lets go of its memory.</summary>
    public abstract Column Build();

    protected InvalidDataException Mismatch(Column column) =>
        new($"Column '{schema.Name}' is {column.Schema.Type} in a batch where the data set wants {schema.Type}; the manifest does not fit its batches.");
}

internal class ValueAssembler<T>(ColumnSchema schema, int rows, T missing, Func<Column, T[]?> values, Func<T[], int, Column> build) : ColumnAssembler(schema)
{
    private T[] _values = new T[rows];
    private int _count;

    public override void Append(Column? column, int rows)
    {
        var to = _values.AsSpan(_count, rows);
        if (column is null)
        {
            to.Fill(missing);
        }
        else
        {
            Copy(column, to);
        }

        _count += rows;
    }

    public override Column Build()
    {
        var column = build(_values, _count);
        _values = [];
        return column;
    }

    protected virtual void Copy(Column column, Span<T> to) => (values(column) ?? throw Mismatch(column)).AsSpan(0, to.Length).CopyTo(to);
}

internal sealed class NumberAssembler(ColumnSchema schema, int rows)
    : ValueAssembler<double>(schema, rows, double.NaN, c => (c as NumberColumn)?.Values, (v, n) => new NumberColumn(schema, v, n))
{
    protected override void Copy(Column column, Span<double> to)
    {
        if (column is not IntegerColumn integers)
        {
            base.Copy(column, to);
            return;
        }

        for (int row = 0; row < to.Length; row++)
        {
            to[row] = integers.Values[row] == IntegerColumn.Missing ? double.NaN : integers.Values[row];
        }
    }
}

internal sealed class CategoryAssembler(ColumnSchema schema, int rows) : ColumnAssembler(schema)
{
    private readonly CategoryDictionary _dictionary = new();
    private int[] _codes = new int[rows];
    private int _count;
    private CategoryDictionary? _mapped;
    private int[] _map = [];

    public override void Append(Column? column, int rows)
    {
        var to = _codes.AsSpan(_count, rows);
        _count += rows;
        switch (column)
        {
            case null:
                to.Fill(CategoryColumn.Missing);
                return;
            case CategoryColumn categories:
                CopyCodes(categories, to);
                return;
        }

        for (int row = 0; row < rows; row++)
        {
            to[row] = column.IsMissing(row) ? CategoryColumn.Missing
                : _dictionary.GetOrAdd(column is TextColumn texts ? texts.Utf8At(row) : Encoding.UTF8.GetBytes(column.TextAt(row)));
        }
    }

    public override Column Build()
    {
        var column = new CategoryColumn(Schema, _codes, _dictionary, _count);
        _codes = [];
        return column;
    }

    /// <summary>Codes of a part become those of the whole; the parts of one batch share a dictionary and so its map.</summary>
    private void CopyCodes(CategoryColumn column, Span<int> to)
    {
        var part = column.Dictionary;
        if (_mapped != part)
        {
            (_mapped, _map) = (part, new int[part.Count]);
            _map.AsSpan().Fill(-1);
        }

        for (int row = 0; row < to.Length; row++)
        {
            int code = column.Codes[row];
            if (code >= 0)
            {
                ref int mapped = ref _map[code];
                if (mapped < 0)
                {
                    mapped = _dictionary.GetOrAdd(part.Utf8Of(code), part.HashOf(code));
                }

                code = mapped;
            }

            to[row] = code;
        }
    }
}

internal sealed class TextAssembler(ColumnSchema schema, int rows, long maxBytes) : ColumnAssembler(schema)
{
    private readonly List<ReadOnlyMemory<byte>> _parts = [];
    private int[] _offsets = new int[rows + 1];
    private int _count;

    public override void Append(Column? column, int rows)
    {
        long end = _offsets[_count];
        var bytes = column as TextColumn;
        var written = new MemoryStream();
        for (int row = 0; row < rows; row++)
        {
            if (bytes is not null)
            {
                end += bytes.Offsets[row + 1] - bytes.Offsets[row];
            }
            else if (column is not null)
            {
                byte[] text = Encoding.UTF8.GetBytes(column.TextAt(row));
                written.Write(text);
                end += text.Length;
            }

            if (end > maxBytes)
            {
                throw new InvalidDataException($"Column '{Schema.Name}' has more than {maxBytes:N0} bytes of text over the batches of the data set; one column in memory holds at most so many. "
                    + $"Leave it out ('columns: {{ {Schema.Name}: ignore }}'), or shorten the 'window' of the spec.");
            }

            _offsets[_count + row + 1] = (int)end;
        }

        _parts.Add(bytes is null ? written.GetBuffer().AsMemory(0, (int)written.Length) : bytes.Bytes.AsMemory(bytes.Offsets[0], bytes.Offsets[rows] - bytes.Offsets[0]));
        _count += rows;
    }

    public override Column Build()
    {
        var whole = new byte[_offsets[_count]];
        int at = 0;
        foreach (var part in _parts)
        {
            part.Span.CopyTo(whole.AsSpan(at));
            at += part.Length;
        }

        var column = new TextColumn(Schema, _offsets, whole, _count);
        _parts.Clear();
        _offsets = [];
        return column;
    }
}
