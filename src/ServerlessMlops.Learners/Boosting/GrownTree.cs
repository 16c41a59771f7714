namespace ServerlessMlops.Learners.Boosting;

/// <summary>A leaf while its tree grows.</summary>
internal sealed class GrowingLeaf
{
    /// <summary>Its node in the tree.</summary>
    public required int Node { get; init; }

    public required RowPartition.Range Rows { get; init; }

    public required LeafBounds Bounds { get; init; }

    public required int Depth { get; init; }

    /// <summary>Packed sums by column and bin, while the leaf may still be split.</summary>
    public long[]? Histogram { get; set; }

    public Split Best { get; set; } = Split.None;
}

/// <summary>A tree as it grows: nodes, and the rows of each leaf.</summary>
internal sealed record GrownTree(List<TreeNode> Nodes, List<GrowingLeaf> Leaves);
