namespace ServerlessMlops.Learners.Boosting;

/// <summary>
/// Grows one tree leaf-wise: of all leaves, the one whose best split gains most is split next, until there are enough leaves.
/// </summary>
/// <remarks>
/// Making a leaf's children (<see cref="LeafSplitter"/>) depends on that leaf alone; only which splits the tree takes depends on the order. So all threads
/// work on one leaf of many rows together, and on leaves of few rows each by itself: whoever is free makes the children of the most promising leaf that
/// nobody has, while splits are taken strictly by gain. The tree is the same for any number of threads.
/// <code>
/// leaves by gain   A 9.1 (children made)   B 7.4 (thread 1 at work)   C 3.0 (thread 2 at work)   D 0.2
/// next             A is taken; its children join the list, perhaps before B
/// </code>
/// A leaf is worked on ahead of its turn only if there is room for it after all leaves that gain more; now and then their children gain more still, and the
/// work was in vain.
/// </remarks>
internal sealed class TreeGrower
{
    /// <summary>A leaf of so many rows times columns is worth all threads; below, handing its work over costs more than it saves.</summary>
    private const int SharedCells = 150_000;

    private readonly BinnedMatrix matrix;
    private readonly BoostingOptions options;
    private readonly int[] monotonic;
    private readonly WorkCrew crew;
    private readonly RowPartition partition;
    private readonly LeafSplitter splitter;
    private readonly GrownTree grown = new([], []);
    private readonly Lock gate = new();
    private int atWork;
    private int finished;
    private bool failed;

    public TreeGrower(BinnedMatrix matrix, BoostingOptions options, int[] monotonic, WorkCrew crew)
    {
        this.matrix = matrix;
        this.options = options;
        this.monotonic = monotonic;
        this.crew = crew;
        partition = new RowPartition(matrix.Rows, crew);
        splitter = new LeafSplitter(matrix, partition, options, crew);
    }

    public RowPartition Partition => partition;

    /// <summary>Grows a tree, which lasts until the next is grown.</summary>
    /// <param name="packedByRow">Packed gradients by row; <see cref="RowPartition.FirstGradients"/> saves copying them.</param>
    /// <param name="packed">Their units.</param>
    /// <param name="sample">Rows to learn from, ascending; null means all.</param>
    /// <param name="columns">Columns to split by.</param>
    public GrownTree Grow(long[] packedByRow, PackedGradients packed, int[]? sample, int[] columns)
    {
        var finder = new SplitFinder(options, packed);
        RowPartition.Range all = partition.Begin(sample, packedByRow);
        long sum = PackedSums.Sum(partition.Gradients(all));
        splitter.Begin(finder, columns, monotonic);
        GrowingLeaf root = splitter.NewLeaf(all, new LeafBounds(sum, all.Count, double.NegativeInfinity, double.PositiveInfinity), 0);
        root.Node = 0;
        grown.Nodes.Clear();
        grown.Leaves.Clear();
        grown.Nodes.Add(MakeNode(root, finder));
        grown.Leaves.Add(root);
        if (columns.Length > 0)
        {
            splitter.FindFirst(root, IsLarge(root));
        }

        while (TakeSplits(finder) is { } next)
        {
            if (IsLarge(next))
            {
                splitter.Split(next, goesOn: grown.Leaves.Count + 1 < options.MaxLeaves, together: true);
                next.IsSplit = true;
            }
            else
            {
                crew.Run(crew.Threads, _ => SplitSmallLeaves(finder));
            }
        }

        foreach (GrowingLeaf leaf in grown.Leaves)
        {
            splitter.Release(leaf);
        }

        return grown;
    }

    private bool IsLarge(GrowingLeaf leaf) => crew.Threads > 1 && (long)leaf.Rows.Count * matrix.Columns.Length >= SharedCells;

