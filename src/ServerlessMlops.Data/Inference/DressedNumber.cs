using System.Buffers;
using System.Text;

namespace ServerlessMlops.Data.Inference;

/// <summary>Tells numbers as people write them (<c>$1,234.50</c>, <c>1.234,56</c>, <c>12 %</c>), which are not read as numbers, from other text.</summary>
internal static class DressedNumber
{
    private const int MaxLength = 32;
    private static readonly SearchValues<byte> Plain = SearchValues.Create("0123456789.,'"u8);
    private static readonly byte[][] Signs = [.. new[] { "$", "€", "£", "¥", "%" }.Select(Encoding.UTF8.GetBytes)];

    /// <summary>Whether a field is such a number. Plain numbers and times are to be told before.</summary>
    public static bool Is(ReadOnlySpan<byte> text)
    {
        if (text.Length > MaxLength || char.IsAsciiLetter((char)text[0]) || !text.ContainsAnyInRange((byte)'0', (byte)'9'))
        {
            return false;
        }

        var bare = Bare(Bare(text.Trim("+-() "u8)).Trim("+-() "u8));
        if (bare.IsEmpty || bare.ContainsAnyExcept(Plain))
        {
            return false;
        }

        // Groups of three digits, all with one separator; behind another one any number of decimals.
        int first = bare.IndexOfAny(".,'"u8);
        if (first < 0)
        {
            return bare.Length < text.Length;
        }

        byte separator = bare[first];
        int decimals = bare.LastIndexOfAnyExceptInRange((byte)'0', (byte)'9');
        bool pointed = bare[decimals] != separator || (first == decimals && bare.Length - decimals != 4);
        var whole = pointed ? bare[..decimals] : bare;
        bool grouped = false;
        for (int end = whole.Length; ;)
        {
            int at = whole[..end].LastIndexOf(separator);
            if (at < 0)
            {
                return end is > 0 and <= 3 || (end > 0 && !grouped && bare.Length < text.Length);
            }

            if (end - at != 4)
            {
                return false;
            }

            grouped = true;
            end = at;
        }
    }

    private static ReadOnlySpan<byte> Bare(ReadOnlySpan<byte> text)
    {
        foreach (byte[] sign in Signs)
        {
            text = text.StartsWith(sign) ? text[sign.Length..] : text.EndsWith(sign) ? text[..^sign.Length] : text;
        }

        return text;
    }
}
