using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Monitoring;

/// <summary>Makes <see cref="FeatureGroups"/> from training columns: what live traffic is compared with later.</summary>
public static class ReferenceGroups
{
    /// <summary>The most groups of a feature, missing values aside.</summary>
    public const int MaxGroups = 20;

    // Below this many training rows a group, its reference share is too rough to compare with.
    private const int MinRowsPerGroup = 10;

    /// <summary>
    /// Groups of equal frequency. Values that tie stay in one group, so a column of few distinct values gets fewer groups; so does one of
    /// few rows (at least ten rows a group).
    /// </summary>
    /// <param name="name">Feature name.</param>
    /// <param name="values">One value a row; NaN where missing.</param>
    /// <param name="groups">1 to 20.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="groups"/> is not 1 to 20.</exception>
    public static FeatureGroups FromNumbers(string name, ReadOnlySpan<float> values, int groups = MaxGroups)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (groups is < 1 or > MaxGroups)
        {
            throw new ArgumentOutOfRangeException(nameof(groups), groups, $"Feature '{name}': the number of groups is 1 to {MaxGroups}.");
        }

        var present = new float[values.Length];
        int count = 0;
        foreach (float value in values)
        {
            if (!float.IsNaN(value))
            {
                present[count++] = value;
            }
        }

        Array.Sort(present, 0, count);
        double[] edges = EqualFrequencyEdges(present.AsSpan(0, count), Math.Min(groups, Math.Max(1, count / MinRowsPerGroup)));
        var counts = new long[edges.Length + 2];
        foreach (float value in values)
        {
            counts[FeatureGroups.GroupOf(edges, value)]++;
        }

        (double? min, double? max) = FiniteRange(present.AsSpan(0, count));
        return new FeatureGroups(name, FeatureKind.Number, edges, [], counts) { Min = min, Max = max };
    }

    /// <summary>Groups of the most frequent categories (at most 19; ties by name), the rest, and missing.</summary>
    /// <param name="name">Feature name.</param>
    /// <param name="codes">One code a row: an index into <paramref name="categories"/>, or negative where missing.</param>
    /// <param name="categories">Category names by code.</param>
    /// <exception cref="ArgumentOutOfRangeException">A code has no name.</exception>
    public static FeatureGroups FromCategories(string name, ReadOnlySpan<int> codes, IReadOnlyList<string> categories)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(categories);
        var byCode = new long[categories.Count];
        long missing = 0;
        foreach (int code in codes)
        {
            if (code < 0)
            {
                missing++;
            }
            else if (code < byCode.Length)
            {
                byCode[code]++;
            }
            else
            {
                throw new ArgumentOutOfRangeException(
                    nameof(codes), code, $"Feature '{name}' has category code {code}, but only {byCode.Length} category name(s); codes are indices into the names.");
            }
        }

        int[] top = [.. Enumerable.Range(0, byCode.Length)
            .Where(code => byCode[code] > 0)
            .OrderByDescending(code => byCode[code])
            .ThenBy(code => categories[code], StringComparer.Ordinal)
            .Take(MaxGroups - 1)];
        long rest = codes.Length - missing - top.Sum(code => byCode[code]);
        return new FeatureGroups(
            name, FeatureKind.Category, [], [.. top.Select(code => categories[code])], [.. top.Select(code => byCode[code]), rest, missing]);
    }

    // The last edge stays below the largest value, so that no group is empty by construction.
    private static double[] EqualFrequencyEdges(ReadOnlySpan<float> sorted, int groups)
    {
        var edges = new List<double>(groups);
        for (int k = 1; k < groups; k++)
        {
            float edge = sorted[(int)((long)k * sorted.Length / groups) - 1];
            if (edge < sorted[^1] && (edges.Count == 0 || edge > edges[^1]))
            {
                edges.Add(edge);
            }
        }

        return [.. edges];
    }

    private static (double? Min, double? Max) FiniteRange(ReadOnlySpan<float> sorted)
    {
        while (sorted.Length > 0 && !float.IsFinite(sorted[0]))
        {
            sorted = sorted[1..];
        }

        while (sorted.Length > 0 && !float.IsFinite(sorted[^1]))
        {
            sorted = sorted[..^1];
        }

        return sorted.Length == 0 ? (null, null) : (sorted[0], sorted[^1]);
    }
}
