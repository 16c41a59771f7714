using System.Runtime.CompilerServices;
using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Data.Parsing;

/// <summary>Parses fields of one type.</summary>
internal interface IFieldParser<TValue>
{
    /// <summary>What is expected, in words.</summary>
    string Expected { get; }

    /// <summary>Parses a field without spaces around it; what is no value of the type becomes the type's mark of a missing one.</summary>
    bool TryParse(ReadOnlySpan<byte> text, out TValue value);

    /// <summary>Whether a field that is no value of the type is a number nevertheless, so that the column may be one of numbers.</summary>
    bool IsOtherNumber(ReadOnlySpan<byte> text);
}

/// <summary>Numbers, with a decimal point or comma.</summary>
internal readonly struct NumberField(ColumnSchema schema) : IFieldParser<double>
{
    private readonly byte _point = schema.DecimalComma ? (byte)',' : (byte)'.';

    public string Expected => "a number";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryParse(ReadOnlySpan<byte> text, out double value)
    {
        if (NumberParser.TryParseNumber(text, _point, out value))
        {
            return true;
        }

        value = double.NaN;
        return false;
    }

    public bool IsOtherNumber(ReadOnlySpan<byte> text) => false;
}

/// <summary>Whole numbers, also such as 12.0 or 1e3, as tools write that know only floating point.</summary>
internal readonly struct IntegerField : IFieldParser<long>
{
    public string Expected => "a whole number";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryParse(ReadOnlySpan<byte> text, out long value) => NumberParser.TryParseInteger(text, out value) || IsWholeNumber(text, out value);

    public bool IsOtherNumber(ReadOnlySpan<byte> text) => NumberParser.TryParseNumber(text, (byte)'.', out _);

    private static bool IsWholeNumber(ReadOnlySpan<byte> text, out long value)
    {
        bool whole = NumberParser.TryParseNumber(text, (byte)'.', out double number) && Math.Abs(number) < 1L << 53 && Math.Floor(number) == number;
        value = whole ? (long)number : IntegerColumn.Missing;
        return whole;
    }
}

/// <summary>Times.</summary>
internal readonly struct TimestampField(ColumnSchema schema) : IFieldParser<long>
{
    private readonly TimestampForm _form = schema.TimestampForm;

    public string Expected => _form switch
    {
        TimestampForm.MonthFirst => "a time such as 12/31/2001 or 2001-12-31T06:15:00",
        TimestampForm.DayFirst => "a time such as 31/12/2001 or 2001-12-31T06:15:00",
        _ => "a time such as 2001-12-31 or 2001-12-31T06:15:00",
    };

    public bool TryParse(ReadOnlySpan<byte> text, out long value)
    {
        if (TimestampParser.TryParse(text, _form, out value))
        {
            return true;
        }

        value = TimestampColumn.Missing;
        return false;
    }

    public bool IsOtherNumber(ReadOnlySpan<byte> text) => false;
}

/// <summary>True or false.</summary>
internal readonly struct BooleanField : IFieldParser<byte>
{
    public string Expected => "true or false (also yes/no, t/f, y/n, 1/0)";

    public bool TryParse(ReadOnlySpan<byte> text, out byte value)
    {
        int parsed = text.Length == 1 && text[0] is (byte)'0' or (byte)'1' ? text[0] - '0' : Words.ParseBoolean(text);
        value = parsed < 0 ? BooleanColumn.Missing : (byte)parsed;
        return parsed >= 0;
    }

    public bool IsOtherNumber(ReadOnlySpan<byte> text) => false;
}
