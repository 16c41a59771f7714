using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Data.Profiling;

/// <summary>What a table's rows look like, in numbers: the profile stored beside each batch and data set.</summary>
public sealed record DatasetProfile
{
    /// <summary>The form of this document; another number is another form.</summary>
    public int Version { get; init; } = 1;

    /// <summary>Rows.</summary>
    public required long Rows { get; init; }

    /// <summary>The column to predict, if one is named.</summary>
    public string? Target { get; init; }

    /// <summary>
    /// Rows that repeat an earlier one in every column: exact up to 131,072 different rows, beyond an estimate from a sample of at least 65,536 of them.
    /// </summary>
    public long? DuplicateRows { get; init; }

    /// <summary>The target's values and how often each comes, the most frequent first, where it has few enough to be classes.</summary>
    public IReadOnlyList<ValueCount>? ClassBalance { get; init; }

    /// <summary>A sample of the rows' hashes, in base 64: tells how many rows two profiles share when they are merged.</summary>
    public string? RowSample { get; init; }

    /// <summary>Columns, in the table's order.</summary>
    public required IReadOnlyList<ColumnProfile> Columns { get; init; }

    /// <summary>The column of that name, or null.</summary>
    public ColumnProfile? Find(string name) => Columns.FirstOrDefault(c => c.Name == name);

    /// <summary>
    /// The profile of both tables' rows together. Counts, moments, extremes and distinct counts are those of one pass over both; quantiles stay
    /// within <see cref="QuantileSketch.RankError"/>; a category that is not among the top of both has a lower bound as its count; the
    /// association with the target is the mean weighted by rows. Rows that both have count as duplicates: exact while neither has more than 4,096
    /// different ones, else estimated from the samples of at least 2,048.
    /// </summary>
    /// <exception cref="ArgumentException">The tables have other columns or types.</exception>
    public static DatasetProfile Merge(DatasetProfile a, DatasetProfile b)
    {
        if (!a.Columns.Select(c => (c.Name, c.Type)).SequenceEqual(b.Columns.Select(c => (c.Name, c.Type))))
        {
            throw new ArgumentException("Profiles of tables with different columns cannot be merged; merge those of one schema.");
        }

        bool sameTarget = a.Target == b.Target;
        var rows = a.RowSample is null || b.RowSample is null ? default : DuplicateSketch.Merge(a.RowSample, b.RowSample);
        return new DatasetProfile
        {
            Rows = a.Rows + b.Rows,
            Target = sameTarget ? a.Target : null,
            DuplicateRows = rows.Sample is null ? null : a.DuplicateRows + b.DuplicateRows + rows.Shared,
            ClassBalance = sameTarget && a.ClassBalance is { } x && b.ClassBalance is { } y ? ColumnProfileMerge.MergeTop(x, y) : null,
            RowSample = rows.Sample,
            Columns = [.. a.Columns.Zip(b.Columns, ColumnProfile.Merge)],
        };
    }
}

/// <summary>What one column's values look like. Statistics that its type has no use for are absent.</summary>
public sealed record ColumnProfile
{
    /// <summary>Shares at which <see cref="Quantiles"/> are given.</summary>
    public static IReadOnlyList<double> QuantileShares { get; } = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

    /// <summary>Most names in <see cref="Top"/>.</summary>
    public const int TopCount = 50;

    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Type.</summary>
    public required ColumnType Type { get; init; }

    /// <summary>Rows.</summary>
    public required long Rows { get; init; }

    /// <summary>Rows without a value.</summary>
    public required long Missing { get; init; }

    /// <summary>Different values: exact for boolean and category columns, else an estimate within about 2%.</summary>
    public required long Distinct { get; init; }

    /// <summary>Smallest value; of a timestamp in microseconds since 1970-01-01 UTC, as all its statistics.</summary>
    public double? Min { get; init; }

    /// <summary>Largest value.</summary>
    public double? Max { get; init; }

    /// <summary>Mean; of a boolean column the share of true.</summary>
    public double? Mean { get; init; }

    /// <summary>Standard deviation.</summary>
    public double? StandardDeviation { get; init; }

    /// <summary>Skewness.</summary>
    public double? Skewness { get; init; }

    /// <summary>Values at <see cref="QuantileShares"/>.</summary>
    public IReadOnlyList<double>? Quantiles { get; init; }

    /// <summary>Counts in equal parts of the range from <see cref="Min"/> to <see cref="Max"/>, by the quantile sketch.</summary>
    public IReadOnlyList<long>? Histogram { get; init; }

    /// <summary>The most frequent names, most frequent first (ties by name).</summary>
    public IReadOnlyList<ValueCount>? Top { get; init; }

    /// <summary>Text: bytes of the shortest.</summary>
    public int? ShortestText { get; init; }

    /// <summary>Text: bytes of the longest.</summary>
    public int? LongestText { get; init; }

    /// <summary>How closely the column goes with the target, from 0 (not at all) to 1 (it tells the target): the correlation's size, the
    /// correlation ratio adjusted for the number of categories, or Cramér's V, by the two types.</summary>
    public double? TargetAssociation { get; init; }

    /// <summary>Pearson's correlation with the target, -1 to 1, where both are numbers, times or true/false.</summary>
    public double? TargetCorrelation { get; init; }

    /// <summary>Whether the column tells the target almost alone (an association of 0.98, or classes guessed right from it alone): most likely it is
    /// known only after the fact.</summary>
    public bool? LikelyLeak { get; init; }

    /// <summary>What merging needs beyond the statistics.</summary>
    public SketchState? State { get; init; }

    /// <summary>The share of rows without a value, 0 to 1.</summary>
    public double MissingShare() => Rows == 0 ? 0 : Missing / (double)Rows;

    internal static ColumnProfile Merge(ColumnProfile a, ColumnProfile b) => ColumnProfileMerge.Merge(a, b);
}

/// <summary>A name and how often it comes.</summary>
/// <param name="Value">The name.</param>
/// <param name="Count">Rows.</param>
public sealed record ValueCount(string Value, long Count);

/// <summary>What merging needs beyond the statistics.</summary>
/// <param name="Registers">Registers of <see cref="HyperLogLog"/>, deflated, in base 64.</param>
/// <param name="Levels">Levels of <see cref="QuantileSketch"/>.</param>
/// <param name="M2">Sum of squared deviations from the mean.</param>
/// <param name="M3">Sum of cubed deviations from the mean.</param>
public sealed record SketchState(string Registers, IReadOnlyList<double[]>? Levels, double M2, double M3);
