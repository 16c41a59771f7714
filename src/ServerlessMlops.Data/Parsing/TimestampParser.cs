using System.Runtime.CompilerServices;
using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Data.Parsing;

/// <summary>
/// Times from UTF-8: a date (2001-12-31, 2001/12/31; by form also 12/31/2001 or 31.12.2001), and after a space or T optionally hours and minutes,
/// seconds, a fraction of up to nine digits (cut to microseconds), Z or an offset. Years 1 to 9999; without offset UTC.
/// </summary>
public static class TimestampParser
{
    private const long MicrosecondsPerSecond = 1_000_000;
    private const long MicrosecondsPerDay = 86_400 * MicrosecondsPerSecond;

    /// <summary>Reads a time.</summary>
    /// <param name="text">The field.</param>
    /// <param name="form">Which form beside ISO 8601 is read.</param>
    /// <param name="microseconds">Microseconds since 1970-01-01 UTC.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryParse(ReadOnlySpan<byte> text, TimestampForm form, out long microseconds)
    {
        microseconds = 0;
        int i, year, month, day;
        if (text.Length < 8)
        {
            return false;
        }

        if (IsDigit(text[1]) && IsDigit(text[2]) && IsDigit(text[3]))
        {
            if (text.Length < 10 || (text[4] != '-' && text[4] != '/') || text[7] != text[4]
                || !TwoDigits(text, 0, out int century) || !TwoDigits(text, 2, out int rest) || !TwoDigits(text, 5, out month) || !TwoDigits(text, 8, out day))
            {
                return false;
            }

            (year, i) = (century * 100 + rest, 10);
        }
        else
        {
            i = 0;
            if (form == TimestampForm.Iso || !Digits(text, ref i, 2, out int first) || i >= text.Length || text[i] is not ((byte)'/' or (byte)'.' or (byte)'-'))
            {
                return false;
            }

            byte separator = text[i++];
            int before = i;
            if (!Digits(text, ref i, 2, out int second) || i >= text.Length || text[i++] != separator)
            {
                return false;
            }

            before = i;
            if (!Digits(text, ref i, 4, out year) || i - before != 4)
            {
                return false;
            }

            (month, day) = form == TimestampForm.MonthFirst ? (first, second) : (second, first);
        }

        if (year is 0 || month is < 1 or > 12 || day < 1 || (day > 28 && day > DateTime.DaysInMonth(year, month)))
        {
            return false;
        }

        long days = DaysSinceEpoch(year, month, day);
        return TryParseTime(text[i..], out long time) && Set(days * MicrosecondsPerDay + time, out microseconds);
    }

    private static bool Set(long value, out long target)
    {
        target = value;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TryParseTime(ReadOnlySpan<byte> text, out long microseconds)
    {
        microseconds = 0;
        if (text.IsEmpty)
        {
            return true;
        }

        if (text.Length < 5 || (text[0] != ' ' && text[0] != 'T'))
        {
            return false;
        }

        int i = 1;
        int start = i;
        if (!Digits(text, ref i, 2, out int hour) || hour > 23 || i >= text.Length || text[i++] != ':' || i + 2 > text.Length || !TwoDigits(text, i, out int minute) || minute > 59)
        {
            return false;
        }

        i += 2;
        long time = (hour * 60L + minute) * 60;
        if (i < text.Length && text[i] == ':')
        {
            if (i + 3 > text.Length || !TwoDigits(text, i + 1, out int second) || second > 60)
            {
                return false;
            }

            i += 3;
            time += second;
        }

        time *= MicrosecondsPerSecond;
        if (i < text.Length && text[i] is (byte)'.' or (byte)',' && i + 1 < text.Length)
        {
            i++;
            int before = i;
            if (!Digits(text, ref i, 9, out int fraction) || i == before)
            {
                return false;
            }

            int scale = 6 - (i - before);
            for (; scale > 0; scale--)
            {
                fraction *= 10;
            }

            for (; scale < 0; scale++)
            {
                fraction /= 10;
            }

            time += fraction;
        }

        return TryParseZone(text[i..], out long offset) && Set(time - offset, out microseconds);
    }

    private static bool TryParseZone(ReadOnlySpan<byte> text, out long microseconds)
    {
        microseconds = 0;
        if (text.IsEmpty || (text.Length == 1 && text[0] is (byte)'Z' or (byte)'z'))
        {
            return true;
        }

        if (text[0] == ' ')
        {
            text = text[1..];
        }

        if (text.SequenceEqual("UTC"u8) || text.SequenceEqual("GMT"u8))
        {
            return true;
        }

        if (text.Length < 3 || (text[0] != '+' && text[0] != '-') || !TwoDigits(text, 1, out int hours) || hours > 14)
        {
            return false;
        }

        int minutes = 0;
        int rest = text.Length > 3 && text[3] == ':' ? 4 : 3;
        if (text.Length != 3 && (text.Length != rest + 2 || !TwoDigits(text, rest, out minutes) || minutes > 59))
        {
            return false;
        }

        long offset = (hours * 60L + minutes) * 60 * MicrosecondsPerSecond;
        microseconds = text[0] == '-' ? -offset : offset;
        return true;
    }

    /// <summary>Days from 1970-01-01 in the proleptic Gregorian calendar, counted from March so that leap days come last.</summary>
    private static long DaysSinceEpoch(int year, int month, int day)
    {
        int y = month <= 2 ? year - 1 : year;
        int era = y / 400, yearOfEra = y - era * 400;
        int dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
        return era * 146_097L + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsDigit(byte c) => (uint)c - '0' <= 9;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TwoDigits(ReadOnlySpan<byte> text, int at, out int value)
    {
        uint tens = (uint)text[at] - '0', ones = (uint)text[at + 1] - '0';
        value = (int)(tens * 10 + ones);
        return tens <= 9 && ones <= 9;
    }

    private static bool Digits(ReadOnlySpan<byte> text, ref int i, int most, out int value)
    {
        value = 0;
        int start = i;
        while (i < text.Length && i - start < most && IsDigit(text[i]))
        {
            value = value * 10 + (text[i++] - '0');
        }

        return i > start;
    }
}
