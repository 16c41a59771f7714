using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Encoding;

namespace ServerlessMlops.Learners.Onnx;

/// <summary>Writes an ensemble as a TreeEnsembleRegressor, whose nodes stand in parallel arrays; the training rows of each are its hit rate, for explanations.</summary>
internal static class TreeWriter
{
    /// <summary>Writes the ensemble and the columns that it reads.</summary>
    public static string Write(OnnxGraphBuilder graph, TreeEnsemble ensemble, IReadOnlyList<EncodedColumn> columns, IReadOnlyList<ModelInput> inputs)
    {
        (string encoded, TreeEnsemble plain) = SetColumns.Write(graph, ensemble, columns, inputs);
        return Write(graph, plain, encoded);
    }

    /// <summary>Writes an ensemble without sets over columns that are written already.</summary>
    public static string Write(OnnxGraphBuilder graph, TreeEnsemble ensemble, string columns)
    {
        var (treeIds, nodeIds, features, thresholds) = (new List<long>(), new List<long>(), new List<long>(), new List<float>());
        var (trueIds, falseIds, missingTrue, modes) = (new List<long>(), new List<long>(), new List<long>(), new List<string>());
        var covers = new List<float>();
        var (leafTrees, leafNodes, leafTargets, leafWeights) = (new List<long>(), new List<long>(), new List<long>(), new List<float>());
        for (int t = 0; t < ensemble.Trees.Count; t++)
        {
            DecisionTree tree = ensemble.Trees[t];
            for (int n = 0; n < tree.Nodes.Length; n++)
            {
                TreeNode node = tree.Nodes[n];
                treeIds.Add(t);
                nodeIds.Add(n);
                modes.Add(node.IsLeaf ? "LEAF" : "BRANCH_LEQ");
                features.Add(node.IsLeaf ? 0 : node.Column);
                thresholds.Add(node.IsLeaf ? 0 : node.Threshold);
                trueIds.Add(node.IsLeaf ? 0 : node.Left);
                falseIds.Add(node.IsLeaf ? 0 : node.Right);
                covers.Add(node.Cover);
                missingTrue.Add(!node.IsLeaf && node.MissingLeft ? 1 : 0);
                if (node.IsLeaf)
                {
                    leafTrees.Add(t);
                    leafNodes.Add(n);
                    leafTargets.Add(tree.Output);
                    leafWeights.Add(node.Value);
                }
            }
        }

        return graph.Node(
            "TreeEnsembleRegressor", OnnxGraphBuilder.MlDomain, [columns],
            OnnxGraphBuilder.Attribute("aggregate_function", "SUM"),
            OnnxGraphBuilder.Attribute("base_values", ensemble.BaseScores),
            OnnxGraphBuilder.Attribute("n_targets", ensemble.ScoreCount),
            OnnxGraphBuilder.Attribute("nodes_falsenodeids", falseIds),
            OnnxGraphBuilder.Attribute("nodes_featureids", features),
            OnnxGraphBuilder.Attribute("nodes_hitrates", covers),
            OnnxGraphBuilder.Attribute("nodes_missing_value_tracks_true", missingTrue),
            OnnxGraphBuilder.Attribute("nodes_modes", modes),
            OnnxGraphBuilder.Attribute("nodes_nodeids", nodeIds),
            OnnxGraphBuilder.Attribute("nodes_treeids", treeIds),
            OnnxGraphBuilder.Attribute("nodes_truenodeids", trueIds),
            OnnxGraphBuilder.Attribute("nodes_values", thresholds),
            OnnxGraphBuilder.Attribute("post_transform", "NONE"),
            OnnxGraphBuilder.Attribute("target_ids", leafTargets),
            OnnxGraphBuilder.Attribute("target_nodeids", leafNodes),
            OnnxGraphBuilder.Attribute("target_treeids", leafTrees),
            OnnxGraphBuilder.Attribute("target_weights", leafWeights));
    }
}
