namespace ServerlessMlops.Learners.Boosting;

/// <summary>
/// One node of a grown tree. Inner: rows with <c>x &lt;= Threshold</c> go to <see cref="Left"/>, others to <see cref="Right"/>, missing ones where
/// <see cref="MissingLeft"/> says. With a <see cref="Set"/>, x is a category's code, and its members go left.
/// </summary>
public readonly record struct TreeNode
{
    /// <summary>Column asked, or -1 in a leaf.</summary>
    public int Column { get; init; }

    /// <summary>Largest value that goes left: an exact float32 between two values seen in training.</summary>
    public float Threshold { get; init; }

    /// <summary>Category codes that go left; null where the node compares with <see cref="Threshold"/>. A missing category has a code of its own.</summary>
    public CategorySet? Set { get; init; }

    /// <summary>Index of the left child; greater than this node's.</summary>
    public int Left { get; init; }

    /// <summary>Index of the right child; greater than this node's.</summary>
    public int Right { get; init; }

    /// <summary>Whether a missing value goes left.</summary>
    public bool MissingLeft { get; init; }

    /// <summary>Score of a leaf, learning rate included; of an inner node the score that it would have as a leaf.</summary>
    public float Value { get; init; }

    /// <summary>Training rows (out-of-sample ones not counted) that came here; what TreeSHAP weighs branches by.</summary>
    public int Cover { get; init; }

    /// <summary>Reduction of the loss by this split; 0 in a leaf.</summary>
    public double Gain { get; init; }

    /// <summary>Whether this is a leaf.</summary>
    public bool IsLeaf => Column < 0;

    /// <summary>Whether a row with this value in <see cref="Column"/> goes left.</summary>
    public bool GoesLeft(float x) => Set is null ? x <= Threshold || (MissingLeft && float.IsNaN(x)) : Set.Contains(x);
}

/// <summary>A grown tree: nodes in the order they were made, the root first, children after their parent.</summary>
/// <param name="Nodes">At least one.</param>
/// <param name="Output">The score that this tree adds to.</param>
public sealed record DecisionTree(TreeNode[] Nodes, int Output)
{
    /// <summary>Number of leaves.</summary>
    public int LeafCount => (Nodes.Length + 1) / 2;

    /// <summary>Index of the leaf that a row comes to.</summary>
    /// <param name="row">Encoded columns of one row.</param>
    public int FindLeaf(ReadOnlySpan<float> row)
    {
        int at = 0;
        while (!Nodes[at].IsLeaf)
        {
            ref readonly TreeNode node = ref Nodes[at];
            at = node.GoesLeft(row[node.Column]) ? node.Left : node.Right;
        }

        return at;
    }
}
