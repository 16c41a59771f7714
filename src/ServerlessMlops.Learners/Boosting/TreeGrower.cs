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

    private readonly BinnedMatrix _matrix;
    private readonly BoostingOptions _options;
    private readonly int[] _monotonic;
    private readonly WorkCrew _crew;
    private readonly RowPartition _partition;
    private readonly LeafSplitter _splitter;
    private readonly GrownTree _grown = new([], []);
    private readonly Lock _gate = new();
    private int _atWork;
    private int _finished;
    private bool _failed;

    public TreeGrower(BinnedMatrix matrix, BoostingOptions options, int[] monotonic, WorkCrew crew)
    {
        _matrix = matrix;
        _options = options;
        _monotonic = monotonic;
        _crew = crew;
        _partition = new RowPartition(matrix.Rows, crew);
        _splitter = new LeafSplitter(matrix, _partition, options, crew);
    }

    public RowPartition Partition => _partition;

    /// <summary>Grows a tree, which lasts until the next is grown.</summary>
    /// <param name="packedByRow">Packed gradients by row; <see cref="RowPartition.FirstGradients"/> saves copying them.</param>
    /// <param name="packed">Their units.</param>
    /// <param name="sample">Rows to learn from, ascending; null means all.</param>
    /// <param name="columns">Columns to split by.</param>
    public GrownTree Grow(long[] packedByRow, PackedGradients packed, int[]? sample, int[] columns)
    {
        var finder = new SplitFinder(_options, packed);
        RowPartition.Range all = _partition.Begin(sample, packedByRow);
        long sum = PackedSums.Sum(_partition.Gradients(all));
        _splitter.Begin(finder, columns, _monotonic);
        GrowingLeaf root = _splitter.NewLeaf(all, new LeafBounds(sum, all.Count, double.NegativeInfinity, double.PositiveInfinity), 0);
        root.Node = 0;
        _grown.Nodes.Clear();
        _grown.Leaves.Clear();
        _grown.Nodes.Add(MakeNode(root, finder));
        _grown.Leaves.Add(root);
        if (columns.Length > 0)
        {
            _splitter.FindFirst(root, IsLarge(root));
        }

        while (TakeSplits(finder) is { } next)
        {
            if (IsLarge(next))
            {
                _splitter.Split(next, goesOn: _grown.Leaves.Count + 1 < _options.MaxLeaves, together: true);
                next.IsSplit = true;
            }
            else
            {
                _crew.Run(_crew.Threads, _ => SplitSmallLeaves(finder));
            }
        }

        foreach (GrowingLeaf leaf in _grown.Leaves)
        {
            _splitter.Release(leaf);
        }

        return _grown;
    }

    private bool IsLarge(GrowingLeaf leaf) => _crew.Threads > 1 && (long)leaf.Rows.Count * _matrix.Columns.Length >= SharedCells;

    /// <summary>What each thread does until the tree is grown or the next leaf is one for all threads.</summary>
    private void SplitSmallLeaves(SplitFinder finder)
    {
        while (true)
        {
            GrowingLeaf? leaf;
            bool goesOn;
            int seen;
            lock (_gate)
            {
                if (_failed || TakeSplits(finder) is not { } next || (IsLarge(next) && !next.Claimed))
                {
                    return;
                }

                leaf = Claim(out goesOn);
                if (leaf is null && _atWork == 0)
                {
                    return;
                }

                seen = _finished;
            }

            if (leaf is null)
            {
                var spin = default(SpinWait);
                while (Volatile.Read(ref _finished) == seen)
                {
                    spin.SpinOnce(sleep1Threshold: -1);
                }

                continue;
            }

            bool done = false;
            try
            {
                _splitter.Split(leaf, goesOn, together: false);
                done = true;
            }
            finally
            {
                lock (_gate)
                {
                    leaf.IsSplit = done;
                    _failed |= !done;
                    _atWork--;
                    Volatile.Write(ref _finished, _finished + 1);
                }
            }
        }
    }

    /// <summary>The small leaf of most gain that nobody works on and that there is room for after those that gain more; null if there is none.</summary>
    /// <param name="goesOn">Whether its children may be split in turn.</param>
    private GrowingLeaf? Claim(out bool goesOn)
    {
        GrowingLeaf? best = null;
        foreach (GrowingLeaf leaf in _grown.Leaves)
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

        int leaves = _grown.Leaves.Count + 1;
        foreach (GrowingLeaf leaf in _grown.Leaves)
        {
            leaves += leaf.Best.Exists && leaf.Best.Gain > best.Best.Gain ? 1 : 0;
        }

        if (leaves > _options.MaxLeaves)
        {
            return null;
        }

        goesOn = leaves < _options.MaxLeaves;
        best.Claimed = true;
        _atWork++;
        return best;
    }

    /// <summary>Takes splits whose children are made into the tree, by gain; returns the next leaf to split, or null when the tree is grown.</summary>
    private GrowingLeaf? TakeSplits(SplitFinder finder)
    {
        while (_grown.Leaves.Count < _options.MaxLeaves)
        {
            int next = -1;
            for (int i = 0; i < _grown.Leaves.Count; i++)
            {
                if (_grown.Leaves[i].Best.Exists && (next < 0 || _grown.Leaves[i].Best.Gain > _grown.Leaves[next].Best.Gain))
                {
                    next = i;
                }
            }

            if (next < 0)
            {
                return null;
            }

            GrowingLeaf leaf = _grown.Leaves[next];
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
        GrowingLeaf leaf = _grown.Leaves[at];
        (GrowingLeaf left, GrowingLeaf right) = (leaf.Left!, leaf.Right!);
        Split split = leaf.Best;
        Binner binner = _matrix.Binners[split.Column];
        left.Node = _grown.Nodes.Count;
        right.Node = _grown.Nodes.Count + 1;
        _grown.Nodes[leaf.Node] = _grown.Nodes[leaf.Node] with
        {
            Column = split.Column,
            Threshold = split.IsSet ? 0 : split.Bin < binner.Edges.Length ? binner.Edges[split.Bin] : float.PositiveInfinity,
            Set = split.Set,
            Left = left.Node,
            Right = right.Node,

            // Where training had no missing value, one goes with the majority.
            MissingLeft = !split.IsSet && (_matrix.HasMissing[split.Column] ? split.MissingLeft : left.Rows.Count >= right.Rows.Count),
            Gain = split.Gain / 2,
        };
        _grown.Nodes.Add(MakeNode(left, finder));
        _grown.Nodes.Add(MakeNode(right, finder));
        _grown.Leaves[at] = left;
        _grown.Leaves.Add(right);
    }

    private TreeNode MakeNode(GrowingLeaf leaf, SplitFinder finder) => new()
    {
        Column = -1,
        Value = (float)(_options.LearningRate * finder.LeafValue(leaf.Bounds.Sum, leaf.Bounds.Lower, leaf.Bounds.Upper)),
        Cover = leaf.Rows.Count,
    };
}
