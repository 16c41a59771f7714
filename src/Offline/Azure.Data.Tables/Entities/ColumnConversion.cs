using System.Globalization;
using System.Xml;

namespace Azure.Data.Tables.Entities;

/// <summary>
/// How a column becomes a property of a typed entity. The rules are the package's, with their edges: a column that is not text where a
/// long, a Guid, a date or bytes are wanted fails; a type that is not listed (float, decimal, short, uint, ...) silently becomes its default.
/// </summary>
internal static class ColumnConversion
{
    /// <param name="raw">What JSON showed: text, bool, int, long, double or null.</param>
    /// <param name="type">The property's type.</param>
    /// <param name="value">What to set.</param>
    /// <returns>False to leave the property as it is: a text that names no value of an enumeration.</returns>
    public static bool TryConvert(object raw, Type type, out object value)
    {
        var wanted = Nullable.GetUnderlyingType(type) ?? type;
        value = null;
        if (raw is null)
        {
            value = DefaultOf(type);
        }
        else if (wanted.IsEnum)
        {
            if (raw is not string name || !Enum.IsDefined(wanted, name))
            {
                return false;
            }

            value = Enum.Parse(wanted, name);
        }
        else if (wanted == typeof(bool))
        {
            value = (bool)raw;
        }
        else if (wanted == typeof(int))
        {
            value = (int)raw;
        }
        else if (wanted == typeof(double))
        {
            value = Convert.ToDouble(raw, CultureInfo.InvariantCulture);
        }
        else
        {
            value = FromText(raw as string, wanted) ?? DefaultOf(type);
        }

        return true;
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

        if (wanted == typeof(TimeSpan))
        {
            return XmlConvert.ToTimeSpan(text);
        }

        if (wanted == typeof(byte[]))
        {
            return Convert.FromBase64String(text);
        }

        if (wanted == typeof(BinaryData))
        {
            return BinaryData.FromBytes(Convert.FromBase64String(text));
        }

        return wanted == typeof(ETag) ? new ETag(text) : null;
    }

    private static object DefaultOf(Type type) => type.IsValueType ? Activator.CreateInstance(type) : null;
}
