using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ServerlessMlops.Data.Profiling;

/// <summary>
/// Counts rows that repeat an earlier one, in constant memory: adaptive sampling (Wegman; Flajolet 1990) of the rows' hashes. While the rows differ in at
/// most <see cref="Capacity"/> ways the count is exact; beyond, hashes are kept whose lowest bits are zero, one bit more whenever the table is full,
/// and the count is scaled up.
/// </summary>
internal sealed class DuplicateSketch
{
    /// <summary>Hashes kept at most.</summary>
    public const int Capacity = 1 << 17;

    /// <summary>Hashes stored with a profile at most, to tell later how many rows two profiles share.</summary>
    public const int StoredCapacity = 4096;

    private readonly Dictionary<ulong, int> _counts = [];
    private int _level;

    /// <summary>Adds rows by their hashes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(ReadOnlySpan<ulong> hashes)
    {
        ulong mask = Mask(_level);
        foreach (ulong hash in hashes)
        {
            if ((hash & mask) == 0)
            {
                CollectionsMarshal.GetValueRefOrAddDefault(_counts, hash, out _)++;
                if (_counts.Count > Capacity)
                {
                    mask = Raise();
                }
            }
        }
    }

    /// <summary>Rows that repeat an earlier one.</summary>
    public long Duplicates()
    {
        long repeated = 0;
        foreach (int count in _counts.Values)
        {
            repeated += count - 1;
        }

        return repeated << _level;
    }

    /// <summary>A part of the hashes for storing: the level, then the hashes, in base 64.</summary>
    public string ToSample()
    {
        int level = _level;
        var kept = _counts.Keys.ToArray();
        while (kept.Length > StoredCapacity)
        {
            ulong mask = Mask(++level);
            kept = [.. kept.Where(hash => (hash & mask) == 0)];
        }

        Array.Sort(kept);
        return Pack(level, kept);
    }

    /// <summary>How many different rows two stored samples share, and their common sample.</summary>
    public static (long Shared, string Sample) Merge(string a, string b)
    {
        var (levelA, hashesA) = Unpack(a);
        var (levelB, hashesB) = Unpack(b);
        int level = Math.Max(levelA, levelB);
        ulong mask = Mask(level);
        var left = hashesA.Where(hash => (hash & mask) == 0).ToHashSet();
        var right = hashesB.Where(hash => (hash & mask) == 0).ToHashSet();
        long shared = (long)left.Count(right.Contains) << level;
        left.UnionWith(right);
        ulong[] union = [.. left];
        while (union.Length > StoredCapacity)
        {
            mask = Mask(++level);
            union = [.. union.Where(hash => (hash & mask) == 0)];
        }

        Array.Sort(union);
        return (shared, Pack(level, union));
    }

    private static ulong Mask(int level) => (1UL << level) - 1;

    private ulong Raise()
    {
        ulong mask = 0;
        while (_counts.Count > Capacity)
        {
            mask = Mask(++_level);
            foreach (ulong hash in _counts.Keys.Where(hash => (hash & mask) != 0).ToArray())
            {
                _counts.Remove(hash);
            }
        }

        return mask;
    }

    private static string Pack(int level, ulong[] hashes)
    {
        ulong[] words = [(ulong)level, .. hashes];
        return Convert.ToBase64String(MemoryMarshal.AsBytes(words.AsSpan()));
    }

    private static (int Level, ulong[] Hashes) Unpack(string sample)
    {
        ulong[] words = MemoryMarshal.Cast<byte, ulong>(Convert.FromBase64String(sample)).ToArray();
        return words.Length is > 0 and <= StoredCapacity + 1 && words[0] < 64
            ? ((int)words[0], words[1..])
            : throw new InvalidDataException("A stored sample of rows is not one: expected a level below 64 and at most 4,096 hashes.");
    }
}
