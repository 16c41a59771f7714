using ServerlessMlops.Learners.Onnx;
using static ServerlessMlops.Learners.Onnx.OnnxGraphBuilder;

namespace ServerlessMlops.Learners.Tests.Onnx;

/// <summary>Random trees in the parallel arrays of ai.onnx.ml, from a seed. Thresholds lie on the grid of the tests' values, so that equality matters.</summary>
internal sealed class RandomForest
{
    private readonly List<long> _trees = [], _nodes = [], _features = [], _trues = [], _falses = [], _tracks = [];
    private readonly List<float> _values = [];
    private readonly List<string> _modes = [];
    private readonly List<(long Tree, long Node)> _leaves = [];
    private readonly Random _random;

    public RandomForest(string mode, int count, int columns, int seed = 0, int depth = 4)
    {
        _random = new Random(seed);
        for (int tree = 0; tree < count; tree++)
        {
            long next = 0;
            Grow(tree, depth, mode, columns, ref next);
        }
    }

    /// <summary>Leaves of one score for one class a tree.</summary>
    public ProtoMessage[] ClassScores(Func<long, long> classOf) =>
    [
        .. Nodes(), Attribute("class_treeids", _leaves.Select(l => l.Tree)), Attribute("class_nodeids", _leaves.Select(l => l.Node)),
        Attribute("class_ids", _leaves.Select(l => classOf(l.Tree))), Attribute("class_weights", _leaves.Select(_ => (_random.NextSingle() * 2) - 1)),
    ];

    /// <summary>Leaves of a share for each class, which add up to one over all trees.</summary>
    public ProtoMessage[] ClassShares(int classes)
    {
        int count = _trees.Distinct().Count();
        float[][] shares = [.. _leaves.Select(_ =>
        {
            float[] draws = [.. Enumerable.Range(0, classes).Select(_ => _random.NextSingle() + 0.01f)];
            return draws.Select(d => d / draws.Sum() / count).ToArray();
        })];
        return
        [
            .. Nodes(), Attribute("class_treeids", _leaves.SelectMany(l => Enumerable.Repeat(l.Tree, classes))), Attribute("class_nodeids", _leaves.SelectMany(l => Enumerable.Repeat(l.Node, classes))),
            Attribute("class_ids", _leaves.SelectMany(_ => Enumerable.Range(0, classes).Select(k => (long)k))), Attribute("class_weights", shares.SelectMany(s => s)),
        ];
    }

    /// <summary>Leaves of one value.</summary>
    public ProtoMessage[] Values() =>
    [
        .. Nodes(), Attribute("target_treeids", _leaves.Select(l => l.Tree)), Attribute("target_nodeids", _leaves.Select(l => l.Node)),
        Attribute("target_ids", _leaves.Select(_ => 0L)), Attribute("target_weights", _leaves.Select(_ => (_random.NextSingle() * 2) - 1)),
    ];

    private ProtoMessage[] Nodes() =>
    [
        Attribute("nodes_treeids", _trees), Attribute("nodes_nodeids", _nodes), Attribute("nodes_featureids", _features), Attribute("nodes_values", _values),
        Attribute("nodes_hitrates", _values.Select(_ => 1f)), Attribute("nodes_modes", _modes), Attribute("nodes_truenodeids", _trues), Attribute("nodes_falsenodeids", _falses),
        Attribute("nodes_missing_value_tracks_true", _tracks),
    ];

    private long Grow(long tree, int depth, string mode, int columns, ref long next)
    {
        long id = next++;
        int at = _nodes.Count;
        bool leaf = depth == 0 || (id > 0 && _random.Next(5) == 0);
        _trees.Add(tree);
        _nodes.Add(id);
        _features.Add(leaf ? 0 : _random.Next(columns));
        _values.Add(leaf ? 0 : (float)Math.Round((_random.NextDouble() * 6) - 3, 1));
        _modes.Add(leaf ? "LEAF" : mode);
        _tracks.Add(leaf ? 0 : _random.Next(2));
        _trues.Add(0);
        _falses.Add(0);
        if (leaf)
        {
            _leaves.Add((tree, id));
            return id;
        }

        _trues[at] = Grow(tree, depth - 1, mode, columns, ref next);
        _falses[at] = Grow(tree, depth - 1, mode, columns, ref next);
        return id;
    }
}
