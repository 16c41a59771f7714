using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ServerlessMlops.Data.Columns;

/// <summary>
/// A fast 64-bit hash of short byte strings and of numbers, the same on every little-endian machine: multiply-and-fold of 8-byte words. For tables and
/// sketches, not against an adversary.
/// </summary>
public static class Utf8Hash
{
    private const ulong Seed = 0x9E3779B97F4A7C15;
    private const ulong Prime = 0xA0761D6478BD642F;

    /// <summary>The hash of bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(ReadOnlySpan<byte> utf8)
    {
        ref byte p = ref MemoryMarshal.GetReference(utf8);
        int n = utf8.Length;
        ulong h = Seed ^ ((ulong)n * Prime);
        if (n >= 8)
        {
            int i = 0;
            for (; i <= n - 8; i += 8)
            {
                h = Fold(h ^ Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref p, i)), Prime);
            }

            // The last 8 bytes, which may overlap the ones before: no loop over a tail.
            return Mix(h ^ Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref p, n - 8)));
        }

        if (n >= 4)
        {
            ulong low = Unsafe.ReadUnaligned<uint>(ref p), high = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref p, n - 4));
            return Mix(h ^ (low | (high << 32)));
        }

        return n == 0 ? Mix(h) : Mix(h ^ (p | ((ulong)Unsafe.Add(ref p, n >> 1) << 8) | ((ulong)Unsafe.Add(ref p, n - 1) << 16)));
    }

    /// <summary>The hash of a word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(ulong word) => Mix(word ^ Seed);

    /// <summary>Spreads every bit over the whole word; sketches count leading zeros and need that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong h)
    {
        h ^= h >> 32;
        h *= 0xD6E8FEB86659FD93;
        h ^= h >> 32;
        h *= 0xD6E8FEB86659FD93;
        return h ^ h >> 32;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Fold(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }
}
