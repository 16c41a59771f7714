namespace ServerlessMlops.Learners.Explaining;

/// <summary>A point of a partial dependence curve.</summary>
/// <param name="Value">Value of the number, or index of the category.</param>
/// <param name="Category">Name of the category; null for a number.</param>
/// <param name="Outputs">Mean of each output.</param>
public sealed record DependencePoint(float Value, string? Category, double[] Outputs);

/// <summary>The mean prediction as one input is set to a value in all rows (Friedman, Annals of Statistics 2001, section 8.2).</summary>
public static class PartialDependence
{
    /// <summary>The curve of an input.</summary>
    /// <param name="model">Any model.</param>
    /// <param name="table">Rows to average over.</param>
    /// <param name="input">Name of the input.</param>
    /// <param name="points">Numbers: most points, at equal shares of the rows, at least 2. Categories: the most frequent ones. Default 20.</param>
    /// <exception cref="ArgumentException">There is no such input.</exception>
    public static IReadOnlyList<DependencePoint> Of(TrainedModel model, FeatureTable table, string input, int points = 20)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Of(model.Predict, model.OutputCount, table, input, points);
    }

    /// <summary>As above, of whatever predicts: a model read from a file, for one.</summary>
    /// <param name="predict">Predictions of a table's rows, row-major.</param>
    /// <param name="outputs">Outputs a row.</param>
    /// <param name="table">Rows to average over.</param>
    /// <param name="input">Name of the input.</param>
    /// <param name="points">As above.</param>
    /// <exception cref="ArgumentException">There is no such input.</exception>
    public static IReadOnlyList<DependencePoint> Of(Func<FeatureTable, float[]> predict, int outputs, FeatureTable table, string input, int points = 20)
    {
        ArgumentNullException.ThrowIfNull(predict);
        ArgumentNullException.ThrowIfNull(table);
        Feature feature = table.Features.FirstOrDefault(f => f.Name == input)
            ?? throw new ArgumentException($"There is no feature '{input}'; expected one of {string.Join(", ", table.Features.Select(f => f.Name))}.", nameof(input));
        if (feature is CategoricalFeature category)
        {
            return [.. category.Codes.Where(c => c >= 0).GroupBy(c => c).OrderByDescending(g => g.Count()).ThenBy(g => g.Key).Take(points).Select(g =>
                new DependencePoint(g.Key, category.Categories[g.Key], Mean(predict, outputs, table, new CategoricalFeature(input, Filled(table.Rows, g.Key), category.Categories))))];
        }

        float[] sorted = [.. ((NumericFeature)feature).Values.Where(v => !float.IsNaN(v)).Order()];
        int last = Math.Max(1, points - 1);
        float[] grid = sorted.Length == 0 ? [] : [.. Enumerable.Range(0, points).Select(i => sorted[(int)((long)(sorted.Length - 1) * i / last)]).Distinct()];
        return [.. grid.Select(x => new DependencePoint(x, null, Mean(predict, outputs, table, new NumericFeature(input, Filled(table.Rows, x)))))];
    }

    private static T[] Filled<T>(int rows, T value)
    {
        var values = new T[rows];
        Array.Fill(values, value);
        return values;
    }

    private static double[] Mean(Func<FeatureTable, float[]> predict, int outputs, FeatureTable table, Feature instead)
    {
        float[] predictions = predict(new FeatureTable([.. table.Features.Select(f => f.Name == instead.Name ? instead : f)]));
        var means = new double[outputs];
        for (int i = 0; i < predictions.Length; i++)
        {
            means[i % means.Length] += predictions[i] / (double)table.Rows;
        }

        return means;
    }
}
