using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace ServerlessMlops.Core.Pipelines;

/// <summary>A piece of YAML and where it stands.</summary>
internal abstract record SpecNode(int Line, int Column)
{
    /// <summary>What it is, in words for an error.</summary>
    public abstract string Kind { get; }
}

internal sealed record SpecScalar(string Text, bool Quoted, int Line, int Column) : SpecNode(Line, Column)
{
    public bool IsNull => !Quoted && Text is "" or "~" or "null";

    public override string Kind => IsNull ? "nothing" : $"'{(Text.Length > 60 ? Text[..60] + "..." : Text)}'";
}

internal sealed record SpecList(IReadOnlyList<SpecNode> Items, int Line, int Column) : SpecNode(Line, Column)
{
    public override string Kind => "a list";
}

internal sealed record SpecMap(IReadOnlyList<(SpecScalar Key, SpecNode Value)> Entries, int Line, int Column) : SpecNode(Line, Column)
{
    public override string Kind => "a map";
}

/// <summary>
/// Reads YAML into a small tree. A spec comes from outside, so what it can cost is bounded: size, depth and number of nodes; aliases, which let
/// a few lines stand for billions of nodes, and tags, which name types, are refused.
/// </summary>
internal sealed class SpecYaml
{
    public const int MaxCharacters = 256 * 1024;
    public const int MaxDepth = 12;
    public const int MaxNodes = 20_000;

    private readonly List<SpecFinding> _findings;
    private int _nodes;
    private int _line = 1;
    private int _column = 1;

    private SpecYaml(List<SpecFinding> findings) => _findings = findings;

    /// <summary>The root, or null with at least one finding.</summary>
    public static SpecNode? Read(string yaml, List<SpecFinding> findings)
    {
        if (yaml.Length > MaxCharacters)
        {
            findings.Add(new SpecFinding(1, 1, "", $"the file has {yaml.Length:N0} characters; at most {MaxCharacters:N0} are read. Move long lists out of the spec."));
            return null;
        }

        var reader = new SpecYaml(findings);
        try
        {
            var parser = new Parser(new StringReader(yaml));
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _))
            {
                findings.Add(new SpecFinding(1, 1, "", "the file is empty; a spec needs at least 'target: <column to predict>'."));
                return null;
            }

            var root = reader.ReadNode(parser, 0);
            parser.Consume<DocumentEnd>();
            if (!parser.Accept<StreamEnd>(out _))
            {
                var second = parser.Current!.Start;
                findings.Add(new SpecFinding((int)second.Line, (int)second.Column, "", "a second YAML document begins here; a spec is one document. Remove the '---' line and what follows."));
            }

            return root;
        }
        catch (LimitException)
        {
            return null;
        }
        catch (YamlException fault)
        {
            findings.Add(new SpecFinding((int)Math.Max(1, fault.Start.Line), (int)Math.Max(1, fault.Start.Column), "", $"this is not YAML: {FirstSentence(fault)}"));
            return null;
        }
        catch (Exception fault) when (fault is InvalidOperationException or ArgumentException or FormatException or OverflowException)
        {
            // The scanner gives up on some malformed text with these and without a position; the last value read is the nearest there is.
            findings.Add(new SpecFinding(reader._line, reader._column, "", "this is not YAML from here on: the text cannot be read."));
            return null;
        }
    }

    private SpecNode ReadNode(Parser parser, int depth)
    {
        var start = parser.Current!.Start;
        int line = (int)start.Line, column = (int)start.Column;
        (_line, _column) = (line, column);
        if (++_nodes > MaxNodes)
        {
            throw Limit(line, column, $"the file has more than {MaxNodes:N0} values; at most so many are read.");
        }

        if (depth > MaxDepth)
        {
            throw Limit(line, column, $"values are nested more than {MaxDepth} deep; a spec never needs that.");
        }

        switch (parser.Current)
        {
            case AnchorAlias alias:
                parser.MoveNext();
                _findings.Add(new SpecFinding(line, column, "", $"the alias '*{alias.Value}' is not allowed in a spec. Write the value out."));
                return new SpecScalar("", false, line, column);
            case Scalar scalar:
                parser.MoveNext();
                RefuseTag(scalar, line, column);
                return new SpecScalar(scalar.Value, scalar.Style is not ScalarStyle.Plain, line, column);
            case SequenceStart sequence:
                parser.MoveNext();
                RefuseTag(sequence, line, column);
                var items = new List<SpecNode>();
                while (!parser.TryConsume<SequenceEnd>(out _))
                {
                    items.Add(ReadNode(parser, depth + 1));
                }

                return new SpecList(items, line, column);
            case MappingStart mapping:
                parser.MoveNext();
                RefuseTag(mapping, line, column);
                return ReadMap(parser, depth, line, column);
            default:
                throw new YamlException(start, parser.Current.End, "a value was expected here");
        }
    }

    private SpecMap ReadMap(Parser parser, int depth, int line, int column)
    {
        var entries = new List<(SpecScalar, SpecNode)>();
        var seen = new Dictionary<string, SpecScalar>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var key = ReadNode(parser, depth + 1);
            var value = ReadNode(parser, depth + 1);
            if (key is not SpecScalar name)
            {
                _findings.Add(new SpecFinding(key.Line, key.Column, "", $"{key.Kind} stands where a key was expected."));
            }
            else if (seen.TryGetValue(name.Text, out var first))
            {
                _findings.Add(new SpecFinding(name.Line, name.Column, name.Text, $"the key stands here a second time; the first is on line {first.Line}. Keep one of them."));
            }
            else
            {
                seen.Add(name.Text, name);
                entries.Add((name, value));
            }
        }

        return new SpecMap(entries, line, column);
    }

    private void RefuseTag(NodeEvent node, int line, int column)
    {
        if (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific)
        {
            _findings.Add(new SpecFinding(line, column, "", $"the tag '{node.Tag}' is not allowed in a spec. Remove it."));
        }
    }

    private LimitException Limit(int line, int column, string message)
    {
        _findings.Add(new SpecFinding(line, column, "", message));
        return new LimitException();
    }

    private static string FirstSentence(YamlException fault)
    {
        // The library puts the position in front of the message; ours stands beside it.
        string message = fault.InnerException?.Message ?? fault.Message;
        int end = message.IndexOf("): ", StringComparison.Ordinal);
        return (end >= 0 && message.StartsWith('(') ? message[(end + 3)..] : message).TrimEnd('.') + ".";
    }

    private sealed class LimitException : Exception;
}
