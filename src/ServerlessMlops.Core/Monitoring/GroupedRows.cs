using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Monitoring;

/// <summary>Which group of a reference each row of a feature falls into: what scorers do with live values, for columns.</summary>
public static class GroupedRows
{
    /// <summary>The group of each row.</summary>
    /// <param name="reference">The groups.</param>
    /// <param name="rows">The rows.</param>
    /// <returns>The missing group throughout where the rows lack the feature, or have it of another kind.</returns>
    public static int[] Of(FeatureGroups reference, FeatureTable rows)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(rows);
        InputKind kind = reference.Kind == FeatureKind.Number ? InputKind.Number : InputKind.Category;
        switch (rows.Features.FirstOrDefault(feature => feature.Name == reference.Name && feature.Kind == kind))
        {
            case NumericFeature number:
                return Of(reference, number.Values);
            case CategoricalFeature category:
                var groups = reference.Categories.Select((name, group) => (name, group)).ToDictionary(pair => pair.name, pair => pair.group, StringComparer.Ordinal);
                int[] byCode = [.. category.Categories.Select(name => groups.GetValueOrDefault(name, reference.RestGroup))];
                return [.. category.Codes.Select(code => code < 0 ? reference.MissingGroup : byCode[code])];
            default:
                return [.. Enumerable.Repeat(reference.MissingGroup, rows.Rows)];
        }
    }

    /// <summary>The group of each number.</summary>
    public static int[] Of(FeatureGroups reference, float[] values)
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(values);
        double[] edges = [.. reference.Edges];
        return [.. values.Select(value => FeatureGroups.GroupOf(edges, value))];
    }
}
