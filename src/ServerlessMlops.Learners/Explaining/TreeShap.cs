using ServerlessMlops.Learners.Boosting;

namespace ServerlessMlops.Learners.Explaining;

/// <summary>
/// Exact SHAP values of a tree ensemble's raw scores, path-dependent: a column that is left out takes both branches, in proportion to the training
/// rows that went there (Lundberg et al., Nature Machine Intelligence 2020, algorithm 2). Values and base add up to the score.
/// </summary>
/// <remarks>
/// <code>
/// path: the columns met on the way down, each with
///   zero  share of training rows that goes on if the column is left out
///   one   1 if the row itself goes on here, else 0
///   weight of the subsets of each size that reach this node
/// </code>
/// A tree of L leaves and depth D takes O(L D^2), not a walk for each of 2^columns subsets.
/// </remarks>
public static class TreeShap
{
    private struct Step
    {
        public int Column;
        public double Zero;
        public double One;
        public double Weight;
    }

    /// <summary>Contributions of one row to one score.</summary>
    /// <param name="ensemble">Trees with covers, as training makes them; a file made elsewhere has none.</param>
    /// <param name="row">Encoded columns.</param>
    /// <param name="output">Index of the score.</param>
    /// <returns>One value a column, and the base value, the score's mean over training rows.</returns>
    /// <exception cref="ArgumentException">The trees have no covers.</exception>
    public static (double[] Values, double Base) Explain(TreeEnsemble ensemble, ReadOnlySpan<float> row, int output = 0)
    {
        ArgumentNullException.ThrowIfNull(ensemble);
        var values = new double[ensemble.ColumnCount];
        double expected = ensemble.BaseScores[output];
        foreach (DecisionTree tree in ensemble.Trees)
        {
            if (tree.Output != output)
            {
                continue;
            }

            if (tree.Nodes[0].Cover == 0)
            {
                throw new ArgumentException("The trees do not say how many training rows came to each node; explain the model that training returned, not one read from a file.", nameof(ensemble));
            }

            expected += Mean(tree.Nodes, 0);
            Descend(tree.Nodes, 0, row, values, [], 1, 1, -1);
        }

        return (values, expected);
    }

    private static double Mean(TreeNode[] nodes, int at)
    {
        TreeNode node = nodes[at];
        return node.IsLeaf
            ? node.Value
            : ((Mean(nodes, node.Left) * nodes[node.Left].Cover) + (Mean(nodes, node.Right) * nodes[node.Right].Cover)) / node.Cover;
    }

    private static void Descend(TreeNode[] nodes, int at, ReadOnlySpan<float> row, double[] values, Step[] parentPath, double zero, double one, int column)
    {
        Step[] path = Extend(parentPath, zero, one, column);
        TreeNode node = nodes[at];
        if (node.IsLeaf)
        {
            for (int i = 1; i < path.Length; i++)
            {
                values[path[i].Column] += UnwoundSum(path, i) * (path[i].One - path[i].Zero) * node.Value;
            }

            return;
        }

        bool left = node.GoesLeft(row[node.Column]);
        (int hot, int cold) = left ? (node.Left, node.Right) : (node.Right, node.Left);
        double zeroHere = 1, oneHere = 1;
        int seen = Array.FindIndex(path, 1, s => s.Column == node.Column);
        if (seen >= 0)
        {
            // A column counts once: its earlier step is taken out, and its shares go into this one.
            (zeroHere, oneHere) = (path[seen].Zero, path[seen].One);
            path = Unwind(path, seen);
        }

        Descend(nodes, hot, row, values, path, zeroHere * nodes[hot].Cover / node.Cover, oneHere, node.Column);
        Descend(nodes, cold, row, values, path, zeroHere * nodes[cold].Cover / node.Cover, 0, node.Column);
    }

    private static Step[] Extend(Step[] parent, double zero, double one, int column)
    {
        int depth = parent.Length;
        var path = new Step[depth + 1];
        parent.CopyTo(path, 0);
        path[depth] = new Step { Column = column, Zero = zero, One = one, Weight = depth == 0 ? 1 : 0 };
        for (int i = depth - 1; i >= 0; i--)
        {
            path[i + 1].Weight += one * path[i].Weight * (i + 1) / (depth + 1);
            path[i].Weight = zero * path[i].Weight * (depth - i) / (depth + 1);
        }

        return path;
    }

    /// <summary>The path without one of its steps.</summary>
    private static Step[] Unwind(Step[] source, int at)
    {
        int depth = source.Length - 1;
        var path = (Step[])source.Clone();
        double one = path[at].One, zero = path[at].Zero, next = path[depth].Weight;
        for (int i = depth - 1; i >= 0; i--)
        {
            if (one != 0)
            {
                double weight = path[i].Weight;
                path[i].Weight = next * (depth + 1) / ((i + 1) * one);
                next = weight - (path[i].Weight * zero * (depth - i) / (depth + 1));
            }
            else
            {
                path[i].Weight = path[i].Weight * (depth + 1) / (zero * (depth - i));
            }
        }

        for (int i = at; i < depth; i++)
        {
            (path[i].Column, path[i].Zero, path[i].One) = (path[i + 1].Column, path[i + 1].Zero, path[i + 1].One);
        }

        return path[..depth];
    }

    private static double UnwoundSum(Step[] path, int at)
    {
        double sum = 0;
        foreach (Step step in Unwind(path, at))
        {
            sum += step.Weight;
        }

        return sum;
    }
}
