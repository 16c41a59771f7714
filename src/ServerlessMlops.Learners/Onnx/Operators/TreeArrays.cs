using ServerlessMlops.Learners.Boosting;

namespace ServerlessMlops.Learners.Onnx.Operators;

/// <summary>
/// The parallel arrays in which ai.onnx.ml writes a forest: entry i of each belongs to node i; leaf weights name their tree and node.
/// </summary>
internal sealed class TreeArrays
{
    private const int MaxNodes = 8_000_000;

    private readonly OnnxNode _node;
    private readonly long[] _treeIds;
    private readonly long[] _nodeIds;
    private readonly Dictionary<(long Tree, long Node), List<(int Target, float Weight)>> _leaves;

    private TreeArrays(OnnxNode node, long[] targets, float[] weights, Dictionary<(long, long), List<(int, float)>> leaves)
    {
        _node = node;
        _leaves = leaves;
        _treeIds = node.Ints("nodes_treeids");
        _nodeIds = node.Ints("nodes_nodeids");
        Targets = targets;
        Weights = weights;
    }

    /// <summary>Target or class of each leaf weight.</summary>
    public long[] Targets { get; }

    /// <summary>The leaf weights.</summary>
    public float[] Weights { get; }

    public int TreeCount => _treeIds.Distinct().Count();

    /// <param name="node">A TreeEnsembleRegressor or TreeEnsembleClassifier.</param>
    /// <param name="prefix">"target" or "class", as the attributes are named.</param>
    public static TreeArrays Read(OnnxNode node, string prefix)
    {
        int count = node.Ints("nodes_treeids").Length;
        foreach (string name in (string[])["nodes_nodeids", "nodes_featureids", "nodes_truenodeids", "nodes_falsenodeids"])
        {
            RequireLength(node, name, node.Ints(name).Length, count);
        }

        RequireLength(node, "nodes_values", node.Floats("nodes_values").Length, count);
        RequireLength(node, "nodes_modes", node.Strings("nodes_modes").Length, count);
        if (node.Ints("nodes_missing_value_tracks_true") is { Length: > 0 } tracks)
        {
            RequireLength(node, "nodes_missing_value_tracks_true", tracks.Length, count);
        }

        if (node.Floats("nodes_hitrates") is { Length: > 0 } hits)
        {
            RequireLength(node, "nodes_hitrates", hits.Length, count);
        }

        long[] trees = node.Ints($"{prefix}_treeids"), nodes = node.Ints($"{prefix}_nodeids"), targets = node.Ints($"{prefix}_ids");
        float[] weights = node.Floats($"{prefix}_weights");
        RequireLength(node, $"{prefix}_nodeids", nodes.Length, trees.Length);
        RequireLength(node, $"{prefix}_ids", targets.Length, trees.Length);
        RequireLength(node, $"{prefix}_weights", weights.Length, trees.Length);
        var leaves = new Dictionary<(long, long), List<(int, float)>>();
        for (int i = 0; i < weights.Length; i++)
        {
            if (targets[i] is < 0 or > 65_536)
            {
                throw new OnnxFormatException($"{node.Place} has {prefix}_ids[{i}] = {targets[i]}; expected 0 to 65536.");
            }

            if (!leaves.TryGetValue((trees[i], nodes[i]), out List<(int, float)>? list))
            {
                leaves[(trees[i], nodes[i])] = list = [];
            }

            list.Add(((int)targets[i], weights[i]));
        }

        return new TreeArrays(node, targets, weights, leaves);
    }

    /// <summary>The same forest with all weights on one target.</summary>
    public TreeArrays WithTarget(int target) =>
        new(_node, [.. Targets.Select(_ => (long)target)], Weights, _leaves.ToDictionary(l => l.Key, l => l.Value.ConvertAll(w => (target, w.Weight))));

    /// <summary>The trees, one for each target that a tree's leaves weigh in on.</summary>
    public List<DecisionTree> Build(int columns, int targets, float factor)
    {
        var trees = new List<DecisionTree>();
        long total = 0;
        foreach (var tree in Enumerable.Range(0, _treeIds.Length).GroupBy(i => _treeIds[i]))
        {
            Dictionary<long, int> byId = Index(tree);
            int root = Root(tree, byId);
            int[] own = [.. tree.Where(i => _leaves.ContainsKey((tree.Key, _nodeIds[i]))).SelectMany(i => _leaves[(tree.Key, _nodeIds[i])]).Select(l => l.Target).Distinct().Order()];
            foreach (int target in own)
            {
                if (target >= targets)
                {
                    throw new OnnxFormatException($"{_node.Place} has a leaf for score {target}; there are {targets}.");
                }

                var nodes = new List<TreeNode>();
                Copy(root, byId, tree.Key, target, factor, nodes, columns);
                total += nodes.Count;
                if (total > MaxNodes)
                {
                    throw new OnnxFormatException($"{_node.Place} makes more than {MaxNodes} tree nodes; models of this kind are far smaller.");
                }

                trees.Add(new DecisionTree(WithCovers(nodes), target));
            }
        }

        return trees;
    }

