namespace ServerlessMlops.Core.Scoring.Bulk;

/// <summary>Cuts text into whole records: lines, or in CSV lines whose quoted fields may hold line ends.</summary>
public static class RecordSplitter
{
    /// <summary>
    /// Longest record in bytes. A quote that is not closed within it is taken for a mistake: the record then ends with its first line, so that one stray
    /// quote costs one row and not the rest of the file.
    /// </summary>
    public const int MostRecordBytes = 256 * 1024;

    /// <summary>Length of the first record, its line end included; 0 where the text ends before the record does.</summary>
    /// <param name="text">Text from the beginning of a record on.</param>
    /// <param name="format">How records stand in it.</param>
    /// <param name="delimiter">CSV: what stands between fields.</param>
    /// <param name="isEnd">Whether nothing follows the text, so that its last record needs no line end.</param>
    public static int Next(ReadOnlySpan<byte> text, BulkFormat format, byte delimiter, bool isEnd)
    {
        int line = text.IndexOf((byte)'\n') + 1;
        if (format == BulkFormat.JsonLines || !(line > 0 ? text[..line] : text).Contains((byte)'"'))
        {
            return line > 0 ? line : isEnd ? text.Length : 0;
        }

        ReadOnlySpan<byte> within = text.Length > MostRecordBytes ? text[..MostRecordBytes] : text;
        bool isFieldStart = true;
        bool isQuoted = false;
        for (int i = 0; i < within.Length; i++)
        {
            byte b = within[i];
            if (isQuoted)
            {
                if (b == '"' && i + 1 < within.Length && within[i + 1] == '"')
                {
                    i++;
                }
                else if (b == '"')
                {
                    isQuoted = false;
                }

                continue;
            }

            if (b == '\n')
            {
                return i + 1;
            }

            isQuoted = b == '"' && isFieldStart;
            isFieldStart = b == delimiter;
        }

        // The record does not end in sight. Is there more to come that may end it?
        bool isWhole = within.Length == text.Length;
        if (isWhole && !isEnd && text.Length < MostRecordBytes)
        {
            return 0;
        }

        return isWhole && isEnd && !isQuoted ? text.Length : line > 0 ? line : isEnd ? text.Length : 0;
    }

    /// <summary>Length of the whole records within the first bytes of a text: a cut that is the same however the text is read.</summary>
    /// <param name="text">Text from the beginning of a record on.</param>
    /// <param name="most">Bytes to stay within.</param>
    /// <param name="format">How records stand in it.</param>
    /// <param name="delimiter">CSV: what stands between fields.</param>
    /// <param name="isEnd">Whether nothing follows the text.</param>
    public static int Cut(ReadOnlySpan<byte> text, int most, BulkFormat format, byte delimiter, bool isEnd)
    {
        int cut = 0;
        while (cut < text.Length)
        {
            int length = Next(text[cut..], format, delimiter, isEnd);
            if (length == 0 || (cut > 0 && cut + length > most))
            {
                break;
            }

            cut += length;
        }

        return cut;
    }
}
