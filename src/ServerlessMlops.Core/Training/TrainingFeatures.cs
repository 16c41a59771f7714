using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Training;

/// <summary>Which columns are learned from, and how they become features.</summary>
public static class TrainingFeatures
{
    private static string[] Names(TableSchema schema, PipelineSpec spec) => [.. Learnable(schema, spec).Where(name => IsFeature(name, spec))];

    /// <summary>Whether models may learn from a column.</summary>
    public static bool IsFeature(string name, PipelineSpec spec) => !spec.Columns.TryGetValue(name, out ColumnSpec? column) || column.Feature;

    /// <summary>Names of the columns that models learn from or are measured by, in the table's order.</summary>
    public static IEnumerable<string> Learnable(TableSchema schema, PipelineSpec spec) => schema.Columns
        .Where(c => c.Type is ColumnType.Boolean or ColumnType.Integer or ColumnType.Number or ColumnType.Category)
        .Select(c => c.Name)
        .Where(name => name != spec.Target && name != spec.Key && name != spec.Time && !(spec.Columns.TryGetValue(name, out ColumnSpec? column) && column.Ignore));

    /// <summary>Columns as features. Only categories that these rows have are in a feature's dictionary, in ordinal order.</summary>
    public static FeatureTable Of(ColumnTable rows, IReadOnlyList<string> names) => new([.. names.Select(name => Of(rows[name]))]);

    /// <summary>Names of the columns that are learned from, in the table's order.</summary>
    /// <exception cref="UnusableDataException">There is none.</exception>
    public static string[] Required(TableSchema schema, PipelineSpec spec) => Names(schema, spec) is { Length: > 0 } names
        ? names
        : throw new UnusableDataException(
            "No column is left to learn from: besides target, key, time and ignored ones the data has only text, identifiers or timestamps. Give a column another type in the spec ('columns').");

    /// <summary>A column as a feature.</summary>
    public static Feature Of(Column column)
    {
        string name = column.Schema.Name;
        switch (column)
        {
            case NumberColumn number:
                return new NumericFeature(name, Convert(number.Values, number.Length, static value => (float)value));
            case IntegerColumn integer:
                return new NumericFeature(name, Convert(integer.Values, integer.Length, static value => value == IntegerColumn.Missing ? float.NaN : (float)(double)value));
            case BooleanColumn boolean:
                return new NumericFeature(name, Convert(boolean.Values, boolean.Length, static value => value == BooleanColumn.Missing ? float.NaN : value));
            case CategoryColumn category:
                return Of(name, category);
            default:
                throw new ArgumentException($"Column '{name}' is of type {column.Schema.Type}, which is not learned from.", nameof(column));
        }
    }

    private static CategoricalFeature Of(string name, CategoryColumn column)
    {
        int[] used = [.. column.Codes.Take(column.Length).Where(code => code >= 0).Distinct()];
        string[] names = [.. used.Select(column.Dictionary.NameOf)];
        Array.Sort(names, used, StringComparer.Ordinal);
        var codeOf = new Dictionary<int, int>(used.Length);
        for (int i = 0; i < used.Length; i++)
        {
            codeOf[used[i]] = i;
        }

        return new CategoricalFeature(name, Convert(column.Codes, column.Length, code => code < 0 ? -1 : codeOf[code]), names);
    }

    private static TTo[] Convert<TFrom, TTo>(TFrom[] values, int length, Func<TFrom, TTo> convert)
    {
        var converted = new TTo[length];
        for (int i = 0; i < length; i++)
        {
            converted[i] = convert(values[i]);
        }

        return converted;
    }
}
