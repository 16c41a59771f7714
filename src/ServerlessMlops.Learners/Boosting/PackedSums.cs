using System.Numerics;
using System.Runtime.InteropServices;

namespace ServerlessMlops.Learners.Boosting;

/// <summary>Sums and differences of packed gradients, several at a time. Whole numbers: the order changes no bit.</summary>
internal static class PackedSums
{
    public static void Add(Span<long> to, ReadOnlySpan<long> from)
    {
        Span<Vector<long>> wide = MemoryMarshal.Cast<long, Vector<long>>(to);
        ReadOnlySpan<Vector<long>> wideFrom = MemoryMarshal.Cast<long, Vector<long>>(from);
        for (int i = 0; i < wide.Length; i++)
        {
            wide[i] += wideFrom[i];
        }

        for (int i = wide.Length * Vector<long>.Count; i < to.Length; i++)
        {
            to[i] += from[i];
        }
    }

    public static void Subtract(Span<long> to, ReadOnlySpan<long> from)
    {
        Span<Vector<long>> wide = MemoryMarshal.Cast<long, Vector<long>>(to);
        ReadOnlySpan<Vector<long>> wideFrom = MemoryMarshal.Cast<long, Vector<long>>(from);
        for (int i = 0; i < wide.Length; i++)
        {
            wide[i] -= wideFrom[i];
        }

        for (int i = wide.Length * Vector<long>.Count; i < to.Length; i++)
        {
            to[i] -= from[i];
        }
    }

    public static long Sum(ReadOnlySpan<long> words)
    {
        ReadOnlySpan<Vector<long>> wide = MemoryMarshal.Cast<long, Vector<long>>(words);
        Vector<long> sums = Vector<long>.Zero;
        foreach (Vector<long> part in wide)
        {
            sums += part;
        }

        long sum = Vector.Sum(sums);
        foreach (long word in words[(wide.Length * Vector<long>.Count)..])
        {
            sum += word;
        }

        return sum;
    }
}
