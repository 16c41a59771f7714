using ServerlessMlops.Learners.Boosting;
using ServerlessMlops.Learners.Encoding;

namespace ServerlessMlops.Learners.Onnx;

/// <summary>
/// Writes splits by sets of categories with operators that every runtime has: each set is a column beside the others, 0 for its members and 1 for other
/// categories, and a tree compares that column with a half.
/// </summary>
/// <remarks>
/// <code>
/// text -> LabelEncoder -> code [N, 1] -> Gather from [codes, sets] -> Squeeze, Cast -> [N, sets]
/// </code>
/// The operator for sets of ai.onnx.ml 5 (BRANCH_MEMBER) would bind the file to new runtimes.
/// </remarks>
internal static class SetColumns
{
    private const float Half = 0.5f;

    /// <summary>Writes the columns of an ensemble; returns their name, and the ensemble as it reads them.</summary>
    /// <param name="graph">Where to.</param>
    /// <param name="ensemble">Trees, with sets or without.</param>
    /// <param name="columns">What the trees read.</param>
    /// <param name="inputs">The model's inputs.</param>
    public static (string Columns, TreeEnsemble Ensemble) Write(
        OnnxGraphBuilder graph, TreeEnsemble ensemble, IReadOnlyList<EncodedColumn> columns, IReadOnlyList<ModelInput> inputs)
    {
        if (!columns.Any(c => c is CategoryCodes))
        {
            return (EncoderWriter.Write(graph, columns, inputs), ensemble);
        }

        int[] plain = [.. Enumerable.Range(0, columns.Count).Where(c => columns[c] is not CategoryCodes)];
        var blocks = new List<string>();
        if (plain.Length > 0)
        {
            blocks.Add(EncoderWriter.Write(graph, [.. plain.Select(c => columns[c])], inputs));
        }

        var places = new Dictionary<(int Column, CategorySet Set), int>();
        int width = plain.Length;
        foreach (var sets in ensemble.Trees.SelectMany(t => t.Nodes).Where(n => n.Set is not null).GroupBy(n => n.Column, n => n.Set!).OrderBy(g => g.Key))
        {
            CategorySet[] distinct = [.. sets.Distinct()];
            foreach (CategorySet set in distinct)
            {
                places[(sets.Key, set)] = width++;
            }

            var codes = (CategoryCodes)columns[sets.Key];
            blocks.Add(WriteSets(graph, codes, inputs[codes.Input], distinct));
        }

        if (blocks.Count == 0)
        {
            // No tree has found a split; what they read does not matter, but for its rows.
            var codes = (CategoryCodes)columns[0];
            blocks.Add(EncoderWriter.Write(graph, [new CategoryLookup(codes.Input, new float[codes.Codes.Length], 0, 0)], inputs));
            width = 1;
        }

        return (EncoderWriter.SideBySide(graph, [.. blocks]), new TreeEnsemble(width, [.. ensemble.BaseScores], [.. ensemble.Trees.Select(t => t with
        {
            Nodes = Array.ConvertAll(t.Nodes, n => n.IsLeaf ? n : n.Set is null
                ? n with { Column = Array.IndexOf(plain, n.Column) }
                : n with { Column = places[(n.Column, n.Set)], Set = null, Threshold = Half }),
        })]));
    }

    private static string WriteSets(OnnxGraphBuilder graph, CategoryCodes codes, ModelInput input, CategorySet[] sets)
    {
        var others = new bool[codes.Count * sets.Length];
        for (int code = 0; code < codes.Count; code++)
        {
            for (int i = 0; i < sets.Length; i++)
            {
                others[(code * sets.Length) + i] = !sets[i].Contains(code);
            }
        }

        string gathered = graph.Node("Gather", "", [graph.Constant(others, codes.Count, sets.Length), EncoderWriter.WriteCodes(graph, codes, input)], OnnxGraphBuilder.Attribute("axis", 0));
        string squeezed = graph.Node("Squeeze", "", [gathered, graph.Node("Constant", "", [], OnnxGraphBuilder.Attribute("value_ints", [1L]))]);
        return graph.Node("Cast", "", [squeezed], OnnxGraphBuilder.Attribute("to", (int)OnnxType.Float));
    }

    /// <summary>
    /// The way back: trees that compare columns of tables (<see cref="TableColumn"/>) as trees that ask for sets of the tables' codes.
    /// </summary>
    /// <param name="trees">Trees over <paramref name="slots"/>.</param>
    /// <param name="slots">What the trees read; columns of tables by their numbers.</param>
    /// <param name="tables">The table's column that a slot stands for, or null.</param>
    public static (IReadOnlyList<DecisionTree> Trees, int[] Slots) Read(IReadOnlyList<DecisionTree> trees, int[] slots, Func<int, TableColumn?> tables)
    {
        var kept = new Dictionary<int, int>();
        var ofColumn = new int[slots.Length];
        var tableOf = new TableColumn?[slots.Length];
        for (int i = 0; i < slots.Length; i++)
        {
            tableOf[i] = tables(slots[i]);
            int slot = tableOf[i]?.CodeSlot ?? slots[i];
            kept.TryAdd(slot, kept.Count);
            ofColumn[i] = kept[slot];
        }

        var sets = new Dictionary<(TableColumn Table, float Threshold, bool MissingLeft), CategorySet>();
        return ([.. trees.Select(t => t with { Nodes = Array.ConvertAll(t.Nodes, Convert) })], [.. kept.Keys]);

        TreeNode Convert(TreeNode node)
        {
            if (node.IsLeaf)
            {
                return node;
            }

            TreeNode moved = node with { Column = ofColumn[node.Column] };
            if (tableOf[node.Column] is not { } table)
            {
                return moved;
            }

            var key = (table, node.Threshold, node.MissingLeft);
            if (!sets.TryGetValue(key, out CategorySet? set))
            {
                sets[key] = set = new CategorySet(Enumerable.Range(0, table.Values.Length).Where(code => node.GoesLeft(table.Values[code])));
            }

            return moved with { Set = set, Threshold = 0, MissingLeft = false };
        }
    }
}

/// <summary>A column that is looked up in a constant by a category's code.</summary>
/// <param name="CodeSlot">Column of the code, which is always a whole number that <paramref name="Values"/> has an entry for.</param>
/// <param name="Values">By code.</param>
internal sealed record TableColumn(int CodeSlot, float[] Values);
