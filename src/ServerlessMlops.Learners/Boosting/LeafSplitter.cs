namespace ServerlessMlops.Learners.Boosting;

/// <summary>
/// Makes the children of a leaf: divides its rows, builds the smaller child's histogram from its rows, takes that from the parent's to get the other
/// child's, and finds the best split of each.
/// </summary>
internal sealed class LeafSplitter(BinnedMatrix matrix, RowPartition partition, BoostingOptions options, WorkCrew crew)
{
    private readonly Stack<long[]> _freeHistograms = new();
    private readonly long[][] _partial = new long[crew.Threads - 1][];
    private readonly BestSplits[] _bests = new BestSplits[2 * crew.Threads];

    /// <summary>Of this tree: two for each of its splits, fewer than it has leaves, and two for each leaf that was split in vain.</summary>
    private readonly GrowingLeaf?[] _leaves = new GrowingLeaf?[4 * options.MaxLeaves];
    private int _usedLeaves;
    private SplitFinder _finder = null!;
    private int[] _columns = [];
    private int[] _monotonic = [];

    private readonly record struct BestSplits(Split Small, Split Large);

    /// <summary>Starts a tree.</summary>
    /// <param name="treeFinder">For this tree's gradients.</param>
    /// <param name="treeColumns">Columns to split by.</param>
    /// <param name="directions">By column 1, 0 or -1.</param>
    public void Begin(SplitFinder treeFinder, int[] treeColumns, int[] directions) => (_finder, _columns, _monotonic, _usedLeaves) = (treeFinder, treeColumns, directions, 0);

    /// <summary>A leaf of this tree.</summary>
    public GrowingLeaf NewLeaf(RowPartition.Range rows, LeafBounds bounds, int depth) =>
        (_leaves[Interlocked.Increment(ref _usedLeaves) - 1] ??= new GrowingLeaf()).Renew(rows, bounds, depth);

    /// <summary>Finds the first leaf's best split.</summary>
    /// <param name="root">The leaf of all rows.</param>
    /// <param name="together">Whether all threads of the crew share the work.</param>
    public void FindFirst(GrowingLeaf root, bool together)
    {
        if (MaySplit(root))
        {
            FindSplits(root, null, together);
        }
    }

    /// <summary>Makes a leaf's children by its best split. Alone, several threads may do so at a time for different leaves.</summary>
    /// <param name="leaf">Has a best split.</param>
    /// <param name="goesOn">Whether the tree may grow beyond the children; if not, no splits of theirs are looked for.</param>
    /// <param name="together">Whether all threads of the crew share the work.</param>
    public void Split(GrowingLeaf leaf, bool goesOn, bool together)
    {
        Split split = leaf.Best;
        Span<byte> goesLeft = stackalloc byte[HistogramBuilder.BinStride];
        split.MarkLeft(goesLeft, matrix.HasMissing[split.Column] ? matrix.Binners[split.Column].ValueBins : -1);
        (RowPartition.Range leftRows, RowPartition.Range rightRows) = partition.Split(leaf.Rows, matrix.Columns[split.Column], goesLeft, together);
        (LeafBounds leftBounds, LeafBounds rightBounds) = ChildBounds(leaf.Bounds, split, leftRows.Count, rightRows.Count);
        GrowingLeaf left = NewLeaf(leftRows, leftBounds, leaf.Depth + 1), right = NewLeaf(rightRows, rightBounds, leaf.Depth + 1);
        if (goesOn && (MaySplit(left) || MaySplit(right)))
        {
            (GrowingLeaf small, GrowingLeaf large) = leftRows.Count <= rightRows.Count ? (left, right) : (right, left);
            large.Histogram = leaf.Histogram;
            leaf.Histogram = null;
            FindSplits(small, large, together);
            ReleaseUnused(small);
            ReleaseUnused(large);
        }

        Release(leaf);
        (leaf.Left, leaf.Right) = (left, right);
    }

    /// <summary>Gives the histogram of a leaf back, or those of its children where it was split in vain.</summary>
    public void Release(GrowingLeaf leaf)
    {
        if (leaf.IsSplit)
        {
            Release(leaf.Left!);
            Release(leaf.Right!);
        }

        if (leaf.Histogram is { } histogram)
        {
            lock (_freeHistograms)
            {
                _freeHistograms.Push(histogram);
            }

            leaf.Histogram = null;
        }
    }

    private void ReleaseUnused(GrowingLeaf leaf)
    {
        if (!leaf.Best.Exists)
        {
            Release(leaf);
        }
    }

