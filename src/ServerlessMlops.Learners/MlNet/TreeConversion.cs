using Microsoft.ML.Calibrators;
using Microsoft.ML.Trainers.FastTree;
using ServerlessMlops.Learners.Boosting;

namespace ServerlessMlops.Learners.MlNet;

/// <summary>ML.NET's trees as ours.</summary>
internal static class TreeConversion
{
    /// <summary>
    /// The same function. ML.NET scores <c>bias + sum of weight * leaf</c>, and its calibrator makes a probability of a score s by
    /// <c>1 / (1 + exp(slope * s + offset))</c>; ours makes one by <c>1 / (1 + exp(-s))</c>. So <c>-slope</c> goes into leaves and bias, and the scores are
    /// log-odds, which explanations rely on.
    /// </summary>
    /// <param name="ensemble">ML.NET's trees, with numerical splits only.</param>
    /// <param name="calibrator">Of two classes; null for regression.</param>
    /// <param name="encoded">The training columns; covers are counted on them.</param>
    public static TreeEnsemble Convert(RegressionTreeEnsemble ensemble, PlattCalibrator? calibrator, float[][] encoded)
    {
        (double scale, double shift) = calibrator is null ? (1, 0) : (-calibrator.Slope, -calibrator.Offset);
        var trees = new DecisionTree[ensemble.Trees.Count];
        for (int t = 0; t < trees.Length; t++)
        {
            trees[t] = Convert(ensemble.Trees[t], scale * ensemble.TreeWeights[t], encoded);
        }

        return new TreeEnsemble(encoded.Length, [(float)((scale * ensemble.Bias) + shift)], trees);
    }

    private static DecisionTree Convert(RegressionTree tree, double scale, float[][] encoded)
    {
        // A tree that found no split has one leaf and no node.
        if (tree.NumberOfNodes == 0)
        {
            return new DecisionTree([new TreeNode { Column = -1, Value = (float)(scale * tree.LeafValues[0]), Cover = Rows(encoded) }], 0);
        }

        // Numbered from the root on, so that children come after their parent. ML.NET numbers nodes from 0 on and leaves by complement: -1 is leaf 0.
        var order = new List<int> { 0 };
        var nodes = new List<TreeNode>();
        for (int i = 0; i < order.Count; i++)
        {
            int at = order[i];
            if (at < 0)
            {
                nodes.Add(new TreeNode { Column = -1, Value = (float)(scale * tree.LeafValues[~at]) });
                continue;
            }

            if (tree.CategoricalSplitFlags[at])
            {
                throw new InvalidOperationException($"Node {at} of an ML.NET tree splits by categories; expected numerical splits only, as CategoricalSplit is off.");
            }

            nodes.Add(new TreeNode
            {
                Column = tree.NumericalSplitFeatureIndexes[at], Threshold = tree.NumericalSplitThresholds[at], Gain = tree.SplitGains[at],
                Left = order.Count, Right = order.Count + 1,
            });
            order.Add(tree.LeftChild[at]);
            order.Add(tree.RightChild[at]);
        }

        return new DecisionTree(WithCovers([.. nodes], encoded), 0);
    }

    /// <summary>Counts the rows that come to each leaf; a node has its children's rows, and the mean of their values.</summary>
    private static TreeNode[] WithCovers(TreeNode[] nodes, float[][] encoded)
    {
        var covers = new int[nodes.Length];
        for (int row = 0; row < Rows(encoded); row++)
        {
            int at = 0;
            while (!nodes[at].IsLeaf)
            {
                at = encoded[nodes[at].Column][row] <= nodes[at].Threshold ? nodes[at].Left : nodes[at].Right;
            }

            covers[at]++;
        }

        for (int i = nodes.Length - 1; i >= 0; i--)
        {
            TreeNode node = nodes[i];
            if (!node.IsLeaf)
            {
                int left = covers[node.Left], right = covers[node.Right];
                covers[i] = left + right;
                float value = covers[i] == 0 ? 0 : (float)(((double)left * nodes[node.Left].Value + (double)right * nodes[node.Right].Value) / covers[i]);
                node = node with { Value = value };
            }

            nodes[i] = node with { Cover = covers[i] };
        }

        return nodes;
    }

    private static int Rows(float[][] encoded) => encoded.Length == 0 ? 0 : encoded[0].Length;
}
