using System.Buffers.Binary;
using System.Text;

namespace ServerlessMlops.Data.Snapshots;

/// <summary>A table in a FlatBuffer. The bytes come from outside: every access is within bounds or throws <see cref="InvalidDataException"/>.</summary>
internal readonly struct FlatTable
{
    private readonly byte[] _buffer;
    private readonly int _at;

    private FlatTable(byte[] buffer, int at)
    {
        _buffer = buffer;
        _at = at;
    }

    public static FlatTable Root(byte[] buffer) => new(buffer, ReadInt(buffer, 0));

    public byte Byte(int field) => Find(field) is var at && at > 0 ? Slice(_buffer, at, 1)[0] : (byte)0;

    public short Short(int field) => Find(field) is var at && at > 0 ? BinaryPrimitives.ReadInt16LittleEndian(Slice(_buffer, at, 2)) : (short)0;

    public int Int(int field) => Find(field) is var at && at > 0 ? ReadInt(_buffer, at) : 0;

    public long Long(int field) => Find(field) is var at && at > 0 ? BinaryPrimitives.ReadInt64LittleEndian(Slice(_buffer, at, 8)) : 0;

    public string Text(int field)
    {
        int at = Find(field);
        if (at == 0)
        {
            return "";
        }

        at = checked(at + ReadInt(_buffer, at));
        return Encoding.UTF8.GetString(Slice(_buffer, at + 4, ReadInt(_buffer, at)));
    }

    public FlatTable? Table(int field) => Find(field) is var at && at > 0 ? new FlatTable(_buffer, checked(at + ReadInt(_buffer, at))) : null;

    public IReadOnlyList<FlatTable> Tables(int field)
    {
        var tables = new List<FlatTable>();
        int count = Vector(field, 4, out int start);
        for (int i = 0; i < count; i++)
        {
            int at = start + 4 * i;
            tables.Add(new FlatTable(_buffer, checked(at + ReadInt(_buffer, at))));
        }

        return tables;
    }

    /// <summary>A vector of structs, as 64-bit words.</summary>
    public long[] Words(int field, int wordsEach)
    {
        int count = Vector(field, wordsEach * 8, out int start);
        var words = new long[count * wordsEach];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = BinaryPrimitives.ReadInt64LittleEndian(Slice(_buffer, start + 8 * i, 8));
        }

        return words;
    }

    private int Vector(int field, int size, out int start)
    {
        int at = Find(field);
        start = 0;
        if (at == 0)
        {
            return 0;
        }

        at = checked(at + ReadInt(_buffer, at));
        int count = ReadInt(_buffer, at);
        start = at + 4;
        if (count < 0 || (long)count * size > _buffer.Length - start)
        {
            throw new InvalidDataException("The Arrow metadata names a vector that is longer than the metadata.");
        }

        return count;
    }

    private int Find(int field)
    {
        int vtable = checked(_at - ReadInt(_buffer, _at));
        int size = BinaryPrimitives.ReadUInt16LittleEndian(Slice(_buffer, vtable, 2));
        int slot = 4 + 2 * field;
        if (slot + 2 > size)
        {
            return 0;
        }

        int offset = BinaryPrimitives.ReadUInt16LittleEndian(Slice(_buffer, vtable + slot, 2));
        return offset == 0 ? 0 : _at + offset;
    }

    private static int ReadInt(byte[] buffer, int at) => BinaryPrimitives.ReadInt32LittleEndian(Slice(buffer, at, 4));

    private static ReadOnlySpan<byte> Slice(byte[] buffer, int at, int count) => at < 0 || count < 0 || at > buffer.Length - count
        ? throw new InvalidDataException($"The Arrow metadata points outside itself (byte {at} of {buffer.Length}).")
        : buffer.AsSpan(at, count);
}
