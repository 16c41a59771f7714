namespace ServerlessMlops.Learners.Boosting;

/// <summary>
/// The rows of a tree, ordered by leaf, each with its packed gradient beside it, so that building a histogram reads gradients in sequence.
/// </summary>
/// <remarks>
/// <code>
/// before   leaf A: [ 0 1 2 3 4 5 ]                buffer 0
/// after    left:   [ 0 3 4 ] right: [ 5 2 1 ]     buffer 1, same range
/// </code>
/// A split reads the leaf's range in one buffer and writes it into the other: left rows from the front, right rows from the back, so that one pass
/// does it. Every leaf's rows thus ascend or descend, which memory likes as well either way. Where threads share a leaf, they count their left rows first, so
/// that each knows where to write: the order is the same for any number of threads. Leaves are apart, so threads may split different ones at a time.
/// </remarks>
internal sealed class RowPartition(int capacity, WorkCrew crew)
{
    private readonly int[][] _rows = [GC.AllocateUninitializedArray<int>(capacity), GC.AllocateUninitializedArray<int>(capacity)];
    private readonly long[][] _gradients = [GC.AllocateUninitializedArray<long>(capacity), GC.AllocateUninitializedArray<long>(capacity)];

    /// <summary>A range of rows.</summary>
    internal readonly record struct Range(int Start, int Count, int Buffer);

    /// <summary>Where a tree of all rows starts: gradients that are written here need not be copied.</summary>
    public long[] FirstGradients => _gradients[0];

    public ReadOnlySpan<int> Rows(Range range) => _rows[range.Buffer].AsSpan(range.Start, range.Count);

    public ReadOnlySpan<long> Gradients(Range range) => _gradients[range.Buffer].AsSpan(range.Start, range.Count);

    /// <summary>Starts a tree with the given rows; null means all.</summary>
    public Range Begin(int[]? sample, long[] packedByRow)
    {
        int count = sample?.Length ?? packedByRow.Length;
        int[] r = _rows[0];
        long[] g = _gradients[0];
        if (sample is null)
        {
            for (int row = 0; row < count; row++)
            {
                r[row] = row;
            }

            if (!ReferenceEquals(packedByRow, g))
            {
                packedByRow.AsSpan(0, count).CopyTo(g);
            }
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

    /// <summary>Divides a range by the bins of a column.</summary>
    /// <param name="range">The leaf's rows.</param>
    /// <param name="bins">The column's bins by row.</param>
    /// <param name="goesLeft">256 marks by bin: 1 for left, 0 for right.</param>
    /// <param name="together">Whether all threads of the crew share the work.</param>
    public (Range Left, Range Right) Split(Range range, byte[] bins, ReadOnlySpan<byte> goesLeft, bool together)
    {
        int leftCount = together
            ? MoveTogether(range, bins, goesLeft.ToArray())
            : Move(range, bins, goesLeft, range.Start, range.Start + range.Count - 1);
        int other = 1 - range.Buffer;
        return (new Range(range.Start, leftCount, other), new Range(range.Start + leftCount, range.Count - leftCount, other));
    }

    private int MoveTogether(Range range, byte[] bins, byte[] goesLeft)
    {
        var counts = new int[crew.Threads];
        crew.Run(counts.Length, chunk => counts[chunk] = Count(Chunk(range, chunk, counts.Length), bins, goesLeft));
        crew.Run(counts.Length, chunk =>
        {
            Range part = Chunk(range, chunk, counts.Length);
            int leftBefore = counts.Take(chunk).Sum(), rightBefore = part.Start - range.Start - leftBefore;
            Move(part, bins, goesLeft, range.Start + leftBefore, range.Start + range.Count - 1 - rightBefore);
        });
        return counts.Sum();
    }

    private static Range Chunk(Range range, int chunk, int chunks)
    {
        int from = (int)((long)range.Count * chunk / chunks), to = (int)((long)range.Count * (chunk + 1) / chunks);
        return new Range(range.Start + from, to - from, range.Buffer);
    }

    private int Count(Range part, ReadOnlySpan<byte> bins, ReadOnlySpan<byte> goesLeft)
    {
        int count = 0;
        foreach (int row in Rows(part))
        {
            count += goesLeft[bins[row]];
        }

        return count;
    }

    /// <summary>
    /// Writes each row at the end of its side and returns how many went left; the end is picked by a mask, since a branch would be guessed wrong half the time.
    /// </summary>
    private unsafe int Move(Range part, ReadOnlySpan<byte> bins, ReadOnlySpan<byte> goesLeft, int leftAt, int rightAt)
    {
        int leftEnd = leftAt, rightEnd = rightAt;
        fixed (int* fromRows = _rows[part.Buffer], toRows = _rows[1 - part.Buffer])
        fixed (long* fromGradients = _gradients[part.Buffer], toGradients = _gradients[1 - part.Buffer])
        fixed (byte* b = bins, marks = goesLeft)
        {
            for (int i = part.Start, end = part.Start + part.Count; i < end; i++)
            {
                int row = fromRows[i], left = marks[b[row]];
                int at = rightEnd ^ ((leftEnd ^ rightEnd) & -left);
                toRows[at] = row;
                toGradients[at] = fromGradients[i];
                leftEnd += left;
                rightEnd -= 1 - left;
            }
        }

        return leftEnd - leftAt;
    }
}
