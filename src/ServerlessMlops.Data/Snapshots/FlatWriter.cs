using System.Buffers.Binary;
using System.Text;

namespace ServerlessMlops.Data.Snapshots;

/// <summary>
/// Writes FlatBuffers, the encoding of Arrow's metadata, from back to front: what a table points to is written before the table. An offset
/// counts bytes from the end of the buffer, which does not move as it grows.
/// </summary>
internal sealed class FlatWriter
{
    private byte[] _buffer = new byte[1024];
    private int _head = 1024;
    private int _alignment = 1;
    private int[] _slots = [];
    private int _tableStart;

    private int Offset => _buffer.Length - _head;

    public int Text(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        Prepare(4, utf8.Length + 1);
        Push(1)[0] = 0;
        utf8.CopyTo(Push(utf8.Length));
        return Length(utf8.Length);
    }

    /// <summary>A vector of offsets to tables or texts.</summary>
    public int Offsets(IReadOnlyList<int> offsets)
    {
        Prepare(4, offsets.Count * 4);
        for (int i = offsets.Count - 1; i >= 0; i--)
        {
            PushOffset(offsets[i]);
        }

        return Length(offsets.Count);
    }

    /// <summary>A vector of structs that consist of 64-bit words.</summary>
    public int Words(IReadOnlyList<long> words, int wordsEach)
    {
        Prepare(4, words.Count * 8);
        Prepare(8, words.Count * 8);
        for (int i = words.Count - 1; i >= 0; i--)
        {
            BinaryPrimitives.WriteInt64LittleEndian(Push(8), words[i]);
        }

        return Length(words.Count / wordsEach);
    }

    public void Begin(int fields)
    {
        _slots = new int[fields];
        _tableStart = Offset;
    }

    public void Byte(int field, byte value)
    {
        Prepare(1, 0);
        Push(1)[0] = value;
        _slots[field] = Offset;
    }

    public void Short(int field, short value)
    {
        Prepare(2, 0);
        BinaryPrimitives.WriteInt16LittleEndian(Push(2), value);
        _slots[field] = Offset;
    }

    public void Int(int field, int value)
    {
        Prepare(4, 0);
        BinaryPrimitives.WriteInt32LittleEndian(Push(4), value);
        _slots[field] = Offset;
    }

    public void Long(int field, long value)
    {
        Prepare(8, 0);
        BinaryPrimitives.WriteInt64LittleEndian(Push(8), value);
        _slots[field] = Offset;
    }

    public void Reference(int field, int offset)
    {
        Prepare(4, 0);
        PushOffset(offset);
        _slots[field] = Offset;
    }

    /// <summary>Ends the table: writes its vtable, and returns the table's offset.</summary>
    public int End()
    {
        Prepare(4, 0);
        Push(4).Clear();
        int table = Offset;
        for (int i = _slots.Length - 1; i >= 0; i--)
        {
            BinaryPrimitives.WriteInt16LittleEndian(Push(2), (short)(_slots[i] == 0 ? 0 : table - _slots[i]));
        }

        BinaryPrimitives.WriteInt16LittleEndian(Push(2), (short)(table - _tableStart));
        BinaryPrimitives.WriteInt16LittleEndian(Push(2), (short)(4 + 2 * _slots.Length));
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_buffer.Length - table), Offset - table);
        return table;
    }

    /// <summary>Ends the buffer with its root table and returns the bytes.</summary>
    public byte[] Finish(int root)
    {
        Prepare(Math.Max(_alignment, 8), 4);
        PushOffset(root);
        return _buffer.AsSpan(_head).ToArray();
    }

    private int Length(int count)
    {
        BinaryPrimitives.WriteInt32LittleEndian(Push(4), count);
        return Offset;
    }

    private void PushOffset(int target)
    {
        int here = Offset + 4;
        BinaryPrimitives.WriteInt32LittleEndian(Push(4), here - target);
    }

    /// <summary>Pads so that after <paramref name="more"/> bytes the position is a multiple of <paramref name="size"/>.</summary>
    private void Prepare(int size, int more)
    {
        _alignment = Math.Max(_alignment, size);
        int padding = -(Offset + more) & (size - 1);
        Push(padding).Clear();
    }

    private Span<byte> Push(int count)
    {
        while (_head < count)
        {
            var larger = new byte[_buffer.Length * 2];
            _buffer.AsSpan(_head).CopyTo(larger.AsSpan(larger.Length - Offset));
            _head += larger.Length - _buffer.Length;
            _buffer = larger;
        }

        _head -= count;
        return _buffer.AsSpan(_head, count);
    }
}
