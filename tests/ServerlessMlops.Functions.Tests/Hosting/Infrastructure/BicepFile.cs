using System.Text.RegularExpressions;

namespace ServerlessMlops.Functions.Tests.Hosting.Infrastructure;

/// <summary>A <c>param</c>: in a template with type and default, in a parameter file with its value as default.</summary>
internal sealed record BicepParameter(string Name, string? Type, string? Default, string? Description);

/// <summary>A <c>resource</c> or <c>module</c>; <paramref name="Kind"/> is the type with its version, or the module's path.</summary>
internal sealed record BicepDeclaration(string Name, string Kind, bool IsModule, bool IsExisting, string? Condition, string Body);

/// <summary>
/// As much of Bicep's grammar as tells the declarations of a file apart, for machines without its compiler. Values are kept as text; objects and arrays are
/// opened on demand (<see cref="Property"/>, <see cref="Items"/>).
/// </summary>
internal sealed partial class BicepFile
{
    private static readonly string[] Statements = ["targetScope", "using", "param", "var", "resource", "module", "output"];

    private BicepFile(string path, string text)
    {
        Path = path;
        Text = text;
        Read(new BicepText(System.IO.Path.GetFileName(path), text));
    }

    public string Path { get; }

    public string Text { get; }

    public string? Using { get; private set; }

    public List<BicepParameter> Parameters { get; } = [];

    public Dictionary<string, string> Variables { get; } = [];

    public List<BicepDeclaration> Declarations { get; } = [];

    public Dictionary<string, string> Outputs { get; } = [];

    public IEnumerable<BicepDeclaration> Modules => Declarations.Where(declaration => declaration.IsModule);

    public IEnumerable<BicepDeclaration> Resources => Declarations.Where(declaration => !declaration.IsModule && !declaration.IsExisting);

    /// <exception cref="FormatException">A bracket or string is not closed, or a line begins with no known statement.</exception>
    public static BicepFile Open(string path) => new(path, File.ReadAllText(path));

    /// <summary>The one resource of the type (without its version).</summary>
    public BicepDeclaration Resource(string type) => Resources.Single(resource => resource.Kind.Split('@')[0] == type);

    /// <summary>Text of a property by its path, or null. A for-expression stands for its body.</summary>
    public static string? Property(string value, params ReadOnlySpan<string> path)
    {
        string? current = ForBody(value);
        foreach (string name in path)
        {
            current = current is null ? null : Properties(current).GetValueOrDefault(name);
        }

        return current;
    }

    /// <summary>The properties of an object's text, in order.</summary>
    public static Dictionary<string, string> Properties(string value)
    {
        var text = new BicepText("object", value);
        var properties = new Dictionary<string, string>();
        int index = text.Skip(0);
        if (text.At(index) != '{')
        {
            return properties;
        }

        for (index = NextItem(text, index + 1); text.At(index) is not '}' and not '\0'; index = NextItem(text, index))
        {
            int nameEnd = text.At(index) == '\'' ? text.SkipString(index) : index + Name().Match(text[index..]).Length;
            string name = text[index..nameEnd].Trim('\'');
            int colon = text.Skip(nameEnd);
            int start = text.Skip(colon + 1);
            int end = text.SkipExpression(start);
            if (text.At(colon) != ':' || end == start)
            {
                throw text.Fault(index, $"property '{name}' without a value");
            }

            properties.Add(name, text[start..end].Trim());
            index = end;
        }

        return properties;
    }

    /// <summary>The items of an array's text.</summary>
    public static IReadOnlyList<string> Items(string value)
    {
        var text = new BicepText("array", value);
        var items = new List<string>();
        int index = text.Skip(0);
        if (text.At(index) != '[')
        {
            return items;
        }

        for (index = NextItem(text, index + 1); text.At(index) is not ']' and not '\0'; index = NextItem(text, index))
        {
            int end = text.SkipExpression(index);
            items.Add(text[index..end].Trim());
            index = end;
        }

        return items;
    }

    /// <summary>The string literals of a text, without quotes.</summary>
    public static IEnumerable<string> Literals(string value) => Literal().Matches(value).Select(match => match.Groups[1].Value);

    private static int NextItem(BicepText text, int index)
    {
        index = text.Skip(index);
        return text.At(index) == ',' ? text.Skip(index + 1) : index;
    }

    private static string ForBody(string value) => For().Match(value) is { Success: true } loop ? value[loop.Length..^1].Trim() : value;

    private void Read(BicepText text)
    {
        string? description = null;
        for (int index = text.Skip(0); index < text.Length; index = text.Skip(index))
        {
            if (text.At(index) == '@')
            {
                int end = text.SkipExpression(index);
                description = Description().Match(text[index..end]) is { Success: true } match ? match.Groups[1].Value : description;
                index = end;
                continue;
            }

            Match statement = Name().Match(text[index..]);
            if (!Statements.Contains(statement.Value))
            {
                throw text.Fault(index, $"'{text[index..Math.Min(index + 20, text.Length)]}' where a statement should begin");
            }

            index = ReadStatement(text, statement.Value, text.Skip(index + statement.Length), description);
            description = null;
        }
    }

    private int ReadStatement(BicepText text, string statement, int index, string? description)
    {
        string name = statement is "using" or "targetScope" ? "" : Name().Match(text[index..]).Value;
        int end = text.SkipExpression(index);
        string all = text[index..end];
        string head = all.Split('=', 2)[0];
        string? value = all.Contains('=', StringComparison.Ordinal) ? all[(head.Length + 1)..].Trim() : null;
        string rest = head[name.Length..].Trim();
        switch (statement)
        {
            case "using":
                Using = all.Trim().Trim('\'');
                break;
            case "param":
                Parameters.Add(new BicepParameter(name, rest.Length == 0 ? null : rest, value, description));
                break;
            case "var":
                Variables.Add(name, value!);
                break;
            case "output":
                Outputs.Add(name, value!);
                break;
            case "resource" or "module":
                string? condition = null;
                if (value!.StartsWith("if", StringComparison.Ordinal))
                {
                    int close = new BicepText(Path, value).SkipBrackets(value.IndexOf('(', StringComparison.Ordinal));
                    condition = value[2..close].Trim();
                    value = value[close..].Trim();
                }

                Declarations.Add(new BicepDeclaration(
                    name, Literals(rest).First(), statement == "module", rest.EndsWith(" existing", StringComparison.Ordinal), condition, value));
                break;
        }

        return end;
    }

    [GeneratedRegex(@"^\w+")]
    private static partial Regex Name();

    [GeneratedRegex(@"'((?:\\'|[^'])*)'")]
    private static partial Regex Literal();

    [GeneratedRegex(@"^\[\s*for\b[^{]*?:\s*(?=\{)")]
    private static partial Regex For();

    [GeneratedRegex(@"^@description\('((?:\\'|[^'])*)'\)")]
    private static partial Regex Description();
}
