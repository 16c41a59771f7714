using ServerlessMlops.Learners.Encoding;

namespace ServerlessMlops.Learners.Onnx;

/// <summary>Writes encoded columns: neighbours of one kind together, then all side by side.</summary>
internal static class EncoderWriter
{
    public static string Write(OnnxGraphBuilder graph, IReadOnlyList<EncodedColumn> columns, IReadOnlyList<ModelInput> inputs)
    {
        var blocks = new List<string>();
        for (int from = 0; from < columns.Count;)
        {
            int to = from + 1;
            while (to < columns.Count && columns[to].GetType() == columns[from].GetType() && columns[from] is not CategoryLookup)
            {
                to++;
            }

            EncodedColumn[] run = [.. columns.Skip(from).Take(to - from)];
            string[] names = [.. run.Select(c => inputs[c.Input].Name)];
            blocks.Add(run[0] switch
            {
                CategoryLookup lookup => WriteLookup(graph, lookup, inputs[lookup.Input]),
                Standardized => WriteStandardized(graph, [.. run.Cast<Standardized>()], names),
                MissingIndicator => graph.Node("Cast", "", [graph.Node("IsNaN", "", [SideBySide(graph, names)])], OnnxGraphBuilder.Attribute("to", (int)OnnxType.Float)),
                _ => SideBySide(graph, names),
            });
            from = to;
        }

        return SideBySide(graph, [.. blocks]);
    }

    /// <summary>Columns beside each other.</summary>
    public static string SideBySide(OnnxGraphBuilder graph, string[] names) =>
        names.Length == 1 ? names[0] : graph.Node("Concat", "", names, OnnxGraphBuilder.Attribute("axis", 1));

    private static string WriteStandardized(OnnxGraphBuilder graph, Standardized[] columns, string[] names)
    {
        string filled = graph.Node(
            "Imputer", OnnxGraphBuilder.MlDomain, [SideBySide(graph, names)],
            OnnxGraphBuilder.Attribute("imputed_value_floats", columns.Select(c => c.Fill)),
            OnnxGraphBuilder.Attribute("replaced_value_float", float.NaN));
        return graph.Node(
            "Scaler", OnnxGraphBuilder.MlDomain, [filled],
            OnnxGraphBuilder.Attribute("offset", columns.Select(c => c.Offset)),
            OnnxGraphBuilder.Attribute("scale", columns.Select(c => c.Scale)));
    }

    /// <summary>The empty string stands for a missing category; a category of that name could not be told from it and is left out.</summary>
    private static string WriteLookup(OnnxGraphBuilder graph, CategoryLookup lookup, ModelInput input)
    {
        List<(string Name, float Value)> pairs = Pairs(input, lookup.Values, lookup.Missing);
        return graph.Node(
            "LabelEncoder", OnnxGraphBuilder.MlDomain, [input.Name],
            OnnxGraphBuilder.Attribute("keys_strings", pairs.Select(p => p.Name)),
            OnnxGraphBuilder.Attribute("values_floats", pairs.Select(p => p.Value)),
            OnnxGraphBuilder.Attribute("default_float", lookup.Unknown));
    }

    /// <summary>Writes codes as whole numbers; as above of the empty string.</summary>
    public static string WriteCodes(OnnxGraphBuilder graph, CategoryCodes codes, ModelInput input)
    {
        List<(string Name, int Value)> pairs = Pairs(input, codes.Codes, codes.Missing);
        return graph.Node(
            "LabelEncoder", OnnxGraphBuilder.MlDomain, [input.Name],
            OnnxGraphBuilder.Attribute("keys_strings", pairs.Select(p => p.Name)),
            OnnxGraphBuilder.Attribute("values_int64s", pairs.Select(p => (long)p.Value)),
            OnnxGraphBuilder.Attribute("default_int64", codes.Unknown));
    }

    private static List<(string Name, T Value)> Pairs<T>(ModelInput input, T[] values, T missing) =>
        [.. input.Categories.Zip(values).Where(p => p.First.Length > 0).Prepend(("", missing))];
}
