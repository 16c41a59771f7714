namespace ServerlessMlops.Learners.Boosting;

/// <summary>
/// Grows one tree leaf-wise: of all leaves, the one whose best split gains most is split next, until there are enough leaves. The smaller
/// child's histogram is built from its rows, the other's is the parent's less that.
/// </summary>
internal sealed class TreeGrower
{
    /// <summary>Below so many rows times columns, one thread builds a histogram faster than two.</summary>
    private const int ParallelCells = 60_000;

    private readonly BinnedMatrix matrix;
    private readonly BoostingOptions options;
    private readonly int[] monotonic;
    private readonly WorkCrew crew;
    private readonly RowPartition partition;
    private readonly Stack<long[]> freeHistograms = new();
    private readonly long[][] partial;

    public TreeGrower(BinnedMatrix matrix, BoostingOptions options, int[] monotonic, WorkCrew crew)
    {
        this.matrix = matrix;
        this.options = options;
        this.monotonic = monotonic;
        this.crew = crew;
        partition = new RowPartition(matrix.Rows, crew);
        partial = [.. Enumerable.Range(0, crew.Threads - 1).Select(_ => new long[matrix.HistogramSize])];
    }

    public RowPartition Partition => partition;

    /// <summary>Grows a tree.</summary>
    /// <param name="packedByRow">Packed gradients by row.</param>
    /// <param name="packed">Their units.</param>
    /// <param name="sample">Rows to learn from, ascending; null means all.</param>
    /// <param name="columns">Columns to split by.</param>
    public GrownTree Grow(long[] packedByRow, PackedGradients packed, int[]? sample, int[] columns)
    {
        var finder = new SplitFinder(options, packed);
        RowPartition.Range all = partition.Begin(sample, packedByRow);
        long sum = 0;
        foreach (long word in partition.Gradients(all))
        {
            sum += word;
        }

        var root = new GrowingLeaf { Node = 0, Rows = all, Depth = 0, Bounds = new LeafBounds(sum, all.Count, double.NegativeInfinity, double.PositiveInfinity) };
        var grown = new GrownTree([MakeNode(root, finder)], [root]);
        if (columns.Length > 0 && MaySplit(root))
        {
            root.Histogram = RentHistogram();
            int parts = BuildParts(root);
            FindSplits(parts, root, null, null, columns, finder);
        }

        while (grown.Leaves.Count < options.MaxLeaves && PickLeaf(grown.Leaves) is { } leaf)
        {
            SplitLeaf(grown, leaf, columns, finder);
        }

        foreach (GrowingLeaf leaf in grown.Leaves)
        {
            ReturnHistogram(leaf);
        }

        return grown;
    }

    private static GrowingLeaf? PickLeaf(List<GrowingLeaf> leaves)
    {
        GrowingLeaf? best = null;
        foreach (GrowingLeaf leaf in leaves)
        {
            if (leaf.Best.Exists && (best is null || leaf.Best.Gain > best.Best.Gain))
            {
                best = leaf;
            }
        }

        return best;
    }

    private void SplitLeaf(GrownTree grown, GrowingLeaf leaf, int[] columns, SplitFinder finder)
    {
        Split split = leaf.Best;
        Binner binner = matrix.Binners[split.Column];
        bool hasMissing = matrix.HasMissing[split.Column];
        (RowPartition.Range leftRows, RowPartition.Range rightRows) = partition.Split(
            leaf.Rows, matrix.Columns[split.Column], split.Bin, hasMissing ? binner.ValueBins : -1, split.MissingLeft);

        (LeafBounds leftBounds, LeafBounds rightBounds) = ChildBounds(leaf.Bounds, split, leftRows.Count, rightRows.Count, finder);
        var left = new GrowingLeaf { Node = grown.Nodes.Count, Rows = leftRows, Bounds = leftBounds, Depth = leaf.Depth + 1 };
        var right = new GrowingLeaf { Node = grown.Nodes.Count + 1, Rows = rightRows, Bounds = rightBounds, Depth = leaf.Depth + 1 };
        grown.Nodes[leaf.Node] = grown.Nodes[leaf.Node] with
        {
            Column = split.Column,
            Threshold = split.Bin < binner.Edges.Length ? binner.Edges[split.Bin] : float.PositiveInfinity,
            Left = left.Node,
            Right = right.Node,

            // Where training had no missing value, one goes with the majority.
            MissingLeft = hasMissing ? split.MissingLeft : leftRows.Count >= rightRows.Count,
            Gain = split.Gain / 2,
        };
        grown.Nodes.Add(MakeNode(left, finder));
        grown.Nodes.Add(MakeNode(right, finder));
        grown.Leaves[grown.Leaves.IndexOf(leaf)] = left;
        grown.Leaves.Add(right);

        if (grown.Leaves.Count < options.MaxLeaves && (MaySplit(left) || MaySplit(right)))
        {
            (GrowingLeaf small, GrowingLeaf large) = leftRows.Count <= rightRows.Count ? (left, right) : (right, left);
            small.Histogram = RentHistogram();
            int parts = BuildParts(small);
            large.Histogram = leaf.Histogram;
            leaf.Histogram = null;
            FindSplits(parts, small, large, large.Histogram, columns, finder);
        }

        ReturnHistogram(leaf);
    }

