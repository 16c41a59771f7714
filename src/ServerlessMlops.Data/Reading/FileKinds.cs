using System.Text;

namespace ServerlessMlops.Data.Reading;

/// <summary>Tells what is no table of text from a file's first bytes.</summary>
internal static class FileKinds
{
    private static readonly (byte[] Magic, string Kind)[] Known =
    [
        ("PAR1"u8.ToArray(), "a Parquet file"),
        ("ARROW1"u8.ToArray(), "an Arrow file"),
        ([0x28, 0xB5, 0x2F, 0xFD], "compressed with Zstandard"),
        ("BZh"u8.ToArray(), "compressed with bzip2"),
        ([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], "compressed with xz"),
        ([(byte)'7', (byte)'z', 0xBC, 0xAF], "a 7-Zip archive"),
        ("%PDF"u8.ToArray(), "a PDF document"),
        ([0xD0, 0xCF, 0x11, 0xE0], "an old Office document"),
        ([0x89, (byte)'P', (byte)'N', (byte)'G'], "a PNG image"),
        ([0xFF, 0xD8, 0xFF], "a JPEG image"),
        ("SQLite format 3"u8.ToArray(), "an SQLite database"),
        ([0x1F, 0x8B], "gzip inside a packed file"),
        ("PK\u0003\u0004"u8.ToArray(), "an archive inside a packed file"),
        ("Obj\u0001"u8.ToArray(), "an Avro file"),
        ("ORC"u8.ToArray(), "an ORC file"),
    ];

    private static readonly (byte[] Mark, string Kind)[] Markup =
    [
        ("<!doctype html"u8.ToArray(), "an HTML page, perhaps a sign-in page that was saved in the export's place"),
        ("<html"u8.ToArray(), "an HTML page, perhaps a sign-in page that was saved in the export's place"),
        ("<?xml"u8.ToArray(), "an XML document"),
    ];

    /// <summary>What the file is, in words, if it is known to be no text; null otherwise.</summary>
    public static string? Foreign(ReadOnlySpan<byte> head)
    {
        foreach (var (magic, kind) in Known)
        {
            // Short printable marks could begin a header, so they count only before something that is no text.
            if (head.StartsWith(magic) && (magic.Any(b => b is < 32 or > 126) || magic.Length > 4 || IsBinary(head)))
            {
                return kind;
            }
        }

        var text = head.TrimStart("\uFEFF \t\r\n"u8);
        foreach (var (mark, kind) in Markup)
        {
            if (text.Length >= mark.Length && Ascii.EqualsIgnoreCase(text[..mark.Length], mark))
            {
                return kind;
            }
        }

        return null;
    }

    /// <summary>Whether every other byte is NUL, as in UTF-16 of Latin letters.</summary>
    public static bool LooksUtf16(ReadOnlySpan<byte> head)
    {
        int even = 0, odd = 0;
        for (int i = 0; i + 1 < head.Length; i += 2)
        {
            even += head[i] == 0 ? 1 : 0;
            odd += head[i + 1] == 0 ? 1 : 0;
        }

        int pairs = head.Length / 2;
        return pairs > 4 && (even == 0 ? odd * 10 > pairs * 8 : odd == 0 && even * 10 > pairs * 8);
    }

    /// <summary>Whether the bytes hold NUL, or more than one control character in a hundred.</summary>
    public static bool IsBinary(ReadOnlySpan<byte> head)
    {
        int control = 0;
        foreach (byte b in head)
        {
            if (b == 0)
            {
                return true;
            }

            if (b < 32 && b is not ((byte)'\t' or (byte)'\n' or (byte)'\r' or 0x0C or 0x1B))
            {
                control++;
            }
        }

        return control * 100 > head.Length;
    }
}
