using System.Runtime.CompilerServices;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Parsing;

namespace ServerlessMlops.Data.Inference;

/// <summary>What the sampled values of a column look like, and the type that follows.</summary>
internal sealed class ColumnEvidence
{
    private const int MaxDistinct = 100_000;
    private readonly HashSet<ulong> _distinct = [];
    private long _values;
    private long _missing;
    private long _booleans;
    private long _integers;
    private long _numbers;
    private long _commaNumbers;
    private long _iso;
    private long _monthFirst;
    private long _dayFirst;
    private long _leadingZeros;
    private long _bytes;
    private long _spaces;
    private long _dressed;
    private long _grouped;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(ReadOnlySpan<byte> field)
    {
        var text = field.Trim(" \t\r\n"u8);
        if (Words.IsMissing(text))
        {
            _missing++;
            return;
        }

        _values++;
        _bytes += text.Length;
        if (_distinct.Count < MaxDistinct)
        {
            _distinct.Add(Utf8Hash.Of(text));
        }

        byte first = text[0];
        if (first is >= (byte)'0' and <= (byte)'9' or (byte)'-' or (byte)'+' or (byte)'.' or (byte)',')
        {
            AddNumeric(text);
        }
        else
        {
            _booleans += Words.ParseBoolean(text) >= 0 ? 1 : 0;
            _spaces += text.Contains((byte)' ') ? 1 : 0;
            _dressed += DressedNumber.Is(text) ? 1 : 0;
        }
    }

    /// <summary>The type, and why.</summary>
    /// <param name="column">The column's name.</param>
    /// <param name="commaSeparates">Whether commas lie between fields: then <c>1,234</c> is rather a thousand than a decimal comma.</param>
    public InferredColumn Decide(string column, bool commaSeparates)
    {
        bool thousands = commaSeparates && _grouped == _commaNumbers - _integers;
        // A few odd cells in a hundred do not change what a column is: their rows are set aside with the reason.
        bool Nearly(long count) => _values > 0 && count >= _values - _values / 100;
        int distinct = _distinct.Count;
        ColumnSchema Of(ColumnType type) => new(column, type);
        var (schema, reason) = _values == 0 ? (Of(ColumnType.Category), "no value in the sample")
            : Nearly(_booleans) && distinct <= 6 ? (Of(ColumnType.Boolean), "words for true and false")
            : Nearly(_integers) && _leadingZeros == 0 ? (Of(ColumnType.Integer), "whole numbers")
            : Nearly(_numbers) && _leadingZeros == 0 ? (Of(ColumnType.Number), "numbers")
            : !thousands && Nearly(_commaNumbers) && _commaNumbers > _integers && _leadingZeros == 0 ? (Of(ColumnType.Number) with { DecimalComma = true }, "numbers with a decimal comma")
            : Nearly(_iso) ? (Of(ColumnType.Timestamp), "times, year first")
            : Nearly(_monthFirst) ? (Of(ColumnType.Timestamp) with { TimestampForm = TimestampForm.MonthFirst }, "times, month first")
            : Nearly(_dayFirst) ? (Of(ColumnType.Timestamp) with { TimestampForm = TimestampForm.DayFirst }, "times, day first")
            : _values >= 50 && distinct > 0.95 * Math.Min(_values, MaxDistinct) && _spaces * 2 < _values && _bytes / _values <= 64 ? (Of(ColumnType.Identifier), "nearly every value differs")
            : _values >= 50 && (_bytes / _values > 60 || (distinct > 0.5 * Math.Min(_values, MaxDistinct) && _bytes / _values > 24)) ? (Of(ColumnType.Text), "long and mostly different")
            : _values >= 50 && distinct > 0.8 * Math.Min(_values, MaxDistinct) ? (Of(ColumnType.Identifier), "most values differ")
            : (Of(ColumnType.Category), _leadingZeros > 0 ? "digits with leading zeros" : "names that repeat");
        bool eitherForm = schema.Type == ColumnType.Timestamp && !Nearly(_iso) && Nearly(_monthFirst) && Nearly(_dayFirst);
        string? caution = eitherForm ? "day and month cannot be told apart; it is read month first unless earlier uploads were read otherwise. Write year-month-day."
            : _dressed + _grouped > 0 && schema.Type is not (ColumnType.Number or ColumnType.Integer or ColumnType.Timestamp) && Nearly(_dressed + Math.Max(_numbers, _commaNumbers))
                ? "looks like numbers with a currency sign, a percent sign or grouped thousands, which are not read as numbers. Write plain numbers such as 1234.5."
            : null;
        return new InferredColumn(schema, reason, _values, _missing, distinct) { EitherForm = eitherForm, Caution = caution };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddNumeric(ReadOnlySpan<byte> text)
    {
        if (NumberParser.TryParseInteger(text, out _))
        {
            _integers++;
            _numbers++;
            _commaNumbers++;
            _leadingZeros += text.Length > 1 && text[0] == '0' ? 1 : 0;
        }
        else if (NumberParser.TryParseNumber(text, (byte)'.', out _))
        {
            _numbers++;
        }
        else if (NumberParser.TryParseNumber(text, (byte)',', out _))
        {
            _commaNumbers++;
            _grouped += text.Length - text.IndexOf((byte)',') == 4 ? 1 : 0;
        }
        else
        {
            bool iso = TimestampParser.TryParse(text, TimestampForm.Iso, out _);
            _iso += iso ? 1 : 0;
            _monthFirst += iso || TimestampParser.TryParse(text, TimestampForm.MonthFirst, out _) ? 1 : 0;
            _dayFirst += iso || TimestampParser.TryParse(text, TimestampForm.DayFirst, out _) ? 1 : 0;
            _dressed += DressedNumber.Is(text) ? 1 : 0;
        }
    }
}

/// <summary>A column's inferred type with its evidence.</summary>
/// <param name="Schema">Name and type.</param>
/// <param name="Reason">Why, in a few words.</param>
/// <param name="Values">Values in the sample that are there.</param>
/// <param name="Missing">Values in the sample that are missing.</param>
/// <param name="Distinct">Different values in the sample, counted up to 100,000.</param>
public sealed record InferredColumn(ColumnSchema Schema, string Reason, long Values, long Missing, int Distinct)
{
    /// <summary>Whether the times of the sample can be read month first and day first.</summary>
    public bool EitherForm { get; init; }

    /// <summary>What a person should look at before trusting the type, in a sentence without the column's name; null where nothing is odd.</summary>
    public string? Caution { get; init; }
}
