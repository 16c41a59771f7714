namespace ServerlessMlops.Learners;

/// <summary>One named column of a <see cref="FeatureTable"/>.</summary>
public abstract class Feature
{
    private protected Feature(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
    }

    /// <summary>Column name, unique in its table.</summary>
    public string Name { get; }

    /// <summary>How values of this column arrive when a model is asked.</summary>
    public abstract InputKind Kind { get; }

    /// <summary>Number of values.</summary>
    public abstract int Rows { get; }

    /// <summary>A copy that holds the given rows, in the given order.</summary>
    public abstract Feature Select(ReadOnlySpan<int> rows);
}

/// <summary>A column of numbers.</summary>
public sealed class NumericFeature : Feature
{
    /// <param name="name">Column name.</param>
    /// <param name="values">One value a row; NaN means missing. Kept, not copied.</param>
    public NumericFeature(string name, float[] values)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(values);
        Values = values;
    }

    /// <summary>One value a row; NaN means missing.</summary>
    public float[] Values { get; }

    /// <inheritdoc/>
    public override InputKind Kind => InputKind.Number;

    /// <inheritdoc/>
    public override int Rows => Values.Length;

    /// <inheritdoc/>
    public override Feature Select(ReadOnlySpan<int> rows) => new NumericFeature(Name, FeatureTable.Take<float>(Values, rows));
}

/// <summary>A column of names out of a dictionary.</summary>
public sealed class CategoricalFeature : Feature
{
    /// <param name="name">Column name.</param>
    /// <param name="codes">One index into <paramref name="categories"/> a row; -1 means missing. Kept, not copied.</param>
    /// <param name="categories">Distinct names. A category that no row has is allowed.</param>
    /// <exception cref="ArgumentException">A code is outside -1 ... categories - 1.</exception>
    public CategoricalFeature(string name, int[] codes, string[] categories)
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(codes);
        ArgumentNullException.ThrowIfNull(categories);
        for (int row = 0; row < codes.Length; row++)
        {
            if (codes[row] < -1 || codes[row] >= categories.Length)
            {
                throw new ArgumentException(
                    $"Feature '{name}' has code {codes[row]} in row {row}; expected -1 (missing) to {categories.Length - 1}, the last of its categories.", nameof(codes));
            }
        }

        Codes = codes;
        Categories = categories;
    }

    /// <summary>One index into <see cref="Categories"/> a row; -1 means missing.</summary>
    public int[] Codes { get; }

    /// <summary>The dictionary.</summary>
    public string[] Categories { get; }

    /// <inheritdoc/>
    public override InputKind Kind => InputKind.Category;

    /// <inheritdoc/>
    public override int Rows => Codes.Length;

    /// <inheritdoc/>
    public override Feature Select(ReadOnlySpan<int> rows) => new CategoricalFeature(Name, FeatureTable.Take<int>(Codes, rows), Categories);
}
