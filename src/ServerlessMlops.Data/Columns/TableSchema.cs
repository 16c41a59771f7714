namespace ServerlessMlops.Data.Columns;

/// <summary>How times are written, beside ISO 8601, which is always read.</summary>
public enum TimestampForm
{
    /// <summary>Year first, as in ISO 8601.</summary>
    Iso,

    /// <summary>Month first: 12/31/2001.</summary>
    MonthFirst,

    /// <summary>Day first: 31/12/2001 or 31.12.2001.</summary>
    DayFirst,
}

/// <summary>One column's name, type and form.</summary>
/// <param name="Name">Name, unique in its table.</param>
/// <param name="Type">What its values are.</param>
public sealed record ColumnSchema(string Name, ColumnType Type)
{
    /// <summary>For <see cref="ColumnType.Timestamp"/>: how times are written.</summary>
    public TimestampForm TimestampForm { get; init; }

    /// <summary>For <see cref="ColumnType.Number"/>: whether decimals follow a comma.</summary>
    public bool DecimalComma { get; init; }
}

/// <summary>The columns of a table, in order.</summary>
/// <param name="Columns">Columns; names are unique.</param>
public sealed record TableSchema(IReadOnlyList<ColumnSchema> Columns)
{
    /// <summary>Position of the column of that name (case-sensitive), or -1.</summary>
    public int IndexOf(string name)
    {
        for (int i = 0; i < Columns.Count; i++)
        {
            if (Columns[i].Name == name)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The column of that name, or null.</summary>
    public ColumnSchema? Find(string name) => IndexOf(name) is var i && i >= 0 ? Columns[i] : null;

    /// <summary>Whether both have the same columns in the same order.</summary>
    public bool Equals(TableSchema? other) => other is not null && Columns.SequenceEqual(other.Columns);

    /// <inheritdoc/>
    public override int GetHashCode() => Columns.Aggregate(17, HashCode.Combine);
}
