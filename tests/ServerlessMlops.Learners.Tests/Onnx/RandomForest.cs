using ServerlessMlops.Learners.Onnx;
using static ServerlessMlops.Learners.Onnx.OnnxGraphBuilder;

namespace ServerlessMlops.Learners.Tests.Onnx;

/// <summary>Random trees in the parallel arrays of ai.onnx.ml, from a seed. Thresholds lie on the grid of the tests' values, so that equality matters.</summary>
internal sealed class RandomForest
{
    private readonly List<long> trees = [], nodes = [], features = [], trues = [], falses = [], tracks = [];
    private readonly List<float> values = [];
    private readonly List<string> modes = [];
    private readonly List<(long Tree, long Node)> leaves = [];
    private readonly Random random;

    public RandomForest(string mode, int count, int columns, int seed = 0, int depth = 4)
    {
        random = new Random(seed);
        for (int tree = 0; tree < count; tree++)
        {
            long next = 0;
            Grow(tree, depth, mode, columns, ref next);
        }
    }

    /// <summary>Leaves of one score for one class a tree.</summary>
    public ProtoMessage[] ClassScores(Func<long, long> classOf) =>
    [
        .. Nodes(), Attribute("class_treeids", leaves.Select(l => l.Tree)), Attribute("class_nodeids", leaves.Select(l => l.Node)),
        Attribute("class_ids", leaves.Select(l => classOf(l.Tree))), Attribute("class_weights", leaves.Select(_ => (random.NextSingle() * 2) - 1)),
    ];

    /// <summary>Leaves of a share for each class, which add up to one over all trees.</summary>
    public ProtoMessage[] ClassShares(int classes)
    {
        int count = trees.Distinct().Count();
        float[][] shares = [.. leaves.Select(_ =>
        {
            float[] draws = [.. Enumerable.Range(0, classes).Select(_ => random.NextSingle() + 0.01f)];
            return draws.Select(d => d / draws.Sum() / count).ToArray();
        })];
        return
        [
            .. Nodes(), Attribute("class_treeids", leaves.SelectMany(l => Enumerable.Repeat(l.Tree, classes))), Attribute("class_nodeids", leaves.SelectMany(l => Enumerable.Repeat(l.Node, classes))),
            Attribute("class_ids", leaves.SelectMany(_ => Enumerable.Range(0, classes).Select(k => (long)k))), Attribute("class_weights", shares.SelectMany(s => s)),
        ];
    }

    /// <summary>Leaves of one value.</summary>
    public ProtoMessage[] Values() =>
    [
        .. Nodes(), Attribute("target_treeids", leaves.Select(l => l.Tree)), Attribute("target_nodeids", leaves.Select(l => l.Node)),
        Attribute("target_ids", leaves.Select(_ => 0L)), Attribute("target_weights", leaves.Select(_ => (random.NextSingle() * 2) - 1)),
    ];

    private ProtoMessage[] Nodes() =>
    [
        Attribute("nodes_treeids", trees), Attribute("nodes_nodeids", nodes), Attribute("nodes_featureids", features), Attribute("nodes_values", values),
        Attribute("nodes_hitrates", values.Select(_ => 1f)), Attribute("nodes_modes", modes), Attribute("nodes_truenodeids", trues), Attribute("nodes_falsenodeids", falses),
        Attribute("nodes_missing_value_tracks_true", tracks),
    ];

    private long Grow(long tree, int depth, string mode, int columns, ref long next)
    {
        long id = next++;
        int at = nodes.Count;
        bool leaf = depth == 0 || (id > 0 && random.Next(5) == 0);
        trees.Add(tree);
        nodes.Add(id);
        features.Add(leaf ? 0 : random.Next(columns));
        values.Add(leaf ? 0 : (float)Math.Round((random.NextDouble() * 6) - 3, 1));
        modes.Add(leaf ? "LEAF" : mode);
        tracks.Add(leaf ? 0 : random.Next(2));
        trues.Add(0);
        falses.Add(0);
        if (leaf)
        {
            leaves.Add((tree, id));
            return id;
        }

        trues[at] = Grow(tree, depth - 1, mode, columns, ref next);
        falses[at] = Grow(tree, depth - 1, mode, columns, ref next);
        return id;
    }
}
