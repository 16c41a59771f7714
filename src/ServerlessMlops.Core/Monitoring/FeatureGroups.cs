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
    /// <summary>Number of groups: the length of <see cref="Counts"/>.</summary>
    public int GroupCount => (Kind == FeatureKind.Number ? Edges.Count + 1 : Categories.Count + 1) + 1;
}
