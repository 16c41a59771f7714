namespace ServerlessMlops.Learners;

/// <summary>What a learner reads: columns of equal length, by name, in an order that the model keeps.</summary>
public sealed class FeatureTable
{
    /// <param name="features">At least one column; equal lengths, distinct names.</param>
    /// <exception cref="ArgumentException">Lengths differ, a name comes twice, or there is no column.</exception>
    public FeatureTable(IReadOnlyList<Feature> features)
    {
        ArgumentNullException.ThrowIfNull(features);
        if (features.Count == 0)
        {
            throw new ArgumentException("A feature table has no columns; expected at least one.", nameof(features));
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (Feature feature in features)
        {
            if (!names.Add(feature.Name))
            {
                throw new ArgumentException($"Feature '{feature.Name}' comes twice; names must be distinct.", nameof(features));
            }

            if (feature.Rows != features[0].Rows)
            {
                throw new ArgumentException(
                    $"Feature '{feature.Name}' has {feature.Rows} rows and '{features[0].Name}' has {features[0].Rows}; columns must be of equal length.", nameof(features));
            }
        }

        Features = features;
        Rows = features[0].Rows;
    }

    /// <summary>The columns.</summary>
    public IReadOnlyList<Feature> Features { get; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>What a model that is trained on this table will ask for.</summary>
    public IReadOnlyList<ModelInput> Inputs =>
        [.. Features.Select(f => new ModelInput(f.Name, f.Kind) { Categories = f is CategoricalFeature c ? c.Categories : [] })];

    /// <summary>A copy that holds the given rows, in the given order.</summary>
    public FeatureTable Select(ReadOnlySpan<int> rows)
    {
        var selected = new Feature[Features.Count];
        for (int i = 0; i < selected.Length; i++)
        {
            selected[i] = Features[i].Select(rows);
        }

        return new FeatureTable(selected);
    }

    /// <summary>The values at the given rows.</summary>
    /// <typeparam name="T">Type of a value.</typeparam>
    public static T[] Take<T>(ReadOnlySpan<T> values, ReadOnlySpan<int> rows)
    {
        var taken = new T[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            taken[i] = values[rows[i]];
        }

        return taken;
    }
}
