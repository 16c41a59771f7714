namespace ServerlessMlops.Learners.Boosting;

/// <summary>
/// The rows of a tree, ordered by leaf, each with its packed gradient beside it, so that building a histogram reads gradients in sequence.
/// </summary>
/// <remarks>
/// <code>
/// before   leaf A: [ 0 1 2 3 4 5 ]                buffer 0
/// after    left:   [ 0 3 4 ] right: [ 1 2 5 ]     buffer 1, same range
/// </code>
/// A split reads the leaf's range in one buffer and writes it, in stable order, into the other. Chunks count their left rows first, so that each
/// knows where to write: the order is the same for any number of threads.
/// </remarks>
internal sealed class RowPartition(int capacity, WorkCrew crew)
{
    /// <summary>Below so many rows, waking another thread costs more than it saves.</summary>
    private const int ParallelRows = 6_000;

    private readonly int[][] rows = [GC.AllocateUninitializedArray<int>(capacity), GC.AllocateUninitializedArray<int>(capacity)];
    private readonly long[][] gradients = [GC.AllocateUninitializedArray<long>(capacity), GC.AllocateUninitializedArray<long>(capacity)];
    private readonly byte[] goesLeft = GC.AllocateUninitializedArray<byte>(capacity);

    /// <summary>A range of rows.</summary>
    internal readonly record struct Range(int Start, int Count, int Buffer);

    public ReadOnlySpan<int> Rows(Range range) => rows[range.Buffer].AsSpan(range.Start, range.Count);

    public ReadOnlySpan<long> Gradients(Range range) => gradients[range.Buffer].AsSpan(range.Start, range.Count);

    /// <summary>Starts a tree with the given rows; null means all.</summary>
    public Range Begin(int[]? sample, long[] packedByRow)
    {
        int count = sample?.Length ?? packedByRow.Length;
        int[] r = rows[0];
        long[] g = gradients[0];
        if (sample is null)
        {
            for (int row = 0; row < count; row++)
            {
                r[row] = row;
            }

            packedByRow.AsSpan(0, count).CopyTo(g);
        }
        else
        {
            for (int i = 0; i < count; i++)
            {
                r[i] = sample[i];
                g[i] = packedByRow[sample[i]];
            }
        }

        return new Range(0, count, 0);
    }

    /// <summary>Divides a range by <c>bin &lt;= lastLeft</c>; missing values (in <paramref name="missingBin"/>) go where told.</summary>
    public (Range Left, Range Right) Split(Range range, byte[] bins, int lastLeft, int missingBin, bool missingLeft)
    {
        int chunks = range.Count < ParallelRows ? 1 : crew.Threads;
        Span<byte> table = stackalloc byte[256];
        for (int bin = 0; bin < 256; bin++)
        {
            table[bin] = (byte)(bin == missingBin ? (missingLeft ? 1 : 0) : bin <= lastLeft ? 1 : 0);
        }

        byte[] left = table.ToArray();
        var counts = new int[chunks];
        crew.Run(chunks, chunk => counts[chunk] = Mark(Chunk(range, chunk, chunks), bins, left));
        int leftCount = counts.Sum();
        crew.Run(chunks, chunk =>
        {
            int leftBefore = 0;
            for (int c = 0; c < chunk; c++)
            {
                leftBefore += counts[c];
            }

            Range part = Chunk(range, chunk, chunks);
            Move(part, range.Start + leftBefore, range.Start + leftCount + (part.Start - range.Start - leftBefore));
        });
        int other = 1 - range.Buffer;
        return (new Range(range.Start, leftCount, other), new Range(range.Start + leftCount, range.Count - leftCount, other));
    }

    private static Range Chunk(Range range, int chunk, int chunks)
    {
        int from = (int)((long)range.Count * chunk / chunks), to = (int)((long)range.Count * (chunk + 1) / chunks);
        return new Range(range.Start + from, to - from, range.Buffer);
    }

    private unsafe int Mark(Range part, byte[] bins, byte[] table)
    {
        int count = 0;
        fixed (int* r = rows[part.Buffer])
        fixed (byte* b = bins, t = table, marks = goesLeft)
        {
            for (int i = part.Start, end = part.Start + part.Count; i < end; i++)
            {
                byte left = t[b[r[i]]];
                marks[i] = left;
                count += left;
            }
        }

        return count;
    }

    /// <summary>Writes each row at the end of its side; the end is picked by a mask, since a branch would be guessed wrong half the time.</summary>
    private unsafe void Move(Range part, int leftAt, int rightAt)
    {
        int leftEnd = leftAt, rightEnd = rightAt;
        fixed (int* fromRows = rows[part.Buffer], toRows = rows[1 - part.Buffer])
        fixed (long* fromGradients = gradients[part.Buffer], toGradients = gradients[1 - part.Buffer])
        fixed (byte* marks = goesLeft)
        {
            for (int i = part.Start, end = part.Start + part.Count; i < end; i++)
            {
                int left = marks[i];
                int at = rightEnd ^ ((leftEnd ^ rightEnd) & -left);
                toRows[at] = fromRows[i];
                toGradients[at] = fromGradients[i];
                leftEnd += left;
                rightEnd += 1 - left;
            }
        }
    }
}
