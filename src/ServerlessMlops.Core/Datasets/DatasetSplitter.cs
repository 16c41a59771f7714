using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Core.Datasets;

/// <summary>Row numbers of the two sides of a split, ascending.</summary>
/// <param name="Train">Rows to learn from.</param>
/// <param name="Holdout">Rows to judge by.</param>
public sealed record DatasetSplit(int[] Train, int[] Holdout);

/// <summary>Tells training rows from hold-out rows. The same rows and rule give the same split.</summary>
public static class DatasetSplitter
{
    /// <summary>Splits a table.</summary>
    /// <param name="table">The rows; has the rule's column.</param>
    /// <param name="rule">The rule.</param>
    public static DatasetSplit Split(ColumnTable table, SplitRule rule) => rule.Kind switch
    {
        SplitKind.Time => ByTime(table, rule),
        SplitKind.Key => ByHash(table.RowCount, rule, table[rule.Column!] is var keys ? row => keys.IsMissing(row) ? RowHash.OfRow(table, row) : RowHash.OfValue(keys, row) : null!),
        SplitKind.Row => ByHash(table.RowCount, rule, row => RowHash.OfRow(table, row)),
        _ => throw new ArgumentOutOfRangeException(nameof(rule), rule.Kind, "unknown kind of split"),
    };

    /// <summary>Instants by row, in the column's own unit; negative infinity where one is missing.</summary>
    /// <param name="column">Timestamps, integers or numbers.</param>
    /// <exception cref="ArgumentException">The column is of another type.</exception>
    public static double[] TimesOf(Column column)
    {
        ArgumentNullException.ThrowIfNull(column);
        Func<int, double> at = column switch
        {
            TimestampColumn stamps => row => stamps.Values[row],
            IntegerColumn integers => row => integers.Values[row],
            NumberColumn numbers => row => numbers.Values[row],
            _ => throw new ArgumentException($"Column '{column.Schema.Name}' is {column.Schema.Type}; a split by time needs times or numbers."),
        };
        return [.. Enumerable.Range(0, column.Length).Select(row => column.IsMissing(row) ? double.NegativeInfinity : at(row))];
    }

    /// <summary>
    /// Holds out the newest rows. Rows of one instant stay together, on the side of the training if they straddle the cut; rows without a time are trained on. If that
    /// leaves no hold-out (all rows of one instant), the split goes by a hash of the row.
    /// </summary>
    private static DatasetSplit ByTime(ColumnTable table, SplitRule rule)
    {
        double[] times = TimesOf(table[rule.Column!]);
        var sorted = times.ToArray();
        Array.Sort(sorted);
        double cut = sorted.Length == 0 ? 0 : sorted[Math.Clamp((int)(sorted.Length * (1 - rule.HoldoutShare)) - 1, 0, sorted.Length - 1)];
        var split = Partition(times.Length, row => times[row] > cut);
        return split.Holdout.Length > 0 || times.Length < 2 ? split : Split(table, new SplitRule(SplitKind.Row, null, rule.HoldoutShare));
    }

    private static DatasetSplit ByHash(int rows, SplitRule rule, Func<int, ulong> hash)
    {
        ulong limit = (ulong)(rule.HoldoutShare * (1UL << 32));
        return Partition(rows, row => hash(row) >> 32 < limit);
    }

    private static DatasetSplit Partition(int rows, Func<int, bool> isHeldOut)
    {
        List<int> train = [], holdout = [];
        for (int row = 0; row < rows; row++)
        {
            (isHeldOut(row) ? holdout : train).Add(row);
        }

        return new DatasetSplit([.. train], [.. holdout]);
    }
}
