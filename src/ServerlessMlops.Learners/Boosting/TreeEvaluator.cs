namespace ServerlessMlops.Learners.Boosting;

/// <summary>
/// The flat prediction record of an ensemble, apart from the rich nodes that training and explaining use. Two forms of the same trees:
/// <see cref="TreeWalker"/> follows eight trees at once for one row; <see cref="LeafMasks"/> tests all nodes of a tree for many rows at once.
/// Both find the same leaves and add them in tree order in float32, so a row scores the same bits alone and in a batch.
/// </summary>
internal sealed class TreeEvaluator
{
    private readonly float[] _baseScores;
    private readonly TreeWalker _walker;
    private readonly LeafMasks? _masks;

    private TreeEvaluator(float[] baseScores, TreeWalker walker, LeafMasks? masks)
    {
        _baseScores = baseScores;
        _walker = walker;
        _masks = masks;
    }

    public static TreeEvaluator Compile(int columnCount, float[] baseScores, IReadOnlyList<DecisionTree> trees) =>
        new(baseScores, new TreeWalker(columnCount, trees), LeafMasks.TryCompile(trees));

    public void Score(ReadOnlySpan<float> columns, int stride, int rows, Span<float> scores)
    {
        for (int k = 0; k < _baseScores.Length; k++)
        {
            scores.Slice(k * stride, rows).Fill(_baseScores[k]);
        }

        int done = _masks?.Add(columns, stride, rows, scores) ?? 0;
        for (int row = done; row < rows; row++)
        {
            _walker.Add(columns, stride, row, scores);
        }
    }
}

/// <summary>What must hold of a tree before unchecked code may walk it.</summary>
internal static class TreeChecks
{
    /// <exception cref="ArgumentException">A child, column or output is out of range, or a node is reached twice.</exception>
    public static void Check(DecisionTree tree, int columnCount, int outputs)
    {
        if (tree.Nodes.Length == 0 || tree.Output < 0 || tree.Output >= outputs)
        {
            throw new ArgumentException($"A tree has {tree.Nodes.Length} nodes and adds to score {tree.Output}; expected at least one node and a score below {outputs}.");
        }

        var parents = new int[tree.Nodes.Length];
        for (int at = 0; at < tree.Nodes.Length; at++)
        {
            TreeNode node = tree.Nodes[at];
            if (node.IsLeaf)
            {
                continue;
            }

            if (node.Column >= columnCount)
            {
                throw new ArgumentException($"Tree node {at} asks column {node.Column}; there are {columnCount}.");
            }

            foreach (int child in (ReadOnlySpan<int>)[node.Left, node.Right])
            {
                if (child <= at || child >= tree.Nodes.Length || parents[child]++ > 0)
                {
                    throw new ArgumentException($"Tree node {at} has child {child}; expected a later node of {tree.Nodes.Length} that has no other parent.");
                }
            }
        }
    }
}