    /// <summary>
    /// The nodes, with their covers only where these are counts of rows: every inner node has as many as its children together. Some exporters write the
    /// same number for all.
    /// </summary>
    private static TreeNode[] WithCovers(List<TreeNode> nodes)
    {
        bool counted = nodes.TrueForAll(n => n.Cover > 0 && (n.IsLeaf || Math.Abs((double)nodes[n.Left].Cover + nodes[n.Right].Cover - n.Cover) <= 1e-6 * n.Cover));
        return counted ? [.. nodes] : [.. nodes.Select(n => n with { Cover = 0 })];
    }

    private Dictionary<long, int> Index(IGrouping<long, int> tree)
    {
        var byId = new Dictionary<long, int>();
        foreach (int i in tree)
        {
            if (!byId.TryAdd(_nodeIds[i], i))
            {
                throw new OnnxFormatException($"{_node.Place} has node {_nodeIds[i]} of tree {tree.Key} twice; node ids must be distinct in a tree.");
            }
        }

        return byId;
    }

    /// <summary>The node that is nobody's child.</summary>
    private int Root(IGrouping<long, int> tree, Dictionary<long, int> byId)
    {
        var children = new HashSet<long>();
        string[] modes = _node.Strings("nodes_modes");
        foreach (int i in tree.Where(i => modes[i] != "LEAF"))
        {
            children.Add(_node.Ints("nodes_truenodeids")[i]);
            children.Add(_node.Ints("nodes_falsenodeids")[i]);
        }

        int[] roots = [.. byId.Where(p => !children.Contains(p.Key)).Select(p => p.Value).Take(2)];
        return roots.Length == 1 ? roots[0] : throw new OnnxFormatException($"{_node.Place} has {(roots.Length == 0 ? "no root" : "several roots")} in tree {tree.Key}; expected one node that is no other's child.");
    }

    /// <summary>Copies a tree breadth-first; a node reached twice (a cycle, or a shared branch) is refused.</summary>
    private void Copy(int root, Dictionary<long, int> byId, long tree, int target, float factor, List<TreeNode> nodes, int columns)
    {
        var queue = new Queue<int>([root]);
        var seen = new HashSet<int> { root };
        long[] trues = _node.Ints("nodes_truenodeids"), falses = _node.Ints("nodes_falsenodeids"), features = _node.Ints("nodes_featureids");
        long[] tracks = _node.Ints("nodes_missing_value_tracks_true");
        string[] modes = _node.Strings("nodes_modes");
        float[] values = _node.Floats("nodes_values"), hits = _node.Floats("nodes_hitrates");
        int CoverOf(int i) => hits.Length > 0 && hits[i] >= 0 && hits[i] <= int.MaxValue / 2 ? (int)hits[i] : 0;
        while (queue.TryDequeue(out int i))
        {
            if (modes[i] == "LEAF")
            {
                float value = 0;
                foreach ((int leafTarget, float weight) in _leaves.GetValueOrDefault((tree, _nodeIds[i])) ?? [])
                {
                    value += leafTarget == target ? weight : 0;
                }

                nodes.Add(new TreeNode { Column = -1, Value = value * factor, Cover = CoverOf(i) });
                continue;
            }

            if (features[i] < 0 || features[i] >= columns || float.IsNaN(values[i]))
            {
                throw new OnnxFormatException($"{_node.Place} compares column {features[i]} with {values[i]} in node {_nodeIds[i]} of tree {tree}; there are {columns} columns, and thresholds must be numbers.");
            }

            bool missingTrue = tracks.Length > 0 && tracks[i] != 0;
            (bool swap, float threshold) = Normalize(modes[i], values[i]);
            int left = nodes.Count + 1 + queue.Count;
            nodes.Add(new TreeNode { Column = (int)features[i], Threshold = threshold, Left = left, Right = left + 1, MissingLeft = missingTrue != swap, Cover = CoverOf(i) });
            foreach (long child in swap ? (ReadOnlySpan<long>)[falses[i], trues[i]] : [trues[i], falses[i]])
            {
                if (!byId.TryGetValue(child, out int at) || !seen.Add(at))
                {
                    throw new OnnxFormatException($"{_node.Place} has node {_nodeIds[i]} of tree {tree} lead to node {child}, which {(byId.ContainsKey(child) ? "another node leads to as well: a cycle or a shared branch" : "is not in the tree")}.");
                }

                queue.Enqueue(at);
            }
        }
    }

    /// <summary>Every test as <c>x &lt;= t</c>, perhaps with its branches swapped: <c>x &lt; v</c> is <c>x &lt;= t</c> for the float t next below v.</summary>
    private (bool Swap, float Threshold) Normalize(string mode, float value) => mode switch
    {
        "BRANCH_LEQ" => (false, value),
        "BRANCH_LT" => (false, MathF.BitDecrement(value)),
        "BRANCH_GT" => (true, value),
        "BRANCH_GTE" => (true, MathF.BitDecrement(value)),
        _ => throw new OnnxFormatException($"{_node.Place} tests by {mode}; supported are BRANCH_LEQ, BRANCH_LT, BRANCH_GT and BRANCH_GTE."),
    };

    private static void RequireLength(OnnxNode node, string name, int found, int expected)
    {
        if (found != expected)
        {
            throw new OnnxFormatException($"{node.Place} has {found} entries in {name}; expected {expected}, one for each of its fellows.");
        }
    }
}
