using System.Runtime.Intrinsics.X86;

namespace ServerlessMlops.Learners.Boosting;

/// <summary>
/// Sums of gradients and hessians by bin, for all columns at once.
/// </summary>
/// <remarks>
/// A row's gradient and hessian are whole numbers in one 64-bit word (<see cref="PackedGradients"/>), so a bin's entry is updated by one addition, and
/// because whole numbers add up to the same in any order, a histogram has the same bits for any number of threads, and the difference of
/// parent and child is exactly the sibling's histogram.
/// </remarks>
internal static unsafe class HistogramBuilder
{
    /// <summary>Entries between the histograms of two columns.</summary>
    public const int BinStride = 256;

    /// <summary>How many rows ahead the bins of a row are fetched: a leaf's rows lie scattered in memory.</summary>
    private const int Ahead = 24;

    /// <summary>Adds some rows of a leaf to a histogram.</summary>
    /// <param name="matrix">The bins.</param>
    /// <param name="rows">Row numbers.</param>
    /// <param name="gradients">Packed gradients in the order of <paramref name="rows"/>.</param>
    /// <param name="histogram"><see cref="BinnedMatrix.HistogramSize"/> entries.</param>
    public static void Add(BinnedMatrix matrix, ReadOnlySpan<int> rows, ReadOnlySpan<long> gradients, Span<long> histogram)
    {
        foreach (BinnedMatrix.Block block in matrix.Blocks)
        {
            fixed (byte* bins = block.Bins)
            fixed (int* r = rows)
            fixed (long* g = gradients, h = histogram)
            {
                AddBlock(bins, block.Columns, r, g, rows.Length, h + (block.FirstColumn * BinStride));
            }
        }
    }

    private static void AddBlock(byte* bins, int columns, int* rows, long* gradients, int count, long* histogram)
    {
        int safe = Sse.IsSupported ? Math.Max(0, count - Ahead) : 0;
        for (int i = 0; i < safe; i++)
        {
            Sse.Prefetch0(bins + ((long)rows[i + Ahead] * columns));
            AddRow(bins + ((long)rows[i] * columns), columns, gradients[i], histogram);
        }

        for (int i = safe; i < count; i++)
        {
            AddRow(bins + ((long)rows[i] * columns), columns, gradients[i], histogram);
        }
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]
    private static void AddRow(byte* row, int columns, long gradient, long* histogram)
    {
        for (byte* end = row + (columns & ~3); row < end; row += 4, histogram += 4 * BinStride)
        {
            uint four = *(uint*)row;
            histogram[(byte)four] += gradient;
            histogram[BinStride + (byte)(four >> 8)] += gradient;
            histogram[(2 * BinStride) + (byte)(four >> 16)] += gradient;
            histogram[(3 * BinStride) + (four >> 24)] += gradient;
        }

        // The number of columns is the same for all rows, so these branches are never guessed wrong.
        if ((columns & 2) != 0)
        {
            histogram[row[0]] += gradient;
            histogram[BinStride + row[1]] += gradient;
            row += 2;
            histogram += 2 * BinStride;
        }

        if ((columns & 1) != 0)
        {
            histogram[row[0]] += gradient;
        }
    }
}
