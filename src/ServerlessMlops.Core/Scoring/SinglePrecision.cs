using System.Buffers.Text;
using System.Runtime.CompilerServices;

namespace ServerlessMlops.Core.Scoring;

/// <summary>
/// Reads decimal numbers as the nearest double rounded to single precision, which is what training does with them, in a fraction of the time.
/// </summary>
/// <remarks>
/// Up to 19 digits fit an unsigned 64-bit integer; its double and the division by a power of ten (exact up to 10^22) each err by at most half
/// a unit in the last place, so the quotient is within a relative 2^-51 of the truth. Where everything in that neighbourhood rounds to one
/// single-precision number, it is the answer; else (about once in a million) the exact parser decides.
/// </remarks>
public static class SinglePrecision
{
    private const double Neighbourhood = 1.0 / (1L << 51);
    private const int MostDigits = 19;

    private static readonly double[] PowersOfTen =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];

    /// <summary>Reads a whole token, such as <c>-12.5e3</c>.</summary>
    /// <param name="token">The token in UTF-8, without white space.</param>
    /// <param name="value">The number; infinite where it is beyond single precision.</param>
    /// <returns>Whether the whole token is a number.</returns>
    public static bool TryParse(ReadOnlySpan<byte> token, out float value) =>
        (TryParsePrefix(token, out value, out int length) && length == token.Length) || TryParseExact(token, out value);

    /// <summary>
    /// Reads the plain number (digits, at most one point, no exponent) that <paramref name="text"/> begins with, as JSON allows it; false where
    /// it is not plain, or not settled by the quick way.
    /// </summary>
    /// <param name="text">Text that begins with the number.</param>
    /// <param name="value">The number.</param>
    /// <param name="length">Bytes that it takes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryParsePrefix(ReadOnlySpan<byte> text, out float value, out int length)
    {
        value = 0;
        length = 0;
        int i = 0;
        bool negative = text.Length > 0 && text[0] == '-';
        if (negative)
        {
            i++;
        }

        int start = i;
        ulong digits = 0;
        uint digit;
        while ((uint)i < (uint)text.Length && (digit = (uint)(text[i] - '0')) <= 9)
        {
            digits = (digits * 10) + digit;
            i++;
        }

        int whole = i - start;
        if (whole == 0 || (whole > 1 && text[start] == '0'))
        {
            return false;
        }

        int scale = 0;
        if ((uint)i < (uint)text.Length && text[i] == '.')
        {
            int point = ++i;
            while ((uint)i < (uint)text.Length && (digit = (uint)(text[i] - '0')) <= 9)
            {
                digits = (digits * 10) + digit;
                i++;
            }

            scale = i - point;
            if (scale == 0)
            {
                return false;
            }
        }

        if (whole + scale > MostDigits || ((uint)i < (uint)text.Length && (text[i] | 0x20) == 'e'))
        {
            return false;
        }

        double quotient = digits / PowersOfTen[scale];
        double error = quotient * Neighbourhood;
        float low = (float)(quotient - error);
        if (low != (float)(quotient + error))
        {
            return false;
        }

        value = negative ? -low : low;
        length = i;
        return true;
    }

    private static bool TryParseExact(ReadOnlySpan<byte> token, out float value)
    {
        if (Utf8Parser.TryParse(token, out double exact, out int consumed) && consumed == token.Length && !double.IsNaN(exact))
        {
            value = (float)exact;
            return true;
        }

        value = 0;
        return false;
    }
}
