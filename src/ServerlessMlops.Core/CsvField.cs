using System.Globalization;

namespace ServerlessMlops.Core;

/// <summary>How a value is written in a CSV file (RFC 4180).</summary>
public static class CsvField
{
    /// <summary>The text, in quotation marks where it needs them.</summary>
    public static string Quote(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.AsSpan().IndexOfAny("\",\n\r") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>Text from outside for a file that people open in a spreadsheet: what would be taken as a formula, and is no number, gets an apostrophe before it.</summary>
    public static string QuoteForeign(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        bool formula = text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' && !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
        return Quote(formula ? $"'{text}" : text);
    }
}
