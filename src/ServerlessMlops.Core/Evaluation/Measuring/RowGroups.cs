using System.Globalization;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Evaluation.Measuring;

/// <summary>Rows of a column by group: categories by value, few distinct numbers by value, others by quartile; missing values are a group of their own.</summary>
/// <param name="Column">The column.</param>
/// <param name="Names">Names of the groups, the largest first for categories, ascending for numbers.</param>
/// <param name="Codes">Group by row; -1 for rows of categories beyond the most frequent.</param>
internal sealed record RowGroups(string Column, IReadOnlyList<string> Names, int[] Codes)
{
    /// <summary>Fewest rows of a group that is looked at.</summary>
    public const int LeastRows = 30;

    private const int MostGroups = 20;
    private const int MostDistinct = 10;
    private const string Missing = "missing";
    private int[][]? _rows;

    /// <summary>Row numbers by group.</summary>
    public int[][] Rows => _rows ??= ByGroup();

    /// <summary>Groups with enough rows.</summary>
    public IEnumerable<int> Supported => Enumerable.Range(0, Names.Count).Where(g => Rows[g].Length >= LeastRows);

    /// <summary>Groups the rows of a column.</summary>
    public static RowGroups Of(Feature feature) => feature switch
    {
        CategoricalFeature category => OfCategories(category),
        NumericFeature number => OfNumbers(number),
        _ => throw new ArgumentException($"Feature '{feature.Name}' is neither a number nor a category.", nameof(feature)),
    };

    private static RowGroups OfCategories(CategoricalFeature feature)
    {
        var counts = new int[feature.Categories.Length + 1];
        foreach (int code in feature.Codes)
        {
            counts[code + 1]++;
        }

        int[] chosen = [.. Enumerable.Range(0, counts.Length).Where(c => counts[c] > 0).OrderByDescending(c => counts[c]).ThenBy(c => c).Take(MostGroups)];
        var groupOf = Enumerable.Repeat(-1, counts.Length).ToArray();
        for (int g = 0; g < chosen.Length; g++)
        {
            groupOf[chosen[g]] = g;
        }

        return new RowGroups(feature.Name, [.. chosen.Select(c => c == 0 ? Missing : feature.Categories[c - 1])], [.. feature.Codes.Select(code => groupOf[code + 1])]);
    }

    private static RowGroups OfNumbers(NumericFeature feature)
    {
        float[] sorted = [.. feature.Values.Where(v => !float.IsNaN(v))];
        Array.Sort(sorted);
        float[] distinct = [.. sorted.Distinct().Take(MostDistinct + 1)];
        bool byValue = distinct.Length <= MostDistinct;

        // Upper ends, included, of all groups but the last.
        float[] ends = byValue ? (distinct.Length > 1 ? distinct[..^1] : []) : [.. new[] { 0.25, 0.5, 0.75 }.Select(q => sorted[(int)(q * (sorted.Length - 1))]).Distinct().Where(e => e < sorted[^1])];
        var names = new List<string>();
        if (sorted.Length > 0)
        {
            names.AddRange(byValue ? distinct.Select(Text) : Enumerable.Range(0, ends.Length + 1).Select(g =>
                g == 0 ? $"up to {Text(ends[0])}" : g == ends.Length ? $"above {Text(ends[^1])}" : $"{Text(ends[g - 1])} to {Text(ends[g])}"));
        }

        int missing = names.Count;
        var codes = new int[feature.Values.Length];
        for (int row = 0; row < codes.Length; row++)
        {
            float value = feature.Values[row];
            int group = 0;
            while (group < ends.Length && value > ends[group])
            {
                group++;
            }

            codes[row] = float.IsNaN(value) ? missing : group;
        }

        if (sorted.Length < codes.Length)
        {
            names.Add(Missing);
        }

        return new RowGroups(feature.Name, names, codes);
    }

    private static string Text(float value) => value.ToString("G6", CultureInfo.InvariantCulture);

    private int[][] ByGroup()
    {
        var rows = Enumerable.Range(0, Names.Count).Select(_ => new List<int>()).ToArray();
        for (int row = 0; row < Codes.Length; row++)
        {
            if (Codes[row] >= 0)
            {
                rows[Codes[row]].Add(row);
            }
        }

        return [.. rows.Select(r => r.ToArray())];
    }
}
