namespace ServerlessMlops.Learners.Boosting;

/// <summary>A leaf while its tree grows.</summary>
internal sealed class GrowingLeaf
{
    /// <summary>Its node in the tree; -1 until its parent's split is taken into the tree.</summary>
    public int Node { get; set; } = -1;

    public required RowPartition.Range Rows { get; init; }

    public required LeafBounds Bounds { get; init; }

    public required int Depth { get; init; }

    /// <summary>Packed sums by column and bin, while the leaf may still be split.</summary>
    public long[]? Histogram { get; set; }

    public Split Best { get; set; } = Split.None;

    /// <summary>Whether a thread is making its children, or has made them.</summary>
    public bool Claimed { get; set; }

    /// <summary>Its children by its best split; null until they are made.</summary>
    public LeafChildren? Children { get; set; }
}

/// <summary>The two sides of a leaf's best split, each with its own best split if it may have one.</summary>
internal sealed record LeafChildren(GrowingLeaf Left, GrowingLeaf Right);

/// <summary>A tree as it grows: nodes, and the rows of each leaf.</summary>
internal sealed record GrownTree(List<TreeNode> Nodes, List<GrowingLeaf> Leaves);
