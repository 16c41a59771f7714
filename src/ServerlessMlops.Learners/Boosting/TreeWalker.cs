using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ServerlessMlops.Learners.Boosting;

/// <summary>
/// Walks trees for one row. A walk is a chain of dependent loads, so one tree at a time leaves the core waiting; eight trees in step keep it
/// busy. A leaf points to itself, so that all eight take the same number of steps; trees of like depth walk together.
/// </summary>
/// <remarks>
/// <code>
/// node:  threshold | column | left          right child = left + 1
/// row:   x (NaN fails every test: right) | x with NaN -> -infinity (passes every test: left) | 0 or NaN by set of categories
/// </code>
/// A node that sends missing values left asks the second part, one that asks for a set the third, so a step is one comparison, whatever is asked.
/// </remarks>
internal sealed unsafe class TreeWalker
{
    private const int Lanes = 8;
    private const int StackFloats = 1024;

    [StructLayout(LayoutKind.Sequential)]
    private struct Node
    {
        public float Threshold;
        public int Column;
        public int Left;
    }

    private readonly int _columnCount;
    private readonly MembershipColumns _memberships;
    private readonly int _firstLeaf;
    private readonly Node[] _nodes;
    private readonly float[] _values;
    private readonly int[] _roots;
    private readonly int[] _groupDepths;
    private readonly int[] _order;
    private readonly int[] _outputs;

    public TreeWalker(int columnCount, IReadOnlyList<DecisionTree> trees)
    {
        _columnCount = columnCount;
        _memberships = new MembershipColumns(trees);
        _firstLeaf = (2 * columnCount) + _memberships.Count;
        int padded = (trees.Count + Lanes - 1) / Lanes * Lanes;
        var flat = new List<Node>();
        var leafValues = new List<float>();
        var treeRoots = new int[trees.Count];
        var depths = new int[trees.Count];
        for (int t = 0; t < trees.Count; t++)
        {
            treeRoots[t] = Flatten(trees[t], flat, leafValues, out depths[t]);
        }

        _order = [.. Enumerable.Range(0, trees.Count).OrderBy(t => depths[t]), .. Enumerable.Repeat(trees.Count, padded - trees.Count)];
        _roots = [.. _order.Select(t => treeRoots[Math.Min(t, trees.Count - 1)])];
        _groupDepths = [.. _order.Chunk(Lanes).Select(group => group.Max(t => t < trees.Count ? depths[t] : 0))];
        _outputs = [.. trees.Select(t => t.Output)];
        _nodes = [.. flat];
        _values = [.. leafValues];
    }

    /// <summary>Adds the leaves of all trees to the scores of one row of a block.</summary>
    [SkipLocalsInit]
    public void Add(ReadOnlySpan<float> columns, int stride, int row, Span<float> scores)
    {
        if (_outputs.Length == 0)
        {
            return;
        }

        int need = _firstLeaf + _order.Length + 1;
        float[]? rented = need > StackFloats ? ArrayPool<float>.Shared.Rent(need) : null;
        Span<float> work = rented ?? stackalloc float[StackFloats];
        Walk(columns, stride, row, work);
        Span<float> leaves = work[_firstLeaf..];
        for (int t = 0; t < _outputs.Length; t++)
        {
            scores[(_outputs[t] * stride) + row] += leaves[t];
        }

        if (rented is not null)
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    [SkipLocalsInit]
    private void Walk(ReadOnlySpan<float> columns, int stride, int row, Span<float> work)
    {
        for (int c = 0; c < _columnCount; c++)
        {
            float x = columns[(c * stride) + row];
            work[c] = x;
            work[_columnCount + c] = float.IsNaN(x) ? float.NegativeInfinity : x;
        }

        if (_memberships.Count > 0)
        {
            _memberships.Fill(columns, stride, row, work[(2 * _columnCount)..]);
        }

        fixed (Node* n = _nodes)
        fixed (float* x = work, v = _values)
        fixed (int* r = _roots, o = _order)
        {
            float* leaves = x + _firstLeaf;
            for (int group = 0; group < _groupDepths.Length; group++)
            {
                int* g = r + (group * Lanes);
                int a = g[0], b = g[1], c = g[2], d = g[3], e = g[4], f = g[5], h = g[6], i = g[7];
                for (int step = _groupDepths[group]; step > 0; step--)
                {
                    a = Next(n + a, x);
                    b = Next(n + b, x);
                    c = Next(n + c, x);
                    d = Next(n + d, x);
                    e = Next(n + e, x);
                    f = Next(n + f, x);
                    h = Next(n + h, x);
                    i = Next(n + i, x);
                }

                int* to = o + (group * Lanes);
                leaves[to[0]] = v[a];
                leaves[to[1]] = v[b];
                leaves[to[2]] = v[c];
                leaves[to[3]] = v[d];
                leaves[to[4]] = v[e];
                leaves[to[5]] = v[f];
                leaves[to[6]] = v[h];
                leaves[to[7]] = v[i];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Next(Node* node, float* x) => node->Left + (x[node->Column] <= node->Threshold ? 0 : 1);

    /// <summary>Numbers a tree breadth-first with siblings side by side; returns its root.</summary>
    private int Flatten(DecisionTree tree, List<Node> flat, List<float> leafValues, out int depth)
    {
        int root = flat.Count;
        depth = 0;
        var queue = new Queue<(int Source, int Target, int Depth)>();
        Reserve(1);
        queue.Enqueue((0, root, 0));
        while (queue.TryDequeue(out (int Source, int Target, int Depth) at))
        {
            TreeNode node = tree.Nodes[at.Source];
            leafValues[at.Target] = node.Value;
            if (node.IsLeaf)
            {
                depth = Math.Max(depth, at.Depth);

                // The second half holds no NaN, and no number is above +infinity: the leaf leads to itself.
                flat[at.Target] = new Node { Threshold = float.PositiveInfinity, Column = _columnCount, Left = at.Target };
                continue;
            }

            int left = flat.Count;
            Reserve(2);
            flat[at.Target] = node.Set is null
                ? new Node { Threshold = node.Threshold, Column = node.Column + (node.MissingLeft ? _columnCount : 0), Left = left }
                : new Node { Threshold = 0, Column = (2 * _columnCount) + _memberships[node.Column, node.Set], Left = left };
            queue.Enqueue((node.Left, left, at.Depth + 1));
            queue.Enqueue((node.Right, left + 1, at.Depth + 1));
        }

        return root;

        void Reserve(int count)
        {
            for (int i = 0; i < count; i++)
            {
                flat.Add(default);
                leafValues.Add(0);
            }
        }
    }
}
