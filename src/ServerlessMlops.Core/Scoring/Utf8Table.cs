using System.Runtime.InteropServices;
using System.Text;

namespace ServerlessMlops.Core.Scoring;

/// <summary>
/// A read-only table from names, looked up by their UTF-8 bytes, to numbers: what turns a JSON token into a column or a category without
/// making a string of it. Open addressing, at most half full.
/// </summary>
public sealed class Utf8Table
{
    /// <summary>What <see cref="Find"/> gives for a name that is not there.</summary>
    public const int NotFound = -1;

    private readonly byte[][] _names;
    private readonly int[] _slots;
    private readonly uint[] _hashes;
    private readonly uint _seed;

    /// <summary>A table of the names by their position; where a name comes twice, the first position counts.</summary>
    public Utf8Table(IEnumerable<string> names)
    {
        _names = [.. names.Select(Encoding.UTF8.GetBytes)];

        // The seed differs by process: a caller who knows the names cannot prepare values that all fall into one slot.
        Span<uint> random = stackalloc uint[1];
        System.Security.Cryptography.RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(random));
        _seed = random[0];

        int size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(4, _names.Length * 2));
        _slots = new int[size];
        _hashes = new uint[size];
        for (int i = 0; i < _names.Length; i++)
        {
            uint hash = Hash(_names[i]);
            int slot = (int)(hash & (uint)(size - 1));
            while (_slots[slot] != 0 && !_names[_slots[slot] - 1].AsSpan().SequenceEqual(_names[i]))
            {
                slot = (slot + 1) & (size - 1);
            }

            if (_slots[slot] == 0)
            {
                _slots[slot] = i + 1;
                _hashes[slot] = hash;
            }
        }
    }

    /// <summary>Number of names.</summary>
    public int Count => _names.Length;

    /// <summary>The name at a position, in UTF-8.</summary>
    public ReadOnlySpan<byte> this[int position] => _names[position];

    /// <summary>The position of a name, or <see cref="NotFound"/>.</summary>
    public int Find(ReadOnlySpan<byte> utf8)
    {
        uint hash = Hash(utf8);
        int mask = _slots.Length - 1;
        for (int slot = (int)(hash & (uint)mask); _slots[slot] != 0; slot = (slot + 1) & mask)
        {
            if (_hashes[slot] == hash && _names[_slots[slot] - 1].AsSpan().SequenceEqual(utf8))
            {
                return _slots[slot] - 1;
            }
        }

        return NotFound;
    }

    private uint Hash(ReadOnlySpan<byte> utf8)
    {
        uint hash = _seed;
        ReadOnlySpan<byte> rest = utf8;
        while (rest.Length >= 4)
        {
            hash = (System.Numerics.BitOperations.RotateLeft(hash, 5) ^ MemoryMarshal.Read<uint>(rest)) * 0x9E3779B1u;
            rest = rest[4..];
        }

        foreach (byte b in rest)
        {
            hash = (System.Numerics.BitOperations.RotateLeft(hash, 5) ^ b) * 0x9E3779B1u;
        }

        hash ^= (uint)utf8.Length;
        return hash ^ (hash >> 15);
    }
}
