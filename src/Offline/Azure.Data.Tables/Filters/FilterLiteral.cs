using System.Globalization;
using System.Xml;

namespace Azure.Data.Tables.Filters;

/// <summary>Values of .NET as literals of the service's filter language.</summary>
internal static class FilterLiteral
{
    /// <exception cref="InvalidOperationException">The type has no literal: unsigned and 128-bit integers, enumerations, TimeSpan, ...</exception>
    public static string Of(object value) => value switch
    {
        null => "null",
        string text => Quote(text),
        bool flag => XmlConvert.ToString(flag),
        DateTimeOffset date => Date(date.UtcDateTime),
        DateTime date => Date(date),
        Guid guid => $"guid'{guid}'",
        long number => XmlConvert.ToString(number) + "L",
        double number => Double(number),
        float number => XmlConvert.ToString(number) + "f",
        decimal number => XmlConvert.ToString(number) + "M",
        byte[] bytes => Binary(bytes),
        BinaryData bytes => Binary(bytes.ToArray()),
        int or short or byte or sbyte => Convert.ToString(value, CultureInfo.InvariantCulture),
        _ => throw new InvalidOperationException($"Could not convert constant {value} to string."),
    };

    public static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    public static string Binary(byte[] bytes) => $"X'{Convert.ToHexString(bytes)}'";

    public static string Date(DateTime date) => $"datetime'{XmlConvert.ToString(date, XmlDateTimeSerializationMode.RoundtripKind)}'";

    /// <summary>A whole number needs a point, or the service takes it for an integer.</summary>
    private static string Double(double number)
    {
        var text = XmlConvert.ToString(number);
        return text.All(char.IsAsciiDigit) ? text + ".0" : text;
    }
}
