namespace ServerlessMlops.Learners.Boosting;

/// <summary>A leaf while its tree grows.</summary>
internal sealed class GrowingLeaf
{
    /// <summary>Its node in the tree; -1 until its parent's split is taken into the tree.</summary>
    public int Node { get; set; } = -1;

    public RowPartition.Range Rows { get; private set; }

    public LeafBounds Bounds { get; private set; }

    public int Depth { get; private set; }

    /// <summary>Packed sums by column and bin, while the leaf may still be split.</summary>
    public long[]? Histogram { get; set; }

    public Split Best { get; set; } = Split.None;

    /// <summary>Whether a thread is making its children, or has made them.</summary>
    public bool Claimed { get; set; }

    /// <summary>Whether its children are made.</summary>
    public bool IsSplit { get; set; }

    /// <summary>The left side of its best split; null until it is made.</summary>
    public GrowingLeaf? Left { get; set; }

    /// <summary>The right side.</summary>
    public GrowingLeaf? Right { get; set; }

    /// <summary>Makes this a new leaf: trees follow one another by the thousand, and their leaves would be most of a training's garbage.</summary>
    public GrowingLeaf Renew(RowPartition.Range rows, LeafBounds bounds, int depth)
    {
        (Node, Rows, Bounds, Depth) = (-1, rows, bounds, depth);
        (Histogram, Best, Claimed, IsSplit, Left, Right) = (null, Split.None, false, false, null, null);
        return this;
    }
}

/// <summary>A tree as it grows: nodes, and the rows of each leaf.</summary>
internal sealed record GrownTree(List<TreeNode> Nodes, List<GrowingLeaf> Leaves);
