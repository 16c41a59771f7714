using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Learners.Metrics;

namespace ServerlessMlops.Core.Evaluation.Gates;

/// <summary>Parses one gate by recursive descent; the first thing that does not fit ends it, with its position.</summary>
internal sealed class GateParser(string text)
{
    private const string Grammar = "a gate reads [slice COLUMN:] METRIC >= NUMBER, or parity(COLUMN) <= NUMBER; instead of a number, champion [- NUMBER]";
    private int _position;
    private string? _fault;

    public bool TryParse([NotNullWhen(true)] out Gate? gate, [NotNullWhen(false)] out string? fault)
    {
        gate = null;
        GateSubject? subject = Subject();
        GateComparison comparison = subject is null ? default : Comparison();
        GateBound? bound = _fault is null ? Bound() : null;
        (string rest, int at) = _fault is null ? Next() : ("", 0);
        if (rest.Length > 0)
        {
            Fail(at, rest, "the end");
        }

        fault = _fault;
        if (fault is not null)
        {
            return false;
        }

        gate = new Gate(text, subject!, comparison, bound!);
        return true;
    }

    private GateSubject? Subject()
    {
        (string name, int at) = Next();
        if (name == "slice" && Peek() is not (">=" or "<=" or ">" or "<"))
        {
            string? column = Column(':');
            (string metric, at) = column is null ? ("", at) : Next();
            return column is null ? null : Metric.All.Any(m => m.Name == metric) ? new GateSubject(GateSubjectKind.Slice, metric, column) : Unknown(metric, at, Metric.All.Select(m => m.Name));
        }

        if (name is "parity" or "odds")
        {
            (string open, int next) = Next();
            if (open != "(")
            {
                return Fail(next, open, $"'(' and a column, such as {name}(carrier)");
            }

            return Column(')') is { } column ? new GateSubject(name == "parity" ? GateSubjectKind.Parity : GateSubjectKind.Odds, name, column) : null;
        }

        return Gate.Costs.Contains(name) ? new GateSubject(GateSubjectKind.Cost, name)
            : Metric.All.Any(m => m.Name == name) ? new GateSubject(GateSubjectKind.Metric, name)
            : Unknown(name, at, [.. Metric.All.Select(m => m.Name), .. Gate.Costs, "slice", "parity", "odds"]);
    }

    /// <summary>A column's name: all up to the character that ends it, so that names with spaces and signs can be given.</summary>
    private string? Column(char end)
    {
        int to = text.IndexOf(end, _position);
        string name = text[_position..(to < 0 ? text.Length : to)].Trim();
        if (to < 0 || name.Length == 0)
        {
            Fail((to < 0 ? text.Length : _position) + 1, to < 0 ? "" : $"{end}", to < 0 ? $"'{end}' after the column" : "the name of a column");
            return null;
        }

        _position = to + 1;
        return name;
    }

    private GateComparison Comparison()
    {
        (string symbol, int at) = Next();
        switch (symbol)
        {
            case ">=":
                return GateComparison.AtLeast;
            case ">":
                return GateComparison.Above;
            case "<=":
                return GateComparison.AtMost;
            case "<":
                return GateComparison.Below;
            default:
                Fail(at, symbol, "'>=', '>', '<=' or '<'");
                return default;
        }
    }

    private GateBound? Bound()
    {
        if (Peek() != "champion")
        {
            return Number("a number or 'champion'", signed: true) is { } plain ? new GateBound(0, plain) : null;
        }

        Next();
        (string sign, int at) = Next();
        switch (sign)
        {
            case "":
                return new GateBound(1, 0);
            case "+":
                return Number("a number") is { } more ? new GateBound(1, more) : null;
            case "-":
                return Number("a number") is { } less ? new GateBound(1, -less) : null;
            case "*":
                (string factor, int place) = (Peek(), _position);
                return Number("a number") switch
                {
                    null => null,
                    0 => FailBound(place + 1, factor),
                    { } share => new GateBound(share, 0),
                };
            default:
                Fail(at, sign, "'+', '-', '*' or the end");
                return null;
        }
    }

    private GateBound? FailBound(int at, string found)
    {
        Fail(at, found, "a factor above 0");
        return null;
    }

    private double? Number(string expected, bool signed = false)
    {
        (string token, int at) = Next();
        bool negative = signed && token == "-";
        if (negative)
        {
            (token, at) = Next();
        }

        if (!double.TryParse(token, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double number) || !double.IsFinite(number))
        {
            Fail(at, token, negative ? "a number" : expected);
            return null;
        }

        return negative ? -number : number;
    }

    private GateSubject? Unknown(string found, int at, IEnumerable<string> known)
    {
        string[] names = [.. known];
        Fail(at, found, $"one of {string.Join(", ", names)}");
        if (Spelling.DidYouMean(found, names) is { Length: > 0 } question)
        {
            _fault += "." + question;
        }

        return null;
    }

    private GateSubject? Fail(int at, string found, string expected)
    {
        _fault = $"at position {at}: found {(found.Length == 0 ? "the end" : $"'{found}'")}, expected {expected}; {Grammar}";
        return null;
    }

    private string Peek()
    {
        int position = _position;
        string token = Next().Token;
        _position = position;
        return token;
    }

    /// <summary>The next token and its position, counted from 1; empty at the end.</summary>
    private (string Token, int At) Next()
    {
        Skip(char.IsWhiteSpace);
        int start = _position;
        if (start == text.Length)
        {
            return ("", start + 1);
        }

        char first = text[_position++];
        if (char.IsAsciiLetter(first))
        {
            Skip(static c => char.IsAsciiLetterOrDigit(c) || c == '_');
        }
        else if (char.IsAsciiDigit(first) || first == '.')
        {
            Skip(static c => char.IsAsciiLetterOrDigit(c) || c == '.');
            if (text[_position - 1] is ('e' or 'E') && _position < text.Length && text[_position] is ('-' or '+'))
            {
                _position++;
                Skip(char.IsAsciiDigit);
            }
        }
        else if (first is '<' or '>')
        {
            Skip(static c => c == '=');
        }

        return (text[start.._position], start + 1);
    }

    private void Skip(Func<char, bool> more)
    {
        while (_position < text.Length && more(text[_position]))
        {
            _position++;
        }
    }
}
