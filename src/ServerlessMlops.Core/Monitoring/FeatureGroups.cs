using System.Text.Json.Serialization;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Monitoring;

/// <summary>
/// A distribution as counts in fixed groups, the currency of monitoring: a model stores those of its training data, scorers count live
/// values into the same groups, and windows merge by adding counts.
/// </summary>
/// <remarks>
/// Layout of <see cref="Counts"/>. Number: one group per interval, <c>Edges.Count + 1</c> of them (group i holds Edges[i-1] &lt; x &lt;= Edges[i]),
/// then missing. Category: one group per name in <see cref="Categories"/>, then the rest, then missing.
/// </remarks>
/// <param name="Name">Feature name.</param>
/// <param name="Kind">Number or category.</param>
/// <param name="Edges">Number: ascending inner edges, at most 19, at equal frequencies in training. Category: empty.</param>
/// <param name="Categories">Category: the most frequent names in training, at most 19. Number: empty.</param>
/// <param name="Counts">Rows per group.</param>
public sealed record FeatureGroups(
    string Name,
    FeatureKind Kind,
    IReadOnlyList<double> Edges,
    IReadOnlyList<string> Categories,
    IReadOnlyList<long> Counts)
{
    /// <summary>Number: the smallest finite training value; null for categories and where all were missing. Live values below it are out of range.</summary>
    public double? Min { get; init; }

    /// <summary>Number: the largest finite training value; null for categories and where all were missing. Live values above it are out of range.</summary>
    public double? Max { get; init; }

    /// <summary>Number of groups: the length of <see cref="Counts"/>.</summary>
    [JsonIgnore]
    public int GroupCount => (Kind == FeatureKind.Number ? Edges.Count + 1 : Categories.Count + 1) + 1;

    /// <summary>Where missing values are counted: the last group.</summary>
    [JsonIgnore]
    public int MissingGroup => GroupCount - 1;

    /// <summary>Category: where names outside <see cref="Categories"/> are counted.</summary>
    [JsonIgnore]
    public int RestGroup => Categories.Count;

    /// <summary>The group of a number: 0 to <c>edges.Length</c>, or the missing group, <c>edges.Length + 1</c>, for NaN.</summary>
    public static int GroupOf(ReadOnlySpan<double> edges, double value)
    {
        if (double.IsNaN(value))
        {
            return edges.Length + 1;
        }

        // Lower bound: the number of edges that are less than the value.
        int low = 0;
        int high = edges.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (edges[middle] < value)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
