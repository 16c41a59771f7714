using ServerlessMlops.Learners.Encoding;

namespace ServerlessMlops.Learners.Linear;

/// <summary>
/// The training table as a linear model sees it: standardised numbers, indicators of missing numbers, and for each category column one
/// coefficient a level. Levels are never expanded into columns: a row has one level, so its coefficient is looked up.
/// </summary>
/// <remarks>
/// <code>
/// coefficients of one score:  [ numbers | indicators | levels of c1 | levels of c2 | ... | intercept ]
/// </code>
/// A missing category is a level of its own. A category that no model row had gets coefficient 0, the middle that the penalty pulls to.
/// </remarks>
internal sealed class LinearDesign
{
    private LinearDesign(List<EncodedColumn> dense, float[][] columns, List<(int Input, int[] Levels, int Count)> categories, int rows)
    {
        Dense = dense;
        Columns = columns;
        Categories = categories;
        Rows = rows;
        Parameters = columns.Length + categories.Sum(c => c.Count) + 1;
    }

    public List<EncodedColumn> Dense { get; }

    public float[][] Columns { get; }

    public List<(int Input, int[] Levels, int Count)> Categories { get; }

    public int Rows { get; }

    /// <summary>Coefficients of one score, the intercept last.</summary>
    public int Parameters { get; }

    public static LinearDesign Create(FeatureTable table, float[]? weights)
    {
        var numbers = new List<EncodedColumn>();
        var indicators = new List<EncodedColumn>();
        var categories = new List<(int, int[], int)>();
        for (int i = 0; i < table.Features.Count; i++)
        {
            if (table.Features[i] is CategoricalFeature category)
            {
                int missing = category.Categories.Length;
                categories.Add((i, Array.ConvertAll(category.Codes, code => code < 0 ? missing : code), missing + 1));
                continue;
            }

            var number = (NumericFeature)table.Features[i];
            numbers.Add(Standardize(i, number.Values, weights));
            int absent = number.Values.Count(float.IsNaN);
            if (absent > 0 && absent < number.Rows)
            {
                indicators.Add(new MissingIndicator(i));
            }
        }

        numbers.AddRange(indicators);
        float[][] columns = ColumnEncoder.Encode(numbers, table.Inputs, table);
        foreach (float[] column in columns)
        {
            // One infinite number would make every score of the fit infinite; it teaches nothing, so it stands at the mean.
            foreach (ref float x in column.AsSpan())
            {
                x = float.IsFinite(x) ? x : 0;
            }
        }

        return new LinearDesign(numbers, columns, categories, table.Rows);
    }

    /// <summary>Mean and standard deviation of what is there; a missing number stands at the mean. Infinite numbers count as missing here.</summary>
    private static Standardized Standardize(int input, float[] values, float[]? weights)
    {
        double sum = 0, squares = 0, total = 0;
        for (int pass = 0; pass < 2; pass++)
        {
            double mean = total > 0 ? sum / total : 0;
            for (int row = 0; row < values.Length; row++)
            {
                if (float.IsFinite(values[row]))
                {
                    double weight = weights is null ? 1 : weights[row];
                    if (pass == 0)
                    {
                        sum += weight * values[row];
                        total += weight;
                    }
                    else
                    {
                        squares += weight * (values[row] - mean) * (values[row] - mean);
                    }
                }
            }
        }

        float offset = total > 0 ? (float)(sum / total) : 0;
        double deviation = total > 0 ? Math.Sqrt(squares / total) : 0;
        return new Standardized(input, offset, offset, deviation > 1e-30 ? (float)(1 / deviation) : 0);
    }

    /// <summary>The predictor and its columns for fitted coefficients, one array a score.</summary>
    public (List<EncodedColumn> Columns, LinearPredictor Predictor) Finish(double[][] coefficients)
    {
        var columns = new List<EncodedColumn>(Dense);
        int scores = coefficients.Length;
        var weights = new List<float>[scores];
        for (int k = 0; k < scores; k++)
        {
            weights[k] = [.. coefficients[k].Take(Dense.Count).Select(c => (float)c)];
        }

        int at = Dense.Count;
        foreach ((int input, _, int count) in Categories)
        {
            for (int k = 0; k < scores; k++)
            {
                // The level's coefficient is looked up and counts once, in its own score.
                int from = at;
                double[] own = coefficients[k];
                float[] values = [.. Enumerable.Range(0, count - 1).Select(level => (float)own[from + level])];
                columns.Add(new CategoryLookup(input, values, 0, (float)own[from + count - 1]));
                for (int other = 0; other < scores; other++)
                {
                    weights[other].Add(other == k ? 1 : 0);
                }
            }

            at += count;
        }

        return (columns, new LinearPredictor([.. weights.Select(w => w.ToArray())], [.. coefficients.Select(c => (float)c[^1])]));
    }
}
