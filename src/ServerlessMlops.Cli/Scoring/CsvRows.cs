using System.Text;

namespace ServerlessMlops.Cli.Scoring;

/// <summary>A few rows of a CSV file (RFC 4180, comma, UTF-8), as text.</summary>
/// <param name="Header">Column names.</param>
/// <param name="Rows">Rows of as many fields as the header has.</param>
internal sealed record CsvRows(IReadOnlyList<string> Header, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>Longest row, in characters: what is longer is no row but a quote that never closes.</summary>
    private const int LongestRow = 1 << 20;

    /// <summary>Position of a column, or -1.</summary>
    public int IndexOf(string column)
    {
        for (int i = 0; i < Header.Count; i++)
        {
            if (Header[i] == column)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Reads rows of a file, and no more of it than they need.</summary>
    /// <param name="file">The file.</param>
    /// <param name="skip">Rows to leave out after the header.</param>
    /// <param name="count">Rows to read at most.</param>
    /// <exception cref="CliException">It cannot be read, or a row does not fit the header.</exception>
    public static CsvRows Read(string file, int skip, int count)
    {
        NamedFile.Require(file);
        try
        {
            using var reader = new StreamReader(file, new UTF8Encoding(false, throwOnInvalidBytes: true));
            return Read(reader, file, skip, count);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw CliException.Usage($"'{file}' cannot be read as CSV: {problem.Message}");
        }
    }

    internal static CsvRows Read(TextReader reader, string file, int skip, int count)
    {
        if (ReadRow(reader, file, 1) is not { } header)
        {
            throw CliException.Usage($"'{file}' is empty; expected CSV with a header.");
        }

        var rows = new List<IReadOnlyList<string>>();
        for (int number = 1; rows.Count < count && ReadRow(reader, file, number + 1) is { } row; number++)
        {
            if (row.Count != header.Count)
            {
                throw CliException.Usage($"'{file}', row {number}, has {row.Count} fields; the header has {header.Count}.");
            }

            if (number > skip)
            {
                rows.Add(row);
            }
        }

        return rows.Count > 0 ? new CsvRows(header, rows) : throw CliException.Usage($"'{file}' has no rows after the first {skip}.");
    }

    /// <summary>The next row, or null at the end; empty lines are passed over.</summary>
    private static List<string>? ReadRow(TextReader reader, string file, int record)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        bool quoted = false;
        bool sawQuote = false;
        int length = 0;
        while (true)
        {
            int next = reader.Read();
            if (++length > LongestRow)
            {
                throw CliException.Usage($"'{file}', record {record}, is longer than {LongestRow} characters; is a quote left open?");
            }

            if (quoted)
            {
                if (next < 0)
                {
                    throw CliException.Usage($"'{file}', record {record}, ends inside a quoted field.");
                }

                if (next != '"')
                {
                    field.Append((char)next);
                }
                else if (reader.Peek() == '"')
                {
                    field.Append((char)reader.Read());
                }
                else
                {
                    quoted = false;
                }
            }
            else if (next == '"' && field.Length == 0)
            {
                quoted = sawQuote = true;
            }
            else if (next == ',')
            {
                fields.Add(Take(field));
            }
            else if (next is '\n' or < 0)
            {
                bool empty = fields.Count == 0 && field.Length == 0 && !sawQuote;
                if (!empty)
                {
                    fields.Add(Take(field));
                    return fields;
                }

                if (next < 0)
                {
                    return null;
                }
            }
            else if (next != '\r' || reader.Peek() != '\n')
            {
                field.Append((char)next);
            }
        }
    }

    private static string Take(StringBuilder field)
    {
        string text = field.ToString();
        field.Clear();
        return text;
    }
}
