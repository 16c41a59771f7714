using System.Globalization;
using System.Text;

namespace ServerlessMlops.Data.Columns;

/// <summary>The values of one column over the rows of a table, stored by type. Missing values have a mark of their own in each type.</summary>
public abstract class Column(ColumnSchema schema, int length)
{
    /// <summary>Name, type and form.</summary>
    public ColumnSchema Schema => schema;

    /// <summary>Number of rows.</summary>
    public int Length => length;

    /// <summary>Whether the value of a row is missing.</summary>
    public abstract bool IsMissing(int row);

    /// <summary>The value of a row as text, as a person would write it; empty if missing.</summary>
    public abstract string TextAt(int row);

    /// <summary>A column of the chosen rows.</summary>
    /// <param name="rows">Row numbers, each within 0 to <see cref="Length"/> - 1.</param>
    public abstract Column Take(ReadOnlySpan<int> rows);

    /// <summary>Copies the chosen elements of an array.</summary>
    protected static T[] Pick<T>(T[] values, ReadOnlySpan<int> rows)
    {
        var picked = new T[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            picked[i] = values[rows[i]];
        }

        return picked;
    }
}

/// <summary>Numbers; NaN is missing. <paramref name="values"/> holds at least <paramref name="length"/> elements.</summary>
public sealed class NumberColumn(ColumnSchema schema, double[] values, int length) : Column(schema, length)
{
    /// <summary>Values by row; only the first <see cref="Column.Length"/> count.</summary>
    public double[] Values => values;

    /// <inheritdoc/>
    public override bool IsMissing(int row) => double.IsNaN(values[row]);

    /// <inheritdoc/>
    public override string TextAt(int row) => IsMissing(row) ? "" : values[row].ToString("R", CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override Column Take(ReadOnlySpan<int> rows) => new NumberColumn(Schema, Pick(values, rows), rows.Length);
}

/// <summary>Whole numbers; <see cref="Missing"/> is missing.</summary>
public sealed class IntegerColumn(ColumnSchema schema, long[] values, int length) : Column(schema, length)
{
    /// <summary>The mark of a missing value.</summary>
    public const long Missing = long.MinValue;

    /// <summary>Values by row; only the first <see cref="Column.Length"/> count.</summary>
    public long[] Values => values;

    /// <inheritdoc/>
    public override bool IsMissing(int row) => values[row] == Missing;

    /// <inheritdoc/>
    public override string TextAt(int row) => IsMissing(row) ? "" : values[row].ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    public override Column Take(ReadOnlySpan<int> rows) => new IntegerColumn(Schema, Pick(values, rows), rows.Length);
}

/// <summary>Instants as microseconds since 1970-01-01 UTC; <see cref="Missing"/> is missing.</summary>
public sealed class TimestampColumn(ColumnSchema schema, long[] values, int length) : Column(schema, length)
{
    /// <summary>The mark of a missing value.</summary>
    public const long Missing = long.MinValue;

    /// <summary>Values by row; only the first <see cref="Column.Length"/> count.</summary>
    public long[] Values => values;

    /// <inheritdoc/>
    public override bool IsMissing(int row) => values[row] == Missing;

    /// <inheritdoc/>
    public override string TextAt(int row) => IsMissing(row) ? "" : Format(values[row]);

    /// <inheritdoc/>
    public override Column Take(ReadOnlySpan<int> rows) => new TimestampColumn(Schema, Pick(values, rows), rows.Length);

    /// <summary>Microseconds as an instant.</summary>
    public static DateTimeOffset ToInstant(long microseconds) => DateTimeOffset.UnixEpoch.AddTicks(microseconds * 10);

    /// <summary>Microseconds as ISO 8601: the date alone at midnight, else with time (and fraction if there is one), UTC.</summary>
    public static string Format(long microseconds)
    {
        var instant = ToInstant(microseconds);
        return instant.TimeOfDay == TimeSpan.Zero
            ? instant.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
            : instant.ToString(instant.Ticks % TimeSpan.TicksPerSecond == 0 ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
    }
}

/// <summary>True (1), false (0) or missing (<see cref="Missing"/>).</summary>
public sealed class BooleanColumn(ColumnSchema schema, byte[] values, int length) : Column(schema, length)
{
    /// <summary>The mark of a missing value.</summary>
    public const byte Missing = 255;

    /// <summary>Values by row; only the first <see cref="Column.Length"/> count.</summary>
    public byte[] Values => values;

    /// <inheritdoc/>
    public override bool IsMissing(int row) => values[row] == Missing;

    /// <inheritdoc/>
    public override string TextAt(int row) => values[row] switch { 0 => "false", 1 => "true", _ => "" };

    /// <inheritdoc/>
    public override Column Take(ReadOnlySpan<int> rows) => new BooleanColumn(Schema, Pick(values, rows), rows.Length);
}

/// <summary>Names out of a dictionary, as codes; -1 is missing. The dictionary may be shared and may hold names that no row has.</summary>
public sealed class CategoryColumn(ColumnSchema schema, int[] codes, CategoryDictionary dictionary, int length) : Column(schema, length)
{
    /// <summary>The mark of a missing value.</summary>
    public const int Missing = -1;

    /// <summary>Codes by row; only the first <see cref="Column.Length"/> count.</summary>
    public int[] Codes => codes;

    /// <summary>Names by code.</summary>
    public CategoryDictionary Dictionary => dictionary;

    /// <inheritdoc/>
    public override bool IsMissing(int row) => codes[row] < 0;

    /// <inheritdoc/>
    public override string TextAt(int row) => codes[row] < 0 ? "" : dictionary.NameOf(codes[row]);

    /// <inheritdoc/>
    public override Column Take(ReadOnlySpan<int> rows) => new CategoryColumn(Schema, Pick(codes, rows), dictionary, rows.Length);
}

/// <summary>Text or identifiers as UTF-8, one after the other; an empty text is missing.</summary>
/// <param name="schema">Name and type.</param>
/// <param name="offsets">Row r is the bytes offsets[r] to offsets[r + 1]; at least length + 1 elements.</param>
/// <param name="bytes">UTF-8 of all rows.</param>
/// <param name="length">Number of rows.</param>
public sealed class TextColumn(ColumnSchema schema, int[] offsets, byte[] bytes, int length) : Column(schema, length)
{
    /// <summary>Where each row begins, and after the last row where it ends.</summary>
    public int[] Offsets => offsets;

    /// <summary>UTF-8 of all rows.</summary>
    public byte[] Bytes => bytes;

    /// <summary>The UTF-8 of a row.</summary>
    public ReadOnlySpan<byte> Utf8At(int row) => bytes.AsSpan(offsets[row], offsets[row + 1] - offsets[row]);

    /// <inheritdoc/>
    public override bool IsMissing(int row) => offsets[row] == offsets[row + 1];

    /// <inheritdoc/>
    public override string TextAt(int row) => Encoding.UTF8.GetString(Utf8At(row));

    /// <inheritdoc/>
    public override Column Take(ReadOnlySpan<int> rows)
    {
        var taken = new int[rows.Length + 1];
        for (int i = 0; i < rows.Length; i++)
        {
            taken[i + 1] = checked(taken[i] + Utf8At(rows[i]).Length);
        }

        var copy = new byte[taken[^1]];
        for (int i = 0; i < rows.Length; i++)
        {
            Utf8At(rows[i]).CopyTo(copy.AsSpan(taken[i]));
        }

        return new TextColumn(Schema, taken, copy, rows.Length);
    }
}
