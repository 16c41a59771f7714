using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ServerlessMlops.Learners.Boosting;

/// <summary>
/// Scores blocks of rows without a branch: all nodes of a tree are tested for several rows at once, and each failed test strikes out the
/// leaves that can then no longer be reached. The leftmost leaf that is left is the row's (Lucchese et al., QuickScorer, SIGIR 2015).
/// </summary>
/// <remarks>
/// <code>
///        x &lt;= 3                 leaves, left to right: a b c, bits 0 1 2
///       /      \                x = 5: the root's test fails, mask 110 strikes out a
///      a      x &lt;= 7            the other test holds: 110, lowest bit 1, leaf b
///             /    \
///            b      c
/// </code>
/// Masks have 32 bits, so every tree must have at most 32 leaves; ensembles with larger trees walk instead. A set's 256 bits fill one register: a permutation by code
/// picks each row's word, a shift its bit.
/// </remarks>
internal sealed unsafe class LeafMasks
{
    private const int MaxLeaves = 32;

    private readonly record struct Test(int Column, float Threshold, uint KeepOnFail);

    /// <summary>A test that holds for the categories of a set: 256 bits from <c>8 * index</c> on.</summary>
    private readonly record struct SetTest(int Column, uint KeepOnFail);

    /// <summary>Tests [Start, MissingRight) send missing values left, [MissingRight, End) send them right; set tests are [SetStart, SetEnd).</summary>
    private readonly record struct Tree(int Start, int MissingRight, int End, int SetStart, int SetEnd, int Leaves, int Output);

    private readonly Test[] _tests;
    private readonly SetTest[] _setTests;
    private readonly uint[] _setBits;
    private readonly Tree[] _trees;
    private readonly float[] _leaves;

    private LeafMasks(Test[] tests, SetTest[] setTests, uint[] setBits, Tree[] trees, float[] leaves)
    {
        _tests = tests;
        _setTests = setTests;
        _setBits = setBits;
        _trees = trees;
        _leaves = leaves;
    }

    public static LeafMasks? TryCompile(IReadOnlyList<DecisionTree> source)
    {
        bool sets = source.Any(t => t.Nodes.Any(n => n.Set is not null));
        if (!Vector256.IsHardwareAccelerated || (sets && !Avx2.IsSupported) || source.Any(t => t.LeafCount > MaxLeaves))
        {
            return null;
        }

        var tests = new List<Test>();
        var setTests = new List<SetTest>();
        var setBits = new List<uint>();
        var trees = new List<Tree>();
        var leaves = new List<float>();
        foreach (DecisionTree tree in source)
        {
            var missingLeft = new List<Test>();
            var missingRight = new List<Test>();
            int firstLeaf = leaves.Count, firstSet = setTests.Count;
            Collect(tree, 0, firstLeaf, leaves, (node, keepOnFail) =>
            {
                if (node.Set is null)
                {
                    (node.MissingLeft ? missingLeft : missingRight).Add(new Test(node.Column, node.Threshold, keepOnFail));
                    return;
                }

                setTests.Add(new SetTest(node.Column, keepOnFail));
                for (int word = 0; word < Vector256<uint>.Count; word++)
                {
                    setBits.Add(node.Set.Bits[word]);
                }
            });
            trees.Add(new Tree(
                tests.Count, tests.Count + missingLeft.Count, tests.Count + missingLeft.Count + missingRight.Count, firstSet, setTests.Count, firstLeaf, tree.Output));
            tests.AddRange(missingLeft);
            tests.AddRange(missingRight);
        }

        return new LeafMasks([.. tests], [.. setTests], [.. setBits], [.. trees], [.. leaves]);
    }

    /// <summary>Adds the leaves of all trees for as many leading rows as make full vectors; returns how many those are.</summary>
    public int Add(ReadOnlySpan<float> columns, int stride, int rows, Span<float> scores)
    {
        int vectorRows = rows & ~(Vector256<float>.Count - 1);
        if (vectorRows == 0)
        {
            return 0;
        }

        fixed (float* x = columns, s = scores, v = _leaves)
        fixed (Test* t = _tests)
        fixed (SetTest* sets = _setTests)
        fixed (uint* bits = _setBits)
        {
            foreach (ref readonly Tree tree in _trees.AsSpan())
            {
                float* output = s + ((long)tree.Output * stride);
                int row = 0;
                for (; row + 32 <= vectorRows; row += 32)
                {
                    AddFour(in tree, t, sets, bits, x + row, stride, v + tree.Leaves, output + row);
                }

                for (; row < vectorRows; row += 8)
                {
                    AddOne(in tree, t, sets, bits, x + row, stride, v + tree.Leaves, output + row);
                }
            }
        }

        return vectorRows;
    }

