using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Data.Csv;

/// <summary>
/// Cuts CSV into fields. 64 bytes at a time are compared with delimiter, line end and quote; the resulting bit mask is walked bit by bit, so that
/// bytes that mean nothing to the format cost next to nothing.
/// </summary>
/// <remarks>
/// Beyond RFC 4180: a quote inside an unquoted field is a character like any other; what stands between a closing quote and the next
/// delimiter is part of the field; blank lines are skipped where a row has more than one column. Doubled quotes are undone in place.
/// </remarks>
internal sealed class CsvTokenizer(CsvDialect dialect, int columnCount, int maxFieldBytes) : IRowTokenizer
{
    private readonly byte _delimiter = dialect.Delimiter;
    private readonly byte _quote = dialect.Quote;
    private readonly byte _lineEnd = dialect.LineEnd;
    private byte[] _buffer = [];
    private int _position;
    private int _end;
    private int _window;
    private ulong _mask;

    /// <summary>Where the next row begins.</summary>
    public int Position => _position;

    /// <inheritdoc/>
    public void Begin(Chunk chunk)
    {
        _buffer = chunk.Buffer;
        _position = chunk.Start;
        _end = chunk.Length;
        _window = chunk.Start;
        _mask = _position < _end ? Scan(ref MemoryMarshal.GetArrayDataReference(_buffer), _window) : 0;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Next(FieldBatch batch)
    {
        batch.Buffer = _buffer;
        ref byte bytes = ref MemoryMarshal.GetArrayDataReference(_buffer);
        var fields = batch.Fields;
        int capacity = batch.Capacity, end = _end, row = 0;
        while (row < capacity && _position < end)
        {
            int rowStart = _position, fieldStart = rowStart, column = 0;
            while (true)
            {
                int at = NextMark(ref bytes);
                if (at >= end)
                {
                    at = end;
                }

                byte mark = at == end ? _lineEnd : Unsafe.Add(ref bytes, at);
                int start = fieldStart, length = at - fieldStart;
                if (mark == _quote)
                {
                    if (at != fieldStart)
                    {
                        continue;
                    }

                    (start, length, at) = ReadQuoted(ref bytes, at);
                    mark = at == end ? _lineEnd : Unsafe.Add(ref bytes, at);
                }
                else if (mark == _lineEnd && mark == '\n' && length > 0 && Unsafe.Add(ref bytes, at - 1) == '\r')
                {
                    length--;
                }

                if (column < columnCount)
                {
                    fields[column * capacity + row] = new Field(start, length);
                }

                column++;
                fieldStart = at + 1;
                if (mark == _lineEnd)
                {
                    _position = fieldStart;
                    if (column == 1 && length == 0 && columnCount > 1 && start == rowStart)
                    {
                        // A blank line is no row.
                        break;
                    }

                    FinishRow(batch, row, rowStart, column);
                    row++;
                    break;
                }
            }
        }

        batch.RowCount = row;
        return row > 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FinishRow(FieldBatch batch, int row, int rowStart, int found)
    {
        batch.RowStarts[row] = rowStart;
        batch.FieldCounts[row] = found;
        var fault = RowFault.None;
        if (found != columnCount)
        {
            fault = RowFault.FieldCount;
            for (int c = found; c < columnCount; c++)
            {
                batch.Fields[c * batch.Capacity + row] = default;
            }
        }

        if (_position - rowStart > maxFieldBytes)
        {
            for (int c = 0; c < columnCount; c++)
            {
                ref var field = ref batch.Fields[c * batch.Capacity + row];
                if (field.Length > maxFieldBytes)
                {
                    fault = RowFault.FieldLength;
                }
            }
        }

        batch.Faults[row] = fault;
    }

    /// <summary>Reads the quoted field that begins at <paramref name="open"/>; returns its content and the mark that ends it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private (int Start, int Length, int Mark) ReadQuoted(ref byte bytes, int open)
    {
        int start = open + 1, close;
        bool doubled = false;
        while (true)
        {
            close = NextMark(ref bytes);
            if (close >= _end)
            {
                // Cuts between chunks never fall within quotes; only a row known to be broken could come here.
                close = _end;
                break;
            }

            if (Unsafe.Add(ref bytes, close) != _quote)
            {
                continue;
            }

            if (close + 1 < _end && Unsafe.Add(ref bytes, close + 1) == _quote)
            {
                doubled = true;
                NextMark(ref bytes);
                continue;
            }

            break;
        }

        int mark = close;
        do
        {
            mark = mark >= _end ? _end : NextMark(ref bytes);
        }
        while (mark < _end && Unsafe.Add(ref bytes, mark) == _quote);
        mark = Math.Min(mark, _end);
        int length = close - start;
        if (doubled)
        {
            length = Undouble(start, length);
        }

        int tail = mark - close - 1;
        if (tail > 0 && mark < _end && Unsafe.Add(ref bytes, mark) == '\n' && Unsafe.Add(ref bytes, mark - 1) == '\r')
        {
            tail--;
        }

        if (tail > 0)
        {
            Buffer.BlockCopy(_buffer, close + 1, _buffer, start + length, tail);
            length += tail;
        }

        return (start, length, mark);
    }

    private int Undouble(int start, int length)
    {
        var content = _buffer.AsSpan(start, length);
        int to = 0;
        for (int from = 0; from < content.Length; from++)
        {
            content[to++] = content[from];
            if (content[from] == _quote && from + 1 < content.Length && content[from + 1] == _quote)
            {
                from++;
            }
        }

        // What is left over must not look like line ends, which are counted later to tell a row's line.
        content[to..].Fill((byte)' ');
        return to;
    }

    /// <summary>The next delimiter, line end or quote; the end or beyond if there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int NextMark(ref byte bytes)
    {
        while (_mask == 0)
        {
            _window += 64;
            if (_window >= _end)
            {
                return _end;
            }

            _mask = Scan(ref bytes, _window);
        }

        int at = _window + BitOperations.TrailingZeroCount(_mask);
        _mask &= _mask - 1;
        return at;
    }

    /// <summary>A bit for each of 64 bytes that is a delimiter, line end or quote.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Scan(ref byte bytes, int at)
    {
        var delimiter = Vector256.Create(_delimiter);
        var lineEnd = Vector256.Create(_lineEnd);
        var quote = Vector256.Create(_quote);
        var low = Vector256.LoadUnsafe(ref bytes, (nuint)at);
        var high = Vector256.LoadUnsafe(ref bytes, (nuint)at + 32);
        uint lowBits = (Vector256.Equals(low, delimiter) | Vector256.Equals(low, lineEnd) | Vector256.Equals(low, quote)).ExtractMostSignificantBits();
        uint highBits = (Vector256.Equals(high, delimiter) | Vector256.Equals(high, lineEnd) | Vector256.Equals(high, quote)).ExtractMostSignificantBits();
        return lowBits | ((ulong)highBits << 32);
    }
}