    private bool MaySplit(GrowingLeaf leaf) =>
        leaf.Rows.Count >= 2 * options.MinSamplesLeaf && (options.MaxDepth == 0 || leaf.Depth < options.MaxDepth);

    /// <summary>Builds a leaf's histogram in as many parts as threads share it; part 0 is the leaf's own array. Returns how many.</summary>
    private int BuildParts(GrowingLeaf leaf)
    {
        int parts = (long)leaf.Rows.Count * matrix.Columns.Length < ParallelCells ? 1 : crew.Threads;
        crew.Run(parts, part =>
        {
            long[] histogram = part == 0 ? leaf.Histogram! : partial[part - 1];
            Array.Clear(histogram);
            int from = (int)((long)leaf.Rows.Count * part / parts), to = (int)((long)leaf.Rows.Count * (part + 1) / parts);
            HistogramBuilder.Add(matrix, partition.Rows(leaf.Rows)[from..to], partition.Gradients(leaf.Rows)[from..to], histogram);
        });
        return parts;
    }

    /// <summary>Column by column: adds up the parts of the small leaf's histogram, takes it from the parent's to get the large leaf's, scans both.</summary>
    private void FindSplits(int parts, GrowingLeaf small, GrowingLeaf? large, long[]? parent, int[] columns, SplitFinder finder)
    {
        int tasks = columns.Length >= 4 ? Math.Min(crew.Threads * 2, columns.Length) : 1;
        var bests = new (Split Small, Split Large)[tasks];
        crew.Run(tasks, task =>
        {
            (Split Small, Split Large) best = (Split.None, Split.None);
            int from = columns.Length * task / tasks, to = columns.Length * (task + 1) / tasks;
            for (int i = from; i < to; i++)
            {
                int column = columns[i], bins = matrix.Binners[column].ValueBins;
                int used = bins + (matrix.HasMissing[column] ? 1 : 0), at = column * HistogramBuilder.BinStride;
                Span<long> sums = small.Histogram.AsSpan(at, used);
                for (int part = 1; part < parts; part++)
                {
                    Add(sums, partial[part - 1].AsSpan(at, used));
                }

                if (MaySplit(small))
                {
                    Split found = finder.Find(column, sums, bins, small.Bounds, monotonic[column]);
                    best.Small = found.Gain > best.Small.Gain ? found : best.Small;
                }

                if (large is not null)
                {
                    Span<long> rest = parent.AsSpan(at, used);
                    Subtract(rest, sums);
                    if (MaySplit(large))
                    {
                        Split found = finder.Find(column, rest, bins, large.Bounds, monotonic[column]);
                        best.Large = found.Gain > best.Large.Gain ? found : best.Large;
                    }
                }
            }

            bests[task] = best;
        });

        foreach ((Split smallBest, Split largeBest) in bests)
        {
            small.Best = smallBest.Gain > small.Best.Gain ? smallBest : small.Best;
            if (large is not null)
            {
                large.Best = largeBest.Gain > large.Best.Gain ? largeBest : large.Best;
            }
        }
    }

    private (LeafBounds Left, LeafBounds Right) ChildBounds(LeafBounds parent, Split split, int leftRows, int rightRows, SplitFinder finder)
    {
        var left = new LeafBounds(split.LeftSum, leftRows, parent.Lower, parent.Upper);
        var right = new LeafBounds(parent.Sum - split.LeftSum, rightRows, parent.Lower, parent.Upper);
        int direction = monotonic[split.Column];
        if (direction == 0)
        {
            return (left, right);
        }

        // Whatever is split further below, no left descendant may pass the middle, nor a right one fall behind it.
        double middle = (finder.LeafValue(left.Sum, parent.Lower, parent.Upper) + finder.LeafValue(right.Sum, parent.Lower, parent.Upper)) / 2;
        return direction > 0
            ? (left with { Upper = middle }, right with { Lower = middle })
            : (left with { Lower = middle }, right with { Upper = middle });
    }

    private TreeNode MakeNode(GrowingLeaf leaf, SplitFinder finder) => new()
    {
        Column = -1,
        Value = (float)(options.LearningRate * finder.LeafValue(leaf.Bounds.Sum, leaf.Bounds.Lower, leaf.Bounds.Upper)),
        Cover = leaf.Rows.Count,
    };

    private long[] RentHistogram() => freeHistograms.TryPop(out long[]? histogram) ? histogram : new long[matrix.HistogramSize];

    private void ReturnHistogram(GrowingLeaf leaf)
    {
        if (leaf.Histogram is not null)
        {
            freeHistograms.Push(leaf.Histogram);
            leaf.Histogram = null;
        }
    }

    private static void Add(Span<long> to, ReadOnlySpan<long> from)
    {
        for (int i = 0; i < to.Length; i++)
        {
            to[i] += from[i];
        }
    }

    private static void Subtract(Span<long> to, ReadOnlySpan<long> from)
    {
        for (int i = 0; i < to.Length; i++)
        {
            to[i] -= from[i];
        }
    }
}