    private static void AddFour(in Tree tree, Test* tests, SetTest* sets, uint* bits, float* x, int stride, float* leaves, float* scores)
    {
        Vector256<uint> a = Vector256<uint>.AllBitsSet, b = a, c = a, d = a;
        for (Test* test = tests + tree.Start, end = tests + tree.MissingRight; test < end; test++)
        {
            float* column = x + ((long)test->Column * stride);
            var threshold = Vector256.Create(test->Threshold);
            var keep = Vector256.Create(test->KeepOnFail);
            a &= keep | ~Vector256.GreaterThan(Vector256.Load(column), threshold).AsUInt32();
            b &= keep | ~Vector256.GreaterThan(Vector256.Load(column + 8), threshold).AsUInt32();
            c &= keep | ~Vector256.GreaterThan(Vector256.Load(column + 16), threshold).AsUInt32();
            d &= keep | ~Vector256.GreaterThan(Vector256.Load(column + 24), threshold).AsUInt32();
        }

        for (Test* test = tests + tree.MissingRight, end = tests + tree.End; test < end; test++)
        {
            float* column = x + ((long)test->Column * stride);
            var threshold = Vector256.Create(test->Threshold);
            var keep = Vector256.Create(test->KeepOnFail);
            a &= keep | Vector256.LessThanOrEqual(Vector256.Load(column), threshold).AsUInt32();
            b &= keep | Vector256.LessThanOrEqual(Vector256.Load(column + 8), threshold).AsUInt32();
            c &= keep | Vector256.LessThanOrEqual(Vector256.Load(column + 16), threshold).AsUInt32();
            d &= keep | Vector256.LessThanOrEqual(Vector256.Load(column + 24), threshold).AsUInt32();
        }

        for (int i = tree.SetStart; i < tree.SetEnd; i++)
        {
            float* column = x + ((long)sets[i].Column * stride);
            var set = Vector256.Load(bits + ((long)i * Vector256<uint>.Count));
            var keep = Vector256.Create(sets[i].KeepOnFail);
            a &= keep | Members(set, Vector256.Load(column));
            b &= keep | Members(set, Vector256.Load(column + 8));
            c &= keep | Members(set, Vector256.Load(column + 16));
            d &= keep | Members(set, Vector256.Load(column + 24));
        }

        AddLeaves(a, leaves, scores);
        AddLeaves(b, leaves, scores + 8);
        AddLeaves(c, leaves, scores + 16);
        AddLeaves(d, leaves, scores + 24);
    }

    private static void AddOne(in Tree tree, Test* tests, SetTest* sets, uint* bits, float* x, int stride, float* leaves, float* scores)
    {
        Vector256<uint> alive = Vector256<uint>.AllBitsSet;
        for (int i = tree.Start; i < tree.End; i++)
        {
            Vector256<float> column = Vector256.Load(x + ((long)tests[i].Column * stride));
            var threshold = Vector256.Create(tests[i].Threshold);
            Vector256<uint> left = i < tree.MissingRight
                ? ~Vector256.GreaterThan(column, threshold).AsUInt32()
                : Vector256.LessThanOrEqual(column, threshold).AsUInt32();
            alive &= Vector256.Create(tests[i].KeepOnFail) | left;
        }

        for (int i = tree.SetStart; i < tree.SetEnd; i++)
        {
            Vector256<uint> left = Members(Vector256.Load(bits + ((long)i * Vector256<uint>.Count)), Vector256.Load(x + ((long)sets[i].Column * stride)));
            alive &= Vector256.Create(sets[i].KeepOnFail) | left;
        }

        AddLeaves(alive, leaves, scores);
    }

    /// <summary>All bits of a lane where its code is in the set; none where it is not, or is no code from 0 to 255.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Members(Vector256<uint> set, Vector256<float> codes)
    {
        // NaN and what is too large become the least integer, which is no code.
        Vector256<int> code = Avx.ConvertToVector256Int32WithTruncation(codes);
        Vector256<int> word = Avx2.PermuteVar8x32(set.AsInt32(), Vector256.ShiftRightLogical(code, 5));
        Vector256<int> bit = Avx2.ShiftRightLogicalVariable(word, (code & Vector256.Create(31)).AsUInt32()) & Vector256<int>.One;
        Vector256<int> isCode = Vector256.Equals(code & Vector256.Create(~(CategorySet.MaxCodes - 1)), Vector256<int>.Zero);
        return (-bit & isCode).AsUInt32();
    }

    /// <summary>Adds the leaf of the lowest set bit in each lane. The bit's index is the exponent of the bit as a float.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddLeaves(Vector256<uint> alive, float* leaves, float* scores)
    {
        Vector256<int> lowest = alive.AsInt32() & -alive.AsInt32();
        Vector256<int> exponent = Vector256.ShiftRightLogical(Vector256.ConvertToSingle(lowest).AsInt32() & Vector256.Create(0x7fffffff), 23);
        Vector256<int> index = exponent - Vector256.Create(127);
        Vector256<float> picked = Avx2.IsSupported
            ? Avx2.GatherVector256(leaves, index, sizeof(float))
            : Vector256.Create(
                leaves[index[0]], leaves[index[1]], leaves[index[2]], leaves[index[3]], leaves[index[4]], leaves[index[5]], leaves[index[6]], leaves[index[7]]);
        (Vector256.Load(scores) + picked).Store(scores);
    }

    /// <summary>Appends the leaves under a node left to right and its tests; returns how many leaves those are.</summary>
    private static int Collect(DecisionTree tree, int at, int firstLeaf, List<float> leaves, Action<TreeNode, uint> addTest)
    {
        TreeNode node = tree.Nodes[at];
        if (node.IsLeaf)
        {
            leaves.Add(node.Value);
            return 1;
        }

        int before = leaves.Count - firstLeaf;
        int left = Collect(tree, node.Left, firstLeaf, leaves, addTest);
        uint leftBits = (uint)(((1UL << left) - 1) << before);
        addTest(node, ~leftBits);
        return left + Collect(tree, node.Right, firstLeaf, leaves, addTest);
    }
}
