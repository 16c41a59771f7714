using System.Runtime.CompilerServices;
using System.Text;

namespace ServerlessMlops.Data.Columns;

/// <summary>
/// Distinct names in the order of their first appearance, numbered from 0. Names live as UTF-8 in one buffer; a probe compares hashes first, then
/// bytes. Grows only; safe to read by several threads while none writes.
/// </summary>
public sealed class CategoryDictionary
{
    private byte[] _bytes = new byte[256];
    private int[] _offsets = new int[17];
    private ulong[] _hashes = new ulong[16];
    private int[] _slots = NewSlots(32);
    private string?[] _names = [];

    /// <summary>Number of names.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of all names in UTF-8.</summary>
    public int ByteCount => _offsets[Count];

    /// <summary>The UTF-8 of a name.</summary>
    public ReadOnlySpan<byte> Utf8Of(int code) => _bytes.AsSpan(_offsets[code], _offsets[code + 1] - _offsets[code]);

    /// <summary>The 64-bit hash of a name: <see cref="Utf8Hash"/>.</summary>
    public ulong HashOf(int code) => _hashes[code];

    /// <summary>A name as a string (made once).</summary>
    public string NameOf(int code)
    {
        if (_names.Length < Count)
        {
            Array.Resize(ref _names, Count);
        }

        return _names[code] ??= Encoding.UTF8.GetString(Utf8Of(code));
    }

    /// <summary>All names, by code.</summary>
    public string[] ToArray()
    {
        var names = new string[Count];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = NameOf(i);
        }

        return names;
    }

    /// <summary>The code of a name, or -1.</summary>
    public int Find(ReadOnlySpan<byte> utf8) => Find(utf8, Utf8Hash.Of(utf8), out _);

    /// <summary>The code of a name, which is added if it is new.</summary>
    public int GetOrAdd(ReadOnlySpan<byte> utf8) => GetOrAdd(utf8, Utf8Hash.Of(utf8));

    /// <summary>As <see cref="GetOrAdd(ReadOnlySpan{byte})"/>, with the name's hash at hand.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int GetOrAdd(ReadOnlySpan<byte> utf8, ulong hash)
    {
        int code = Find(utf8, hash, out int slot);
        return code >= 0 ? code : Add(utf8, hash, slot);
    }

    /// <summary>Forgets all names and keeps the memory.</summary>
    public void Clear()
    {
        Count = 0;
        Array.Fill(_slots, -1);
        _names = [];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Find(ReadOnlySpan<byte> utf8, ulong hash, out int slot)
    {
        int mask = _slots.Length - 1;
        slot = (int)(hash >> 32) & mask;
        int code;
        while ((code = _slots[slot]) >= 0)
        {
            if (_hashes[code] == hash && Utf8Of(code).SequenceEqual(utf8))
            {
                return code;
            }

            slot = (slot + 1) & mask;
        }

        return -1;
    }

    private int Add(ReadOnlySpan<byte> utf8, ulong hash, int slot)
    {
        int code = Count, begin = _offsets[code], end = checked(begin + utf8.Length);
        if (end > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(end, _bytes.Length * 2));
        }

        if (code + 1 >= _offsets.Length)
        {
            Array.Resize(ref _offsets, _offsets.Length * 2);
        }

        if (code >= _hashes.Length)
        {
            Array.Resize(ref _hashes, _hashes.Length * 2);
        }

        utf8.CopyTo(_bytes.AsSpan(begin));
        _offsets[code + 1] = end;
        _hashes[code] = hash;
        _slots[slot] = code;
        Count++;
        if (Count * 2 > _slots.Length)
        {
            Rehash();
        }

        return code;
    }

    private void Rehash()
    {
        _slots = NewSlots(_slots.Length * 2);
        int mask = _slots.Length - 1;
        for (int code = 0; code < Count; code++)
        {
            int slot = (int)(_hashes[code] >> 32) & mask;
            while (_slots[slot] >= 0)
            {
                slot = (slot + 1) & mask;
            }

            _slots[slot] = code;
        }
    }

    private static int[] NewSlots(int count)
    {
        var slots = new int[count];
        Array.Fill(slots, -1);
        return slots;
    }
}
