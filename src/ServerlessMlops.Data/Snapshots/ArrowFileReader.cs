using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Data.Snapshots;

/// <summary>
/// Reads back the Arrow IPC files that <see cref="ArrowFileWriter"/> writes, batch by batch and only the columns asked for: of a column that is
/// not asked for no byte is read. What does not fit together throws <see cref="InvalidDataException"/>.
/// </summary>
public sealed class ArrowFileReader
{
    private const int MaxMetadataBytes = 64 << 20;
    private readonly Stream _stream;
    private readonly long[] _batches;
    private readonly long[] _dictionaryBlocks;
    private readonly Dictionary<int, CategoryDictionary> _dictionaries = [];

    private ArrowFileReader(Stream stream, TableSchema schema, long[] dictionaryBlocks, long[] batches)
    {
        _stream = stream;
        Schema = schema;
        _dictionaryBlocks = dictionaryBlocks;
        _batches = batches;
    }

    /// <summary>The file's columns.</summary>
    public TableSchema Schema { get; }

    /// <summary>Number of record batches.</summary>
    public int BatchCount => _batches.Length / 3;

    /// <summary>Opens a file; the stream must be seekable and stays the caller's to dispose.</summary>
    public static ArrowFileReader Open(Stream stream)
    {
        long length = stream.Length;
        if (length < 24)
        {
            throw new InvalidDataException($"An Arrow file has at least 24 bytes; this has {length}.");
        }

        var tail = ReadAt(stream, length - 10, 10);
        int size = BinaryPrimitives.ReadInt32LittleEndian(tail);
        if (!tail.AsSpan(4).SequenceEqual(ArrowFormat.Magic) || size <= 0 || size > length - 18 || size > MaxMetadataBytes)
        {
            throw new InvalidDataException("The file does not end as an Arrow file does: it is cut off or something else.");
        }

        var footer = FlatTable.Root(ReadAt(stream, length - 10 - size, size));
        var schema = footer.Table(1) ?? throw new InvalidDataException("The Arrow footer has no schema.");
        return new ArrowFileReader(stream, ArrowFormat.ReadSchema(schema), footer.Words(2, 3), footer.Words(3, 3));
    }

    /// <summary>Reads one batch.</summary>
    /// <param name="index">0 to <see cref="BatchCount"/> - 1.</param>
    /// <param name="columns">Names of the columns to read, or null for all.</param>
    public ColumnTable Read(int index, IReadOnlyCollection<string>? columns = null)
    {
        var (record, body) = ReadMessage(_batches, index, ArrowFormat.RecordHeader);
        return ReadRecord(record, body, columns);
    }

    /// <summary>Reads all batches as one table. Its size is the caller's to judge.</summary>
    /// <param name="columns">Names of the columns to read, or null for all.</param>
    public IEnumerable<ColumnTable> ReadAll(IReadOnlyCollection<string>? columns = null)
    {
        for (int i = 0; i < BatchCount; i++)
        {
            yield return Read(i, columns);
        }
    }

    private ColumnTable ReadRecord(FlatTable record, long body, IReadOnlyCollection<string>? wanted)
    {
        int rows = checked((int)record.Long(0));
        var buffers = record.Words(2, 2);
        var columns = new List<Column>();
        int b = 0;
        for (int c = 0; c < Schema.Columns.Count; c++)
        {
            var schema = Schema.Columns[c];
            int first = b;
            b += schema.Type is ColumnType.Text or ColumnType.Identifier ? 3 : 2;
            if (b * 2 > buffers.Length)
            {
                throw new InvalidDataException($"The record batch has no buffers for column '{schema.Name}'.");
            }

            if (wanted is null || wanted.Contains(schema.Name))
            {
                columns.Add(ReadColumn(schema, c, rows, body, buffers.AsSpan(first * 2)));
            }
        }

        return new ColumnTable(columns, rows);
    }

