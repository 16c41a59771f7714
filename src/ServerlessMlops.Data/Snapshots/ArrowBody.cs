using System.Runtime.InteropServices;
using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Data.Snapshots;

/// <summary>The body of a record batch: the columns' buffers one after the other, each padded to 64 bytes, and where they lie.</summary>
internal sealed class ArrowBody
{
    private const int Alignment = 64;
    private byte[] _bytes = new byte[1 << 16];
    private int _length;

    public List<long> Nodes { get; } = [];

    public List<long> Buffers { get; } = [];

    public long Length => _length;

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    public void Clear()
    {
        Nodes.Clear();
        Buffers.Clear();
        _length = 0;
    }

    public void Add(Column column)
    {
        int missing = AddValidity(column);
        Nodes.Add(column.Length);
        Nodes.Add(missing);
        switch (column)
        {
            case NumberColumn numbers:
                AddBuffer(MemoryMarshal.AsBytes(numbers.Values.AsSpan(0, column.Length)));
                break;
            case IntegerColumn integers:
                AddBuffer(MemoryMarshal.AsBytes(integers.Values.AsSpan(0, column.Length)));
                break;
            case TimestampColumn times:
                AddBuffer(MemoryMarshal.AsBytes(times.Values.AsSpan(0, column.Length)));
                break;
            case CategoryColumn categories:
                // Where a value is missing its code does not count, but readers want it to be one of the dictionary.
                var codes = MemoryMarshal.Cast<byte, int>(Reserve(column.Length * sizeof(int)));
                for (int row = 0; row < codes.Length; row++)
                {
                    codes[row] = Math.Max(0, categories.Codes[row]);
                }

                break;
            case BooleanColumn booleans:
                var bits = Reserve((column.Length + 7) / 8);
                for (int row = 0; row < column.Length; row++)
                {
                    bits[row >> 3] |= (byte)((booleans.Values[row] & 1 & (booleans.Values[row] >> 7 ^ 1)) << (row & 7));
                }

                break;
            case TextColumn texts:
                AddBuffer(MemoryMarshal.AsBytes(texts.Offsets.AsSpan(0, column.Length + 1)));
                AddBuffer(texts.Bytes.AsSpan(0, texts.Offsets[column.Length]));
                break;
        }
    }

    /// <summary>Adds a dictionary's names.</summary>
    public void Add(CategoryDictionary names)
    {
        Nodes.Add(names.Count);
        Nodes.Add(0);
        Buffers.Add(_length);
        Buffers.Add(0);
        var offsets = new int[names.Count + 1];
        for (int code = 0; code < names.Count; code++)
        {
            offsets[code + 1] = offsets[code] + names.Utf8Of(code).Length;
        }

        AddBuffer(MemoryMarshal.AsBytes(offsets.AsSpan()));
        var bytes = Reserve(names.ByteCount);
        for (int code = 0; code < names.Count; code++)
        {
            names.Utf8Of(code).CopyTo(bytes[offsets[code]..]);
        }
    }

    private int AddValidity(Column column)
    {
        int n = column.Length;
        switch (column)
        {
            case NumberColumn numbers:
                int missing = 0;
                foreach (double value in numbers.Values.AsSpan(0, n))
                {
                    missing += double.IsNaN(value) ? 1 : 0;
                }

                return AddValidity(column, missing);
            case IntegerColumn integers:
                return AddValidity(column, integers.Values.AsSpan(0, n).Count(IntegerColumn.Missing));
            case TimestampColumn times:
                return AddValidity(column, times.Values.AsSpan(0, n).Count(TimestampColumn.Missing));
            case CategoryColumn categories:
                return AddValidity(column, categories.Codes.AsSpan(0, n).Count(CategoryColumn.Missing));
            case BooleanColumn booleans:
                return AddValidity(column, booleans.Values.AsSpan(0, n).Count(BooleanColumn.Missing));
            default:
                return AddValidity(column, Enumerable.Range(0, n).Count(column.IsMissing));
        }
    }

    /// <summary>Adds the bits of the values that are there; where none is missing, an empty buffer.</summary>
    private int AddValidity(Column column, int missing)
    {
        if (missing == 0)
        {
            Buffers.Add(_length);
            Buffers.Add(0);
            return 0;
        }

        var bits = Reserve((column.Length + 7) / 8);
        for (int row = 0; row < column.Length; row++)
        {
            if (!column.IsMissing(row))
            {
                bits[row >> 3] |= (byte)(1 << (row & 7));
            }
        }

        return missing;
    }

    private void AddBuffer(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    /// <summary>Adds a buffer of zeros and gives it out to be filled.</summary>
    private Span<byte> Reserve(int count)
    {
        int end = checked(_length + ((count + Alignment - 1) & -Alignment));
        if (end > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(end, _bytes.Length * 2));
        }

        Buffers.Add(_length);
        Buffers.Add(count);
        var space = _bytes.AsSpan(_length, end - _length);
        space.Clear();
        _length = end;
        return space[..count];
    }
}
