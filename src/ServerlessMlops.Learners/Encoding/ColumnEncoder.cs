namespace ServerlessMlops.Learners.Encoding;

/// <summary>Makes a predictor's float columns from a feature table.</summary>
public static class ColumnEncoder
{
    /// <summary>The encoded columns: one array of <see cref="FeatureTable.Rows"/> floats for each of <paramref name="columns"/>.</summary>
    /// <param name="columns">What to make.</param>
    /// <param name="inputs">The inputs that <paramref name="columns"/> refer to.</param>
    /// <param name="table">Rows; its columns are matched by name, its categories by name, so that dictionaries may differ from training.</param>
    /// <exception cref="ArgumentException">The table lacks an input, or has it as another kind.</exception>
    public static float[][] Encode(IReadOnlyList<EncodedColumn> columns, IReadOnlyList<ModelInput> inputs, FeatureTable table)
    {
        Feature[] features = Match(inputs, table);
        var codeMaps = new int[]?[inputs.Count];
        var encoded = new float[columns.Count][];
        for (int i = 0; i < encoded.Length; i++)
        {
            EncodedColumn column = columns[i];
            encoded[i] = (column, features[column.Input]) switch
            {
                (PassThrough, NumericFeature number) => number.Values,
                (Standardized s, NumericFeature number) => Map(number.Values, x => ((float.IsNaN(x) ? s.Fill : x) - s.Offset) * s.Scale),
                (MissingIndicator, NumericFeature number) => Map(number.Values, x => float.IsNaN(x) ? 1f : 0f),
                (CategoryLookup lookup, CategoricalFeature category) =>
                    LookUp(lookup, category.Codes, codeMaps[column.Input] ??= MapCodes(category.Categories, inputs[column.Input].Categories)),
                (CategoryCodes codes, CategoricalFeature category) =>
                    CategoryCoding.Encode(codes, category.Codes, codeMaps[column.Input] ??= MapCodes(category.Categories, inputs[column.Input].Categories)),
                _ => throw new ArgumentException($"Column {i} ({column.GetType().Name}) cannot be made from input '{inputs[column.Input].Name}', a {inputs[column.Input].Kind}."),
            };
        }

        return encoded;
    }

    /// <summary>The mean of each encoded column over a table's rows; 0 where there are none.</summary>
    /// <param name="columns">What to make.</param>
    /// <param name="inputs">The inputs that <paramref name="columns"/> refer to.</param>
    /// <param name="table">Rows.</param>
    public static float[] Means(IReadOnlyList<EncodedColumn> columns, IReadOnlyList<ModelInput> inputs, FeatureTable table) =>
        [.. Encode(columns, inputs, table).Select(c => c.Length == 0 ? 0 : (float)c.Average(v => (double)v))];

    private static Feature[] Match(IReadOnlyList<ModelInput> inputs, FeatureTable table)
    {
        var byName = table.Features.ToDictionary(f => f.Name, StringComparer.Ordinal);
        return [.. inputs.Select(input =>
        {
            if (!byName.TryGetValue(input.Name, out Feature? feature))
            {
                throw new ArgumentException($"The table lacks feature '{input.Name}', which the model asks for; it has {string.Join(", ", byName.Keys)}.", nameof(table));
            }

            return feature.Kind == input.Kind
                ? feature
                : throw new ArgumentException($"Feature '{input.Name}' is a {feature.Kind}; the model was trained on a {input.Kind}.", nameof(table));
        })];
    }

    private static float[] Map(float[] values, Func<float, float> map) => Array.ConvertAll(values, x => map(x));

    /// <summary>Code in the table's dictionary -> code in the model's, or -1 for a category that the model does not know.</summary>
    private static int[] MapCodes(string[] from, IReadOnlyList<string> to)
    {
        var codes = new Dictionary<string, int>(to.Count, StringComparer.Ordinal);
        for (int code = 0; code < to.Count; code++)
        {
            codes[to[code]] = code;
        }

        return Array.ConvertAll(from, name => codes.TryGetValue(name, out int code) ? code : -1);
    }

    private static float[] LookUp(CategoryLookup lookup, int[] codes, int[] map)
    {
        var encoded = new float[codes.Length];
        for (int row = 0; row < encoded.Length; row++)
        {
            int code = codes[row] < 0 ? -2 : map[codes[row]];
            encoded[row] = code switch { -2 => lookup.Missing, -1 => lookup.Unknown, _ => lookup.Values[code] };
        }

        return encoded;
    }
}
