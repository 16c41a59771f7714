namespace ServerlessMlops.Learners.Boosting;

/// <summary>Floats as unsigned keys of the same order, and their radix sort: three passes of 11 bits, some ten times faster than comparing.</summary>
internal static class SortableFloats
{
    private const int Bits = 11;
    private const int Buckets = 1 << Bits;

    /// <summary>Negative floats count down in their bits, so these are all turned around; others only move above them.</summary>
    public static uint ToKey(float x)
    {
        uint bits = BitConverter.SingleToUInt32Bits(x);
        return bits ^ ((uint)((int)bits >> 31) | 0x80000000);
    }

    public static float FromKey(uint key) => BitConverter.UInt32BitsToSingle(key ^ ((key >> 31) - 1 | 0x80000000));

    /// <summary>Sorts keys; <paramref name="scratch"/> has the same length.</summary>
    public static void Sort(Span<uint> keys, Span<uint> scratch)
    {
        Span<int> starts = stackalloc int[Buckets];
        Pass(keys, scratch, 0, starts);
        Pass(scratch, keys, Bits, starts);
        Pass(keys, scratch, 2 * Bits, starts);
        scratch.CopyTo(keys);
    }

    private static void Pass(ReadOnlySpan<uint> from, Span<uint> to, int shift, Span<int> starts)
    {
        starts.Clear();
        foreach (uint key in from)
        {
            starts[(int)(key >> shift) & (Buckets - 1)]++;
        }

        int at = 0;
        foreach (ref int start in starts)
        {
            (start, at) = (at, at + start);
        }

        foreach (uint key in from)
        {
            to[starts[(int)(key >> shift) & (Buckets - 1)]++] = key;
        }
    }
}
