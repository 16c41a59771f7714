using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace ServerlessMlops.Data.Parsing;

/// <summary>
/// Numbers from UTF-8. Up to 19 significant digits are gathered into an integer; with at most 15 of them and a power of ten within 10^22 one
/// multiplication or division of two exact doubles gives the correctly rounded result (Clinger 1990); the rest goes to the framework's parser.
/// </summary>
public static class NumberParser
{
    private static readonly double[] PowersOfTen =
    [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];

    private static readonly SearchValues<byte> NumberCharacters = SearchValues.Create("0123456789+-.,eE"u8);

    /// <summary>Reads an optional sign and digits, within 64 bits and not -2^63.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryParseInteger(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        int i = 0;
        bool negative = false;
        if (text.Length > 0 && (text[0] == '-' || text[0] == '+'))
        {
            negative = text[0] == '-';
            i = 1;
        }

        int digits = text.Length - i;
        if (digits is 0 or > 19)
        {
            return digits > 19 && TryParseLongInteger(text, out value);
        }

        ulong sum = 0;
        for (; i < text.Length; i++)
        {
            uint digit = (uint)text[i] - '0';
            if (digit > 9)
            {
                return false;
            }

            sum = sum * 10 + digit;
        }

        if (sum > long.MaxValue)
        {
            return false;
        }

        value = negative ? -(long)sum : (long)sum;
        return true;
    }

    /// <summary>Reads a finite decimal number, with or without exponent.</summary>
    /// <param name="text">The field.</param>
    /// <param name="point">The decimal separator, '.' or ','.</param>
    /// <param name="value">The nearest double.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryParseNumber(ReadOnlySpan<byte> text, byte point, out double value)
    {
        int i = 0;
        bool negative = false;
        if (text.Length > 0 && (text[0] == '-' || text[0] == '+'))
        {
            negative = text[0] == '-';
            i = 1;
        }

        ulong mantissa = 0;
        int firstDigit = i, scale = 0;
        for (; i < text.Length; i++)
        {
            uint digit = (uint)text[i] - '0';
            if (digit > 9)
            {
                break;
            }

            mantissa = mantissa * 10 + digit;
        }

        int digits = i - firstDigit;
        if (i < text.Length && text[i] == point)
        {
            int firstDecimal = ++i;
            for (; i < text.Length; i++)
            {
                uint digit = (uint)text[i] - '0';
                if (digit > 9)
                {
                    break;
                }

                mantissa = mantissa * 10 + digit;
            }

            scale = i - firstDecimal;
            digits += scale;
        }

        if (i == text.Length && digits is > 0 and <= 19 && scale <= 22 && mantissa < 1UL << 53)
        {
            double magnitude = mantissa / PowersOfTen[scale];
            value = negative ? -magnitude : magnitude;
            return true;
        }

        return TryParseSlowly(text, point, out value);
    }

    private static bool TryParseLongInteger(ReadOnlySpan<byte> text, out long value) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value != long.MinValue;

    private static bool TryParseSlowly(ReadOnlySpan<byte> text, byte point, out double value)
    {
        const NumberStyles style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        value = 0;
        if (text.IsEmpty || text.Length > 1000 || text.ContainsAnyExcept(NumberCharacters))
        {
            return false;
        }

        if (point == '.')
        {
            return double.TryParse(text, style, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
        }

        Span<byte> pointed = stackalloc byte[text.Length];
        if (text.Contains((byte)'.'))
        {
            return false;
        }

        text.Replace(pointed, point, (byte)'.');
        return double.TryParse(pointed, style, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
    }
}
