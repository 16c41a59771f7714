using System.Globalization;

namespace Azure.Data.Tables.Entities;

/// <summary>
/// How a column becomes a property of a typed entity. The rules are the package's, with their edges: a column that is not text where a
/// long, a Guid, a date or bytes are wanted fails, and so does a text that names no value of an enumeration; a type that is not listed (float,
/// decimal, short, uint, TimeSpan, ...) silently becomes its default.
/// </summary>
internal static class ColumnConversion
{
    /// <param name="raw">What JSON showed: text, bool, int, long, double or null.</param>
    /// <param name="type">The property's type.</param>
    /// <returns>What to set.</returns>
    public static object Convert(object raw, Type type)
    {
        var wanted = Nullable.GetUnderlyingType(type) ?? type;
        if (raw is null)
        {
            return DefaultOf(type);
        }

        if (wanted.IsEnum)
        {
            return Enum.Parse(wanted, raw as string);
        }

        if (wanted == typeof(bool))
        {
            return (bool)raw;
        }

        if (wanted == typeof(int))
        {
            return (int)raw;
        }

        if (wanted == typeof(double))
        {
            return System.Convert.ToDouble(raw, CultureInfo.InvariantCulture);
        }

        return FromText(raw as string, wanted) ?? DefaultOf(type);
    }

    private static object FromText(string text, Type wanted)
    {
        if (wanted == typeof(string))
        {
            return text;
        }

        if (wanted == typeof(long))
        {
            return long.Parse(text, CultureInfo.InvariantCulture);
        }

        if (wanted == typeof(ulong))
        {
            return ulong.Parse(text, CultureInfo.InvariantCulture);
        }

        if (wanted == typeof(Guid))
        {
            return Guid.Parse(text);
        }

        if (wanted == typeof(DateTimeOffset))
        {
            return DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind);
        }

        if (wanted == typeof(DateTime))
        {
            return DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind);
        }

        if (wanted == typeof(byte[]))
        {
            return System.Convert.FromBase64String(text);
        }

        if (wanted == typeof(BinaryData))
        {
            return BinaryData.FromBytes(System.Convert.FromBase64String(text));
        }

        return wanted == typeof(ETag) ? new ETag(text) : null;
    }

    private static object DefaultOf(Type type) => type.IsValueType ? Activator.CreateInstance(type) : null;
}