    /// <summary>What each thread does until the tree is grown or the next leaf is one for all threads.</summary>
    private void SplitSmallLeaves(SplitFinder finder)
    {
        while (true)
        {
            GrowingLeaf? leaf;
            bool goesOn;
            int seen;
            lock (gate)
            {
                if (failed || TakeSplits(finder) is not { } next || (IsLarge(next) && !next.Claimed))
                {
                    return;
                }

                leaf = Claim(out goesOn);
                if (leaf is null && atWork == 0)
                {
                    return;
                }

                seen = finished;
            }

            if (leaf is null)
            {
                var spin = default(SpinWait);
                while (Volatile.Read(ref finished) == seen)
                {
                    spin.SpinOnce(sleep1Threshold: -1);
                }

                continue;
            }

            bool done = false;
            try
            {
                splitter.Split(leaf, goesOn, together: false);
                done = true;
            }
            finally
            {
                lock (gate)
                {
                    leaf.IsSplit = done;
                    failed |= !done;
                    atWork--;
                    Volatile.Write(ref finished, finished + 1);
                }
            }
        }
    }

    /// <summary>The small leaf of most gain that nobody works on and that there is room for after those that gain more; null if there is none.</summary>
    /// <param name="goesOn">Whether its children may be split in turn.</param>
    private GrowingLeaf? Claim(out bool goesOn)
    {
        GrowingLeaf? best = null;
        foreach (GrowingLeaf leaf in grown.Leaves)
        {
            if (leaf.Best.Exists && !leaf.Claimed && !IsLarge(leaf) && (best is null || leaf.Best.Gain > best.Best.Gain))
            {
                best = leaf;
            }
        }

        goesOn = false;
        if (best is null)
        {
            return null;
        }

        int leaves = grown.Leaves.Count + 1;
        foreach (GrowingLeaf leaf in grown.Leaves)
        {
            leaves += leaf.Best.Exists && leaf.Best.Gain > best.Best.Gain ? 1 : 0;
        }

        if (leaves > options.MaxLeaves)
        {
            return null;
        }

        goesOn = leaves < options.MaxLeaves;
        best.Claimed = true;
        atWork++;
        return best;
    }

    /// <summary>Takes splits whose children are made into the tree, by gain; returns the next leaf to split, or null when the tree is grown.</summary>
    private GrowingLeaf? TakeSplits(SplitFinder finder)
    {
        while (grown.Leaves.Count < options.MaxLeaves)
        {
            int next = -1;
            for (int i = 0; i < grown.Leaves.Count; i++)
            {
                if (grown.Leaves[i].Best.Exists && (next < 0 || grown.Leaves[i].Best.Gain > grown.Leaves[next].Best.Gain))
                {
                    next = i;
                }
            }

            if (next < 0)
            {
                return null;
            }

            GrowingLeaf leaf = grown.Leaves[next];
            if (!leaf.IsSplit)
            {
                return leaf;
            }

            TakeSplit(next, finder);
        }

        return null;
    }

    private void TakeSplit(int at, SplitFinder finder)
    {
        GrowingLeaf leaf = grown.Leaves[at];
        (GrowingLeaf left, GrowingLeaf right) = (leaf.Left!, leaf.Right!);
        Split split = leaf.Best;
        Binner binner = matrix.Binners[split.Column];
        left.Node = grown.Nodes.Count;
        right.Node = grown.Nodes.Count + 1;
        grown.Nodes[leaf.Node] = grown.Nodes[leaf.Node] with
        {
            Column = split.Column,
            Threshold = split.IsSet ? 0 : split.Bin < binner.Edges.Length ? binner.Edges[split.Bin] : float.PositiveInfinity,
            Set = split.Set,
            Left = left.Node,
            Right = right.Node,

            // Where training had no missing value, one goes with the majority.
            MissingLeft = !split.IsSet && (matrix.HasMissing[split.Column] ? split.MissingLeft : left.Rows.Count >= right.Rows.Count),
            Gain = split.Gain / 2,
        };
        grown.Nodes.Add(MakeNode(left, finder));
        grown.Nodes.Add(MakeNode(right, finder));
        grown.Leaves[at] = left;
        grown.Leaves.Add(right);
    }

    private TreeNode MakeNode(GrowingLeaf leaf, SplitFinder finder) => new()
    {
        Column = -1,
        Value = (float)(options.LearningRate * finder.LeafValue(leaf.Bounds.Sum, leaf.Bounds.Lower, leaf.Bounds.Upper)),
        Cover = leaf.Rows.Count,
    };
}
