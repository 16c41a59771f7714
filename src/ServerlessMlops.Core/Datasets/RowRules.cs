using System.Text;
using System.Text.RegularExpressions;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Parsing;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Core.Datasets;

/// <summary>
/// One row rule of a spec, applied to chunks on several threads: it sets rows aside (severity error) and counts what it saw. A category is judged
/// once per name, not once per row.
/// </summary>
internal sealed class RowRule : IChunkCheck
{
    private readonly Expectation _expectation;
    private readonly string _column;
    private readonly string _rule;
    private readonly string _expected;
    private readonly double _low = double.NegativeInfinity;
    private readonly double _high = double.PositiveInfinity;
    private readonly HashSet<string>? _names;
    private readonly HashSet<double>? _numbers;
    private readonly Regex? _pattern;
    private long _values;
    private long _broken;

    public RowRule(Expectation expectation)
    {
        _expectation = expectation;
        _column = expectation.Column!;
        _rule = ExpectationNames.Rule(expectation);
        if (expectation.Between is { } between)
        {
            _expected = $"{between[0] ?? "anything"} to {between[1] ?? "anything"}";
            _low = between[0] is { } low ? ExpectationBound.Parse(low)!.Value : _low;
            _high = between[1] is { } high ? ExpectationBound.Parse(high)!.Value : _high;
        }
        else if ((expectation.In ?? expectation.NotIn) is { } names)
        {
            _names = new HashSet<string>(names, StringComparer.Ordinal);
            string list = string.Join(", ", names.Take(10)) + (names.Count > 10 ? ", ..." : "");
            _expected = expectation.In is not null ? $"one of {list}" : $"none of {list}";
            _numbers = [.. names.Select(ExpectationBound.Parse).OfType<ExpectationBound>().Where(b => !b.IsTime).Select(b => b.Value)];
        }
        else if (expectation.Matches is { } pattern)
        {
            _expected = $"text that matches {pattern}";
            _pattern = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        else if (expectation.AtMostColumn is { } other)
        {
            _expected = $"at most the value of '{other}'";
        }
        else
        {
            _expected = "a value";
        }
    }

    /// <summary>Whether an expectation is a rule of this kind.</summary>
    public static bool Is(Expectation e) => e.Between is not null || e.In is not null || e.NotIn is not null || e.Matches is not null || e.AtMostColumn is not null || e.NotNull == true;

    public Expectation Expectation => _expectation;

    public string Rule => _rule;

    public string Expected => _expected;

    /// <summary>Values judged.</summary>
    public long Values => Interlocked.Read(ref _values);

    /// <summary>Values that break the rule.</summary>
    public long Broken => Interlocked.Read(ref _broken);

    /// <summary>Why the rule cannot be applied to columns of these types, or null if it can.</summary>
    public string? Unfit(TableSchema schema)
    {
        bool times = _expectation.Between?.Any(b => b is not null && ExpectationBound.Parse(b)!.IsTime) == true;
        return schema.Find(_column)?.Type is not { } type ? null
            : _expectation.Between is not null && (!IsOrdered(type) || times != (type == ColumnType.Timestamp)) ? $"'between' needs {(times ? "times" : "numbers")}"
            : _expectation.AtMostColumn is { } name && schema.Find(name)?.Type is { } other && (!IsOrdered(type) || !IsOrdered(other) || (other == ColumnType.Timestamp) != (type == ColumnType.Timestamp))
                ? $"'atMostColumn' needs two columns of numbers, or of times ('{name}' is read as {other})"
            : null;
    }

    /// <summary>Whether values of that type have an order by which rules can judge them.</summary>
    public static bool IsOrdered(ColumnType type) => type is ColumnType.Number or ColumnType.Integer or ColumnType.Timestamp;

    public void Check(ColumnTable table, ChunkFaults faults)
    {
        int index = table.Schema.IndexOf(_column);
        if (index < 0)
        {
            return;
        }

        var column = table.Columns[index];
        var other = _expectation.AtMostColumn is { } name && table.Schema.IndexOf(name) is var o and >= 0 ? table.Columns[o] : null;
        var byName = column is CategoryColumn categories && (_names is not null || _pattern is not null) ? JudgeNames(categories) : null;
        long values = 0, broken = 0;
        for (int row = 0; row < table.RowCount; row++)
        {
            // Rows that another rule sets aside are judged as well: a row has all its reasons, and no rule depends on those before it.
            if (faults.IsUnread(row))
            {
                continue;
            }

            bool missing = column.IsMissing(row);
            if (missing && _expectation.NotNull != true)
            {
                continue;
            }

            values++;
            bool holds = !missing && (byName is not null ? byName[((CategoryColumn)column).Codes[row]] : Holds(column, other, row));
            if (!holds)
            {
                broken++;
                if (_expectation.Severity == ExpectationSeverity.Error)
                {
                    faults.Add(row, _column, _rule, column.TextAt(row), _expected);
                }
            }
        }

        Interlocked.Add(ref _values, values);
        Interlocked.Add(ref _broken, broken);
    }

    private bool[] JudgeNames(CategoryColumn column)
    {
        var holds = new bool[column.Dictionary.Count];
        for (int code = 0; code < holds.Length; code++)
        {
            holds[code] = HoldsText(Encoding.UTF8.GetString(column.Dictionary.Utf8Of(code)));
        }

        return holds;
    }

    private bool Holds(Column column, Column? other, int row)
    {
        if (_expectation.Between is not null)
        {
            return Number(column, row) is var value && value >= _low && value <= _high;
        }

        if (_expectation.AtMostColumn is not null)
        {
            return other is null || other.IsMissing(row) || Number(column, row) <= Number(other, row);
        }

        if (_numbers is not null && column is NumberColumn or IntegerColumn)
        {
            return _numbers.Contains(Number(column, row)) == _expectation.In is not null;
        }

        return _expectation.NotNull == true || HoldsText(column.TextAt(row));
    }

    private bool HoldsText(string text) => _pattern is not null ? _pattern.IsMatch(text) : _names!.Contains(text) == _expectation.In is not null;

    private static double Number(Column column, int row) => column switch
    {
        NumberColumn numbers => numbers.Values[row],
        IntegerColumn integers => integers.Values[row],
        TimestampColumn times => times.Values[row],
        _ => double.NaN,
    };
}
