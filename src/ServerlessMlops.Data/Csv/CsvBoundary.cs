using System.Runtime.CompilerServices;

namespace ServerlessMlops.Data.Csv;

/// <summary>
/// Finds where whole rows end, so that a file can be cut into chunks for several cores. It follows quotes exactly as <see cref="CsvTokenizer"/>
/// does (a quote opens only at a field's first byte), hopping from quote to quote, so a cut is never a guess.
/// </summary>
internal static class CsvBoundary
{
    /// <summary>The end of the last whole row in <paramref name="data"/>, which begins at a row's beginning; 0 if no row is whole.</summary>
    /// <param name="data">Bytes from a row's beginning.</param>
    /// <param name="dialect">How the file is written.</param>
    /// <param name="openQuote">Whether <paramref name="data"/> ends within quotes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int FindLast(ReadOnlySpan<byte> data, CsvDialect dialect, out bool openQuote)
    {
        openQuote = false;
        int last = 0, from = 0;
        while (true)
        {
            int quote = data[from..].IndexOf(dialect.Quote);
            var plain = quote < 0 ? data[from..] : data.Slice(from, quote);
            int end = plain.LastIndexOf(dialect.LineEnd);
            if (end >= 0)
            {
                last = from + end + 1;
            }

            if (quote < 0)
            {
                return last;
            }

            int at = from + quote;
            from = at + 1;
            if (at > 0 && data[at - 1] != dialect.Delimiter && data[at - 1] != dialect.LineEnd)
            {
                continue;
            }

            if (!SkipQuoted(data, dialect.Quote, ref from))
            {
                openQuote = true;
                return last;
            }
        }
    }

    /// <summary>Moves past the closing quote; false if there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool SkipQuoted(ReadOnlySpan<byte> data, byte quote, ref int from)
    {
        while (true)
        {
            int close = data[from..].IndexOf(quote);
            if (close < 0)
            {
                return false;
            }

            from += close + 1;
            if (from >= data.Length || data[from] != quote)
            {
                return true;
            }

            from++;
        }
    }
}
