using System.Globalization;

namespace ServerlessMlops.Core.Evaluation;

/// <summary>How a gate compares.</summary>
public enum GateComparison
{
    /// <summary><c>&gt;=</c></summary>
    AtLeast,

    /// <summary><c>&gt;</c></summary>
    Above,

    /// <summary><c>&lt;=</c></summary>
    AtMost,

    /// <summary><c>&lt;</c></summary>
    Below,
}

/// <summary>
/// One gate of a spec, such as <c>auc &gt;= 0.70</c> or <c>auc &gt;= champion - 0.005</c>: a metric of the candidate, a comparison, and a bound
/// that is a number, or the champion's value of the same metric plus or minus a number.
/// </summary>
/// <param name="Text">The gate as the spec writes it.</param>
/// <param name="Metric">Name of the metric.</param>
/// <param name="Comparison">The comparison.</param>
/// <param name="RelativeToChampion">Whether <paramref name="Bound"/> is added to the champion's value.</param>
/// <param name="Bound">The number.</param>
public sealed record Gate(string Text, string Metric, GateComparison Comparison, bool RelativeToChampion, double Bound)
{
    private const string Grammar = "expected: METRIC >= NUMBER, or METRIC >= champion - NUMBER (also >, <=, <, +)";

    /// <summary>Decides the gate.</summary>
    /// <param name="candidate">The candidate's metrics.</param>
    /// <param name="champion">The champion's metrics on the same rows; null when nothing serves yet.</param>
    public Registry.GateVerdict Decide(IReadOnlyDictionary<string, double> candidate, IReadOnlyDictionary<string, double>? champion)
    {
        if (!candidate.TryGetValue(Metric, out double value))
        {
            return Verdict(false, $"the candidate has no metric '{Metric}'; it has {string.Join(", ", candidate.Keys.Order(StringComparer.Ordinal))}");
        }

        double bound = Bound;
        if (RelativeToChampion)
        {
            if (champion is null)
            {
                return Verdict(true, $"{Metric} is {Number(value)}, and no champion serves yet to compare with");
            }

            if (!champion.TryGetValue(Metric, out double championValue))
            {
                return Verdict(false, $"the champion has no metric '{Metric}' to compare with");
            }

            bound += championValue;
        }

        // A metric that is not a number (one class only in the hold-out, say) decides nothing, so it does not let a model through.
        bool passed = Comparison switch
        {
            GateComparison.AtLeast => value >= bound,
            GateComparison.Above => value > bound,
            GateComparison.AtMost => value <= bound,
            _ => value < bound,
        };
        string against = RelativeToChampion ? $"{Symbol} {Number(bound)} (the champion's {Number(bound - Bound)} {(Bound < 0 ? '-' : '+')} {Number(Math.Abs(Bound))})" : $"{Symbol} {Number(bound)}";
        return Verdict(passed, passed ? $"{Metric} is {Number(value)}, {against}" : $"{Metric} is {Number(value)}, not {against}");
    }

    /// <summary>Parses one gate.</summary>
    /// <param name="text">As the spec writes it.</param>
    /// <param name="gate">The gate, on success.</param>
    /// <param name="fault">What was found at which position (1 is the first character) and what was expected, on failure.</param>
    public static bool TryParse(string text, out Gate? gate, out string? fault)
    {
        gate = null;
        var reader = new TokenReader(text);
        (string metric, int at) = reader.Next();
        if (!IsName(metric))
        {
            return Fail(at, metric, "the name of a metric", out fault);
        }

        (string symbol, at) = reader.Next();
        GateComparison? comparison = symbol switch { ">=" => GateComparison.AtLeast, ">" => GateComparison.Above, "<=" => GateComparison.AtMost, "<" => GateComparison.Below, _ => null };
        if (comparison is null)
        {
            return Fail(at, symbol, "'>=', '>', '<=' or '<'", out fault);
        }

        (string operand, at) = reader.Next();
        bool relative = operand == "champion";
        double bound = 0;
        if (relative)
        {
            (string sign, at) = reader.Next();
            if (sign is not ("" or "+" or "-"))
            {
                return Fail(at, sign, "'+', '-' or the end", out fault);
            }

            if (sign.Length > 0)
            {
                (operand, at) = reader.Next();
                if (!IsNumber(operand, out bound))
                {
                    return Fail(at, operand, "a number", out fault);
                }

                bound = sign == "-" ? -bound : bound;
            }
        }
        else if (operand == "-")
        {
            (operand, at) = reader.Next();
            if (!IsNumber(operand, out bound))
            {
                return Fail(at, operand, "a number", out fault);
            }

            bound = -bound;
        }
        else if (!IsNumber(operand, out bound))
        {
            return Fail(at, operand, "a number or 'champion'", out fault);
        }

        (string rest, at) = reader.Next();
        if (rest.Length > 0)
        {
            return Fail(at, rest, "the end", out fault);
        }

        gate = new Gate(text, metric, comparison.Value, relative, bound);
        fault = null;
        return true;
    }

    private string Symbol => Comparison switch { GateComparison.AtLeast => ">=", GateComparison.Above => ">", GateComparison.AtMost => "<=", _ => "<" };

    private Registry.GateVerdict Verdict(bool passed, string reason) => new(Text, passed, reason);

    private static bool Fail(int at, string found, string expected, out string fault)
    {
        fault = $"at position {at}: found {(found.Length == 0 ? "the end" : $"'{found}'")}, expected {expected}; {Grammar}";
        return false;
    }

    private static bool IsName(string token) => token.Length > 0 && char.IsAsciiLetter(token[0]);

    private static bool IsNumber(string token, out double number) =>
        double.TryParse(token, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    private static string Number(double value) => value.ToString("0.####", CultureInfo.InvariantCulture);

    /// <summary>Splits a gate into names, numbers and symbols.</summary>
    private ref struct TokenReader(string text)
    {
        private int _position;

        /// <summary>The next token and its position, counted from 1; empty at the end.</summary>
        public (string Token, int At) Next()
        {
            while (_position < text.Length && char.IsWhiteSpace(text[_position]))
            {
                _position++;
            }

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
}
