namespace ServerlessMlops.Functions.Tests.Hosting.Infrastructure;

/// <summary>Where things begin and end in the text of a Bicep file: strings with interpolations, comments, brackets, expressions over several lines.</summary>
internal sealed class BicepText(string file, string text)
{
    private const string Operators = "?:&|=!<>+*%";

    public string this[Range range] => text[range];

    public int Length => text.Length;

    public char At(int index) => index < text.Length ? text[index] : '\0';

    /// <summary>The first index that is neither white space nor in a comment; with <paramref name="lines"/> false, no line break is skipped.</summary>
    public int Skip(int index, bool lines = true)
    {
        while (index < text.Length)
        {
            char c = text[index];
            if (c is ' ' or '\t' or '\r' || (lines && c == '\n'))
            {
                index++;
            }
            else if (c == '/' && At(index + 1) == '/')
            {
                index = text.IndexOf('\n', index) is var end and >= 0 ? end : text.Length;
            }
            else if (c == '/' && At(index + 1) == '*')
            {
                index = text.IndexOf("*/", index, StringComparison.Ordinal) + 2;
            }
            else
            {
                break;
            }
        }

        return index;
    }

    /// <summary>The index after the string that begins here.</summary>
    public int SkipString(int index)
    {
        int start = index++;
        while (true)
        {
            switch (At(index))
            {
                case '\0' or '\n':
                    throw Fault(start, "a string that does not end in its line");
                case '\'':
                    return index + 1;
                case '\\':
                    index += 2;
                    break;
                case '$' when At(index + 1) == '{':
                    index = SkipBrackets(index + 1);
                    break;
                default:
                    index++;
                    break;
            }
        }
    }

    /// <summary>The index after the bracket that closes the one here.</summary>
    public int SkipBrackets(int index)
    {
        int start = index;
        char close = At(index) switch { '{' => '}', '[' => ']', _ => ')' };
        index++;
        while (true)
        {
            index = Skip(index);
            switch (At(index))
            {
                case '\0':
                    throw Fault(start, $"a '{At(start)}' that is never closed");
                case '\'':
                    index = SkipString(index);
                    break;
                case '{' or '[' or '(':
                    index = SkipBrackets(index);
                    break;
                case '}' or ']' or ')' when At(index) == close:
                    return index + 1;
                case '}' or ']' or ')':
                    throw Fault(index, $"'{At(index)}' where '{close}' should close the '{At(start)}' of line {Line(start)}");
                default:
                    index++;
                    break;
            }
        }
    }

    /// <summary>The index after the expression that begins here: at a comma, a closing bracket, or a line break that no operator carries on.</summary>
    public int SkipExpression(int index)
    {
        bool operand = true;
        while (true)
        {
            index = Skip(index, lines: false);
            char c = At(index);
            switch (c)
            {
                case '\0' or ',' or '}' or ']' or ')':
                    return index;
                case '\n':
                    int next = Skip(index);
                    if (!operand || !Operators.Contains(At(next)))
                    {
                        return index;
                    }

                    index = next;
                    break;
                case '\'':
                    index = SkipString(index);
                    operand = true;
                    break;
                case '{' or '[' or '(':
                    index = SkipBrackets(index);
                    operand = true;
                    break;
                default:
                    index++;
                    operand = true;
                    break;
            }
        }
    }

    public FormatException Fault(int index, string what) => new($"{file}({Line(index)}): {what}");

    private int Line(int index) => 1 + text.AsSpan(0, Math.Min(index, text.Length)).Count('\n');
}
