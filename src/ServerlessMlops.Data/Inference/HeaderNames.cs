using System.Text;
using ServerlessMlops.Data.Parsing;

namespace ServerlessMlops.Data.Inference;

/// <summary>Turns a first line into column names that are there and differ.</summary>
internal static class HeaderNames
{
    /// <summary>
    /// Names of all columns: trimmed; a blank one becomes <c>column3</c> by its place, a repeated one gets <c>_2</c>, <c>_3</c>. Notes tell of both.
    /// </summary>
    public static string[] Clean(IReadOnlyList<string> header, List<string> notes)
    {
        var names = new string[header.Count];
        var taken = new HashSet<string>(header.Select(h => h.Trim()).Where(h => h.Length > 0), StringComparer.Ordinal);
        var used = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < names.Length; i++)
        {
            string name = header[i].Trim();
            if (name.Length == 0)
            {
                name = Free($"column{i + 1}", taken, used);
                notes.Add($"column {i + 1} has no name in the header; it is called '{name}'.");
            }
            else if (used.Contains(name))
            {
                string free = Free(name, taken, used);
                notes.Add($"the header names '{name}' more than once; column {i + 1} is called '{free}'.");
                name = free;
            }

            used.Add(name);
            names[i] = name;
        }

        return names;
    }

    /// <summary>
    /// Whether a first row names the columns: it is no header if a field in it is a number, a time or true or false. Fields may be
    /// blank, but not all.
    /// </summary>
    public static bool LooksLikeHeader(IReadOnlyList<byte[]> fields)
    {
        bool named = false;
        foreach (byte[] field in fields)
        {
            var text = field.AsSpan().Trim(" \t"u8);
            if (NumberParser.TryParseNumber(text, (byte)'.', out _) || TimestampParser.TryParse(text, Columns.TimestampForm.DayFirst, out _)
                || TimestampParser.TryParse(text, Columns.TimestampForm.MonthFirst, out _) || (text.Length > 1 && Words.ParseBoolean(text) >= 0))
            {
                return false;
            }

            named |= text.Length > 0 && !Words.IsMissing(text);
        }

        return named;
    }

    /// <summary>Bytes of a header as text; what is no UTF-8 becomes U+FFFD.</summary>
    public static string Decode(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);

    private static string Free(string name, HashSet<string> taken, HashSet<string> used)
    {
        if (!taken.Contains(name) && !used.Contains(name))
        {
            return name;
        }

        int n = 2;
        while (taken.Contains($"{name}_{n}") || used.Contains($"{name}_{n}"))
        {
            n++;
        }

        return $"{name}_{n}";
    }
}
