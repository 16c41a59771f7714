using System.Globalization;
using System.Text;

namespace Azure.Data.Tables.Filters;

/// <summary>
/// Filters from interpolated strings. The literals differ from those of expressions in one place, as they do in the package: numbers other
/// than longs are plain, so that a whole double gets no point.
/// </summary>
internal static class InterpolatedFilter
{
    public static string Create(FormattableString filter)
    {
        if (filter is null)
        {
            return null;
        }

        var literals = new string[filter.ArgumentCount];
        for (var i = 0; i < literals.Length; i++)
        {
            literals[i] = Literal(filter.GetArgument(i), i);
        }

        return string.Format(CultureInfo.InvariantCulture, filter.Format, literals);
    }

    private static string Literal(object value, int index) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        long or ulong => Convert.ToString(value, CultureInfo.InvariantCulture) + "L",
        sbyte or byte or short or ushort or int or uint or decimal or float or double => Convert.ToString(value, CultureInfo.InvariantCulture),
        Guid guid => $"guid'{guid}'",
        byte[] bytes => FilterLiteral.Binary(bytes),
        BinaryData bytes => FilterLiteral.Binary(bytes.ToArray()),
        DateTimeOffset date => FilterLiteral.Date(date.UtcDateTime),
        DateTime date => FilterLiteral.Date(date.ToUniversalTime()),
        string text => FilterLiteral.Quote(text),
        char or StringBuilder => FilterLiteral.Quote(value.ToString()),
        _ => throw new ArgumentException($"Unable to convert argument {index} from type {value.GetType()} to an OData literal."),
    };
}
