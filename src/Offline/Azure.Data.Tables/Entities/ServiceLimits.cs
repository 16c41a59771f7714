using Azure.Data.Tables.Models;

namespace Azure.Data.Tables.Entities;

/// <summary>
/// What Azure refuses and the emulator lets pass, refused here with the service's own status and code, so that it does not first show on Azure:
/// more than 252 columns, names that are no identifiers or too long, dates before 1601, a row of more than 1 MiB. One for each row.
/// </summary>
internal sealed class ServiceLimits
{
    private const int MaximumColumns = 252;
    private const int MaximumNameLength = 255;
    private const int MaximumRowBytes = 1024 * 1024;

    private static readonly DateTimeOffset EarliestDate = new(1601, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private int _columns;
    private long _bytes = 4;

    /// <param name="name">The column's name; annotations and the row's own keys count for their size only.</param>
    /// <param name="value">Its value; null is not stored.</param>
    public void Count(string name, object value)
    {
        if (value is null || name.Contains("odata.", StringComparison.Ordinal))
        {
            return;
        }

        if (name is PropertyNames.PartitionKey or PropertyNames.RowKey)
        {
            _bytes += 2L * ((string)value).Length;
            return;
        }

        _columns++;
        _bytes += 8 + (2L * name.Length) + SizeOf(value);
        if (name.Length > MaximumNameLength)
        {
            throw Refused(TableErrorCode.PropertyNameTooLong, $"The property name exceeds the maximum allowed length ({MaximumNameLength}).");
        }

        if (!IsIdentifier(name))
        {
            throw Refused(TableErrorCode.PropertyNameInvalid, $"The property name '{name}' is invalid: letters, digits and underscores, not beginning with a digit.");
        }

        if ((value is DateTimeOffset date && date < EarliestDate) || (value is DateTime time && time < EarliestDate.UtcDateTime))
        {
            throw Refused(TableErrorCode.OutOfRangeInput, $"The date {value:o} of '{name}' is before 1601-01-01, the earliest that is stored.");
        }
    }

    public void Verify()
    {
        if (_columns > MaximumColumns)
        {
            throw Refused(TableErrorCode.TooManyProperties, $"The entity contains {_columns} properties; at most {MaximumColumns} are allowed.");
        }

        if (_bytes > MaximumRowBytes)
        {
            throw Refused(TableErrorCode.EntityTooLarge, "The entity is larger than the maximum allowed size (1MB).");
        }
    }

    public static RequestFailedException Refused(TableErrorCode code, string message) => new(400, message, code.ToString(), null);

    private static bool IsIdentifier(string name) =>
        name.Length > 0 && (char.IsLetter(name[0]) || name[0] == '_') && name.All(letter => char.IsLetterOrDigit(letter) || letter == '_');

    private static long SizeOf(object value) => value switch
    {
        string text => 4 + (2L * text.Length),
        byte[] data => 4 + data.LongLength,
        BinaryData data => 4 + data.ToMemory().Length,
        bool => 1,
        int => 4,
        Guid => 16,
        _ => 8,
    };
}
