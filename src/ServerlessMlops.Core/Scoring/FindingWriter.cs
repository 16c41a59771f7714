using System.Text;
using System.Text.Json;

namespace ServerlessMlops.Core.Scoring;

/// <summary>Writes findings as a JSON array.</summary>
internal static class FindingWriter
{
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<SignatureFinding> findings)
    {
        writer.WriteStartArray();
        foreach (SignatureFinding finding in findings)
        {
            writer.WriteStartObject();
            writer.WriteString("code"u8, JsonNamingPolicy.CamelCase.ConvertName(finding.Code.ToString()));
            writer.WriteString("severity"u8, finding.IsError ? "error"u8 : "warning"u8);
            writer.WriteString("column"u8, finding.Column);
            if (finding.FirstRow is { } row)
            {
                writer.WriteNumber("firstRow"u8, row);
                writer.WriteNumber("rows"u8, finding.Count);
            }

            writer.WriteString("message"u8, finding.Message);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}

/// <summary>Text of a caller on its way into an answer.</summary>
internal static class Text
{
    private const int Longest = 80;

    /// <summary>At most 80 characters, control characters replaced: an answer quotes what it got, it does not repeat it whole.</summary>
    public static string Excerpt(string text)
    {
        var excerpt = new StringBuilder(Math.Min(text.Length, Longest) + 3);
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, Longest)))
        {
            excerpt.Append(char.IsControl(c) || char.IsSurrogate(c) ? '?' : c);
        }

        return text.Length > Longest ? excerpt.Append("...").ToString() : excerpt.ToString();
    }

    /// <inheritdoc cref="Excerpt(string)"/>
    public static string Excerpt(ReadOnlySpan<byte> utf8) =>
        Excerpt(Encoding.UTF8.GetString(utf8.Length > Longest * 4 ? utf8[..(Longest * 4)] : utf8));
}
