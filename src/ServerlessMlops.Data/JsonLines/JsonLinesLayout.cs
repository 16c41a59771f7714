using System.Text.Json;
using ServerlessMlops.Data.Inference;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Data.JsonLines;

/// <summary>Finds the columns of JSON Lines in a file's beginning: all keys, in the order of their first appearance.</summary>
internal static class JsonLinesLayout
{
    /// <summary>Whether a file is JSON: its first character opens an object or an array, and its name or its first line bears that out.</summary>
    public static bool IsJson(ReadOnlySpan<byte> head, string name)
    {
        if (head[0] is not ((byte)'{' or (byte)'['))
        {
            return false;
        }

        bool named = name.Contains(".json", StringComparison.OrdinalIgnoreCase) || name.Contains(".ndjson", StringComparison.OrdinalIgnoreCase);
        int end = head.IndexOf((byte)'\n');
        return named || IsObject(end < 0 ? head : head[..end]) || head[0] == '[';
    }

    /// <summary>The columns of a file's beginning.</summary>
    public static IReadOnlyList<InferredColumn> Detect(ReadOnlySpan<byte> head, bool isAll, ReadLimits limits)
    {
        if (head.TrimStart(" \t\r\n"u8)[0] == '[')
        {
            throw new UnreadableFileException(FileFaults.Unsupported, "the file is one JSON array. Write JSON Lines: one object a line, without brackets and commas around them.");
        }

        int end = isAll ? head.Length : head.LastIndexOf((byte)'\n') + 1;
        var text = head[..(end == 0 ? head.Length : end)];
        var names = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var range in text.Split((byte)'\n'))
        {
            var line = text[range].Trim(" \t\r"u8);
            if (line.Length > 0)
            {
                CollectNames(line, names, seen, limits);
            }
        }

        if (names.Count == 0)
        {
            throw new UnreadableFileException(FileFaults.Empty, "no line of the file's beginning is a JSON object with keys. Write one object a line.");
        }

        return Infer(text, names, limits);
    }

    private static IReadOnlyList<InferredColumn> Infer(ReadOnlySpan<byte> text, List<string> names, ReadLimits limits)
    {
        var tokenizer = new JsonLinesTokenizer(names, limits);
        tokenizer.Begin(new Chunk { Buffer = text.ToArray(), Length = text.Length });
        var evidence = names.Select(_ => new ColumnEvidence()).ToArray();
        var rows = new FieldBatch(names.Count);
        while (tokenizer.Next(rows))
        {
            for (int c = 0; c < names.Count; c++)
            {
                for (int row = 0; row < rows.RowCount; row++)
                {
                    if (rows.Faults[row] == RowFault.None)
                    {
                        evidence[c].Add(rows[rows.Fields[c * rows.Capacity + row]]);
                    }
                }
            }
        }

        return [.. evidence.Select((e, i) => e.Decide(names[i], commaSeparates: true))];
    }

    private static void CollectNames(ReadOnlySpan<byte> line, List<string> names, HashSet<string> seen, ReadLimits limits)
    {
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = limits.MaxDepth });
        var prefixes = new Stack<string>();
        string key = "";
        try
        {
            while (reader.Read())
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        key = reader.GetString()!;
                        break;
                    case JsonTokenType.StartObject:
                        prefixes.Push(prefixes.Count == 0 ? "" : $"{prefixes.Peek()}{key}.");
                        break;
                    case JsonTokenType.EndObject:
                        prefixes.Pop();
                        break;
                    case JsonTokenType.StartArray when prefixes.Count > 0:
                        Note(prefixes.Peek() + key, names, seen, limits);
                        reader.Skip();
                        break;
                    default:
                        if (prefixes.Count > 0)
                        {
                            Note(prefixes.Peek() + key, names, seen, limits);
                        }

                        break;
                }
            }
        }
        catch (JsonException)
        {
            // The row is set aside with its reason when it is read; its keys up to here are as good as any.
        }
        catch (InvalidOperationException)
        {
            // As above: a key with half of a surrogate pair.
        }
    }

    private static void Note(string name, List<string> names, HashSet<string> seen, ReadLimits limits)
    {
        if (seen.Add(name))
        {
            names.Add(name);
            if (names.Count > limits.MaxColumns)
            {
                throw new UnreadableFileException(FileFaults.Limit, $"the objects have more than {limits.MaxColumns:N0} different keys; at most so many columns are read.");
            }
        }
    }

    private static bool IsObject(ReadOnlySpan<byte> line)
    {
        try
        {
            var reader = new Utf8JsonReader(line);
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject && reader.TrySkip();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
