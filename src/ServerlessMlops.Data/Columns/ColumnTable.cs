namespace ServerlessMlops.Data.Columns;

/// <summary>A table in memory, column by column.</summary>
public sealed class ColumnTable
{
    /// <summary>Makes a table of columns of equal length.</summary>
    public ColumnTable(IReadOnlyList<Column> columns, int rowCount)
    {
        foreach (var column in columns)
        {
            if (column.Length != rowCount)
            {
                throw new ArgumentException($"Column '{column.Schema.Name}' has {column.Length} rows; the table has {rowCount}.", nameof(columns));
            }
        }

        Columns = columns;
        RowCount = rowCount;
        Schema = new TableSchema([.. columns.Select(c => c.Schema)]);
    }

    /// <summary>Names and types, in the order of <see cref="Columns"/>.</summary>
    public TableSchema Schema { get; }

    /// <summary>Columns, each of <see cref="RowCount"/> rows.</summary>
    public IReadOnlyList<Column> Columns { get; }

    /// <summary>Number of rows.</summary>
    public int RowCount { get; }

    /// <summary>The column of that name; an exception names the columns there are.</summary>
    public Column this[string name] => Schema.IndexOf(name) is var i && i >= 0
        ? Columns[i]
        : throw new ArgumentException($"There is no column '{name}'; there are {string.Join(", ", Schema.Columns.Select(c => c.Name))}.", nameof(name));

    /// <summary>A table of the chosen rows, in that order.</summary>
    public ColumnTable Take(ReadOnlySpan<int> rows)
    {
        var columns = new Column[Columns.Count];
        for (int i = 0; i < columns.Length; i++)
        {
            columns[i] = Columns[i].Take(rows);
        }

        return new ColumnTable(columns, rows.Length);
    }
}