    private bool MaySplit(GrowingLeaf leaf) =>
        leaf.Rows.Count >= 2 * options.MinSamplesLeaf && (options.MaxDepth == 0 || leaf.Depth < options.MaxDepth);

    /// <summary>Builds the small leaf's histogram, turns the large one's from their parent's into its own, and finds the best split of both.</summary>
    private void FindSplits(GrowingLeaf small, GrowingLeaf? large, bool together)
    {
        small.Histogram = FreeHistogram() ?? new long[matrix.HistogramSize];
        BestSplits best;
        if (together)
        {
            best = FindTogether(small, large);
        }
        else
        {
            Build(small, small.Histogram, 0, 1);
            best = FindSplits(small, large, 0, _columns.Length, 1);
        }

        small.Best = best.Small;
        if (large is not null)
        {
            large.Best = best.Large;
        }
    }

    private BestSplits FindTogether(GrowingLeaf small, GrowingLeaf? large)
    {
        crew.Run(crew.Threads, part => Build(small, part == 0 ? small.Histogram! : _partial[part - 1] ??= new long[matrix.HistogramSize], part, crew.Threads));
        int tasks = Math.Min(_bests.Length, _columns.Length);
        crew.Run(tasks, task => _bests[task] = FindSplits(small, large, _columns.Length * task / tasks, _columns.Length * (task + 1) / tasks, crew.Threads));
        BestSplits best = _bests[0];
        foreach (BestSplits next in _bests.AsSpan(1, tasks - 1))
        {
            best = new BestSplits(Better(best.Small, next.Small), Better(best.Large, next.Large));
        }

        return best;
    }

    private long[]? FreeHistogram()
    {
        lock (_freeHistograms)
        {
            return _freeHistograms.TryPop(out long[]? free) ? free : null;
        }
    }

    /// <summary>Adds a part of a leaf's rows to a cleared histogram.</summary>
    private void Build(GrowingLeaf leaf, long[] histogram, int part, int parts)
    {
        Array.Clear(histogram);
        int from = (int)((long)leaf.Rows.Count * part / parts), to = (int)((long)leaf.Rows.Count * (part + 1) / parts);
        HistogramBuilder.Add(matrix, partition.Rows(leaf.Rows)[from..to], partition.Gradients(leaf.Rows)[from..to], histogram);
    }

    /// <summary>For some columns: adds up the parts of the small leaf's histogram, takes it from the parent's to get the large leaf's, scans both.</summary>
    private BestSplits FindSplits(GrowingLeaf small, GrowingLeaf? large, int from, int to, int parts)
    {
        Split bestSmall = Boosting.Split.None, bestLarge = Boosting.Split.None;
        bool scanSmall = MaySplit(small), scanLarge = large is not null && MaySplit(large);
        for (int i = from; i < to; i++)
        {
            int column = _columns[i];
            Binner binner = matrix.Binners[column];
            int used = binner.ValueBins + (matrix.HasMissing[column] ? 1 : 0), at = column * HistogramBuilder.BinStride;
            Span<long> sums = small.Histogram.AsSpan(at, used);
            for (int part = 1; part < parts; part++)
            {
                PackedSums.Add(sums, _partial[part - 1].AsSpan(at, used));
            }

            if (scanSmall)
            {
                bestSmall = Better(bestSmall, _finder.Find(column, sums, binner, small.Bounds, _monotonic[column]));
            }

            if (scanLarge)
            {
                Span<long> rest = large!.Histogram.AsSpan(at, used);
                PackedSums.Subtract(rest, sums);
                bestLarge = Better(bestLarge, _finder.Find(column, rest, binner, large.Bounds, _monotonic[column]));
            }
        }

        return new BestSplits(bestSmall, bestLarge);
    }

    private static Split Better(Split first, Split second) => second.Gain > first.Gain ? second : first;

    private (LeafBounds Left, LeafBounds Right) ChildBounds(LeafBounds parent, Split split, int leftRows, int rightRows)
    {
        var left = new LeafBounds(split.LeftSum, leftRows, parent.Lower, parent.Upper);
        var right = new LeafBounds(parent.Sum - split.LeftSum, rightRows, parent.Lower, parent.Upper);
        int direction = _monotonic[split.Column];
        if (direction == 0)
        {
            return (left, right);
        }

        // Whatever is split further below, no left descendant may pass the middle, nor a right one fall behind it.
        double middle = (_finder.LeafValue(left.Sum, parent.Lower, parent.Upper) + _finder.LeafValue(right.Sum, parent.Lower, parent.Upper)) / 2;
        return direction > 0
            ? (left with { Upper = middle }, right with { Lower = middle })
            : (left with { Lower = middle }, right with { Upper = middle });
    }
}