    private Column ReadColumn(ColumnSchema schema, int index, int rows, long body, ReadOnlySpan<long> buffers)
    {
        byte[]? valid = buffers[1] == 0 ? null : ReadArray<byte>(body, buffers, 0, (rows + 7) / 8);
        bool Missing(int row) => valid is not null && (valid[row >> 3] >> (row & 7) & 1) == 0;
        switch (schema.Type)
        {
            case ColumnType.Number:
                var numbers = ReadArray<double>(body, buffers, 1, rows);
                Mark(numbers, double.NaN, Missing, valid);
                return new NumberColumn(schema, numbers, rows);
            case ColumnType.Integer:
                var integers = ReadArray<long>(body, buffers, 1, rows);
                Mark(integers, IntegerColumn.Missing, Missing, valid);
                return new IntegerColumn(schema, integers, rows);
            case ColumnType.Timestamp:
                var times = ReadArray<long>(body, buffers, 1, rows);
                Mark(times, TimestampColumn.Missing, Missing, valid);
                return new TimestampColumn(schema, times, rows);
            case ColumnType.Boolean:
                var bits = ReadArray<byte>(body, buffers, 1, (rows + 7) / 8);
                var booleans = new byte[rows];
                for (int row = 0; row < rows; row++)
                {
                    booleans[row] = (byte)(bits[row >> 3] >> (row & 7) & 1);
                }

                Mark(booleans, BooleanColumn.Missing, Missing, valid);
                return new BooleanColumn(schema, booleans, rows);
            case ColumnType.Category:
                var codes = ReadArray<int>(body, buffers, 1, rows);
                Mark(codes, CategoryColumn.Missing, Missing, valid);
                var names = DictionaryOf(index);
                if (codes.AsSpan().ContainsAnyExceptInRange(CategoryColumn.Missing, names.Count - 1))
                {
                    throw new InvalidDataException($"Column '{schema.Name}' has a code outside its dictionary of {names.Count} names.");
                }

                return new CategoryColumn(schema, codes, names, rows);
            default:
                var (offsets, bytes) = ReadTexts(body, buffers, rows, schema.Name);
                return new TextColumn(schema, offsets, bytes, rows);
        }
    }

    private static void Mark<T>(T[] values, T mark, Func<int, bool> missing, byte[]? valid)
    {
        for (int row = 0; valid is not null && row < values.Length; row++)
        {
            if (missing(row))
            {
                values[row] = mark;
            }
        }
    }

    private CategoryDictionary DictionaryOf(int index)
    {
        if (_dictionaries.TryGetValue(index, out var known))
        {
            return known;
        }

        for (int i = 0; i < _dictionaryBlocks.Length / 3; i++)
        {
            var (batch, body) = ReadMessage(_dictionaryBlocks, i, ArrowFormat.DictionaryHeader);
            if (batch.Long(0) == index && batch.Table(1) is { } record)
            {
                int count = checked((int)record.Long(0));
                var (offsets, bytes) = ReadTexts(body, record.Words(2, 2), count, Schema.Columns[index].Name);
                var names = new CategoryDictionary();
                for (int code = 0; code < count; code++)
                {
                    if (names.GetOrAdd(bytes.AsSpan(offsets[code], offsets[code + 1] - offsets[code])) != code)
                    {
                        throw new InvalidDataException($"The dictionary of column '{Schema.Columns[index].Name}' has a name twice.");
                    }
                }

                return _dictionaries[index] = names;
            }
        }

        throw new InvalidDataException($"The file has no dictionary for column '{Schema.Columns[index].Name}'.");
    }

    private (int[] Offsets, byte[] Bytes) ReadTexts(long body, ReadOnlySpan<long> buffers, int count, string column)
    {
        var offsets = ReadArray<int>(body, buffers, 1, count + 1);
        var bytes = ReadArray<byte>(body, buffers, 2, buffers.Length > 5 ? checked((int)buffers[5]) : 0);
        for (int i = 0; i < count; i++)
        {
            if (offsets[i] < 0 || offsets[i + 1] < offsets[i] || offsets[i + 1] > bytes.Length)
            {
                throw new InvalidDataException($"Text {i} of column '{column}' lies outside its buffer.");
            }
        }

        return (offsets, bytes);
    }

    /// <summary>Reads so many elements of a buffer, straight into their array.</summary>
    private T[] ReadArray<T>(long body, ReadOnlySpan<long> buffers, int index, int count)
        where T : unmanaged
    {
        if (index * 2 + 1 >= buffers.Length)
        {
            throw new InvalidDataException($"A column has {buffers.Length / 2} buffers; buffer {index} was expected.");
        }

        long offset = buffers[index * 2], length = buffers[index * 2 + 1], wanted = count * (long)System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        if (offset < 0 || count < 0 || length < wanted || body + offset + length > _stream.Length)
        {
            throw new InvalidDataException($"A buffer of {length} bytes at {offset} does not fit the file; {wanted} bytes were expected.");
        }

        var values = new T[count];
        _stream.Seek(body + offset, SeekOrigin.Begin);
        _stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    private (FlatTable Header, long Body) ReadMessage(long[] blocks, int index, byte kind)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, blocks.Length / 3);
        long offset = blocks[index * 3];
        int length = (int)blocks[index * 3 + 1];
        if (offset < 0 || length < 16 || length > MaxMetadataBytes || offset + length > _stream.Length)
        {
            throw new InvalidDataException($"Block {index} at byte {offset} does not fit the file.");
        }

        var message = FlatTable.Root(ReadAt(_stream, offset + 8, length - 8));
        return message.Byte(1) == kind && message.Table(2) is { } header
            ? (header, offset + length)
            : throw new InvalidDataException($"Block {index} at byte {offset} is of kind {message.Byte(1)}; expected {kind}.");
    }

    private static byte[] ReadAt(Stream stream, long offset, int count)
    {
        var bytes = new byte[count];
        stream.Seek(offset, SeekOrigin.Begin);
        stream.ReadExactly(bytes);
        return bytes;
    }
}
