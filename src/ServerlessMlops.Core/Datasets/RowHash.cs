using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Core.Datasets;

/// <summary>64-bit hashes of values that depend on what they say alone, not on codes, batches or order: for splits and for finding repeated keys.</summary>
public static class RowHash
{
    /// <summary>The hash of one value; of a missing one 0.</summary>
    public static ulong OfValue(Column column, int row) => column switch
    {
        _ when column.IsMissing(row) => 0,
        CategoryColumn categories => categories.Dictionary.HashOf(categories.Codes[row]),
        TextColumn texts => Utf8Hash.Of(texts.Utf8At(row)),
        IntegerColumn integers => OfNumber(integers.Values[row]),
        NumberColumn numbers => OfNumber(numbers.Values[row]),
        TimestampColumn times => Utf8Hash.Of((ulong)times.Values[row]),
        BooleanColumn booleans => Utf8Hash.Of(booleans.Values[row]),
        _ => throw new ArgumentException($"Column '{column.Schema.Name}' has an unknown type.", nameof(column)),
    };

    /// <summary>The hash of a row's values, whatever the order of the columns.</summary>
    public static ulong OfRow(ColumnTable table, int row)
    {
        ulong sum = 0;
        foreach (var column in table.Columns)
        {
            sum += Utf8Hash.Of(OfValue(column, row) ^ Utf8Hash.Of(System.Text.Encoding.UTF8.GetBytes(column.Schema.Name)));
        }

        return Utf8Hash.Of(sum);
    }

    /// <summary>A whole number has the same hash in an integer column and in a number column.</summary>
    private static ulong OfNumber(double value) => Utf8Hash.Of(BitConverter.DoubleToUInt64Bits(value + 0.0));
}
