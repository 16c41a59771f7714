using ServerlessMlops.Data.Csv;
using ServerlessMlops.Data.Inference;
using ServerlessMlops.Data.JsonLines;

namespace ServerlessMlops.Data.Reading;

/// <summary>What a file's beginning tells: its format, its columns with their types, and where its rows begin.</summary>
internal sealed class FileLayout
{
    private readonly CsvDialect? _dialect;
    private readonly Dictionary<string, int> _index;
    private readonly List<string> _notes;
    private readonly List<JsonLinesTokenizer> _json = [];

    private FileLayout(string format, CsvDialect? dialect, IReadOnlyList<InferredColumn> columns, int firstRowAt, List<string> notes)
    {
        Format = format;
        _dialect = dialect;
        Columns = columns;
        FirstRowAt = firstRowAt;
        _notes = notes;
        notes.AddRange(columns.Where(c => c.Caution is not null).Select(c => $"column '{c.Schema.Name}': {c.Caution}"));
        _index = columns.Select((c, i) => (c.Schema.Name, i)).ToDictionary(c => c.Name, c => c.i, StringComparer.Ordinal);
    }

    public string Format { get; }

    public IReadOnlyList<InferredColumn> Columns { get; }

    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Where the first row begins in the first chunk: past the header.</summary>
    public int FirstRowAt { get; }

    public byte LineEnd => _dialect?.LineEnd ?? (byte)'\n';

    public int IndexOf(string name) => _index.GetValueOrDefault(name, -1);

    public IRowTokenizer CreateTokenizer(ReadLimits limits)
    {
        if (_dialect is not null)
        {
            return new CsvTokenizer(_dialect, Columns.Count, limits.MaxFieldBytes);
        }

        var tokenizer = new JsonLinesTokenizer([.. Columns.Select(c => c.Schema.Name)], limits);
        _json.Add(tokenizer);
        return tokenizer;
    }

    /// <summary>Adds the notes that only the whole file tells.</summary>
    public void FinishNotes()
    {
        long unread = _json.Sum(t => t.UnknownKeys);
        if (unread > 0)
        {
            _notes.Add($"{unread:N0} values belong to keys that the file's first 4 MiB do not have; they are not read.");
        }
    }

    /// <summary>Looks at the beginning of a file.</summary>
    public static FileLayout Detect(ChunkReader chunks, TableReaderOptions options)
    {
        var head = chunks.Head;
        int first = head.IndexOfAnyExcept(" \t\r\n"u8);
        if (first < 0)
        {
            throw new UnreadableFileException(FileFaults.Empty, "the file holds nothing but blank lines. Upload a file with a header and rows.");
        }

        return JsonLinesLayout.IsJson(head[first..], options.Name) ? DetectJson(chunks, options) : DetectCsv(chunks, options);
    }

    private static FileLayout DetectJson(ChunkReader chunks, TableReaderOptions options)
    {
        chunks.Use(CsvDialect.Default, quotes: false);
        var notes = new List<string>();
        var columns = JsonLinesLayout.Detect(chunks.Head, chunks.HeadIsAll, options.Limits);
        return new FileLayout("JSON Lines", null, columns, 0, notes);
    }

    private static FileLayout DetectCsv(ChunkReader chunks, TableReaderOptions options)
    {
        var head = chunks.Head;
        var dialect = CsvDialectDetector.Detect(head, options.Name);
        chunks.Use(dialect, quotes: true);
        int end = chunks.HeadIsAll ? head.Length : CsvBoundary.FindLast(head, dialect, out _);
        if (end == 0)
        {
            end = head.Length;
        }

        // A copy: undoubling quotes works in place, and the rows are read again later.
        var text = new byte[end + 1 + Chunk.Padding];
        head[..end].CopyTo(text);
        if (text[end - 1] != dialect.LineEnd)
        {
            text[end++] = dialect.LineEnd;
        }

        var sample = new Chunk { Buffer = text, Length = end };
        var notes = new List<string>();
        (sample.Start, int width) = SkipPreamble(sample, dialect, notes);
        if (width > options.Limits.MaxColumns)
        {
            throw new UnreadableFileException(FileFaults.Limit,
                $"the first row has {width:N0} columns; at most {options.Limits.MaxColumns:N0} are read. Drop columns, or turn the table so that what is a column now is a row.");
        }

        return Describe(sample, dialect, width, options, notes);
    }

    private static FileLayout Describe(Chunk sample, CsvDialect dialect, int width, TableReaderOptions options, List<string> notes)
    {
        var tokenizer = new CsvTokenizer(dialect, width, int.MaxValue);
        tokenizer.Begin(sample);
        var batch = new FieldBatch(width, 1);
        int start = sample.Start;
        tokenizer.Next(batch);
        var fields = Enumerable.Range(0, width).Select(c => batch[batch.Fields[c]].ToArray()).ToList();
        var names = fields.Select(f => HeaderNames.Decode(f)).ToList();
        bool hasHeader = names.Any(n => options.HeaderHints.Contains(n.Trim())) || HeaderNames.LooksLikeHeader(fields);
        if (hasHeader)
        {
            start = tokenizer.Position;
        }
        else
        {
            names = [.. names.Select(_ => "")];
        }

        var clean = HeaderNames.Clean(names, hasHeader ? notes : []);
        if (!hasHeader)
        {
            notes.Add($"the first line looks like values, not names; {(clean.Length == 1 ? $"the column is called {clean[0]}" : $"the columns are called {clean[0]} to {clean[^1]}")}.");
        }

        var evidence = clean.Select(_ => new ColumnEvidence()).ToArray();
        tokenizer.Begin(new Chunk { Buffer = sample.Buffer, Start = start, Length = sample.Length });
        var rows = new FieldBatch(width);
        while (tokenizer.Next(rows))
        {
            for (int c = 0; c < width; c++)
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

        string delimiter = dialect.Delimiter switch { (byte)',' => "comma", (byte)';' => "semicolon", (byte)'\t' => "tab", _ => "bar" };
        return new FileLayout($"CSV, {delimiter}", dialect with { HasHeader = hasHeader }, [.. evidence.Select((e, i) => e.Decide(clean[i], dialect.Delimiter == (byte)','))], start, notes);
    }

    /// <summary>
    /// Skips lines of a single field before the table, such as a title, where the rows have more. Returns where the table begins and
    /// how many fields its first row has.
    /// </summary>
    private static (int Start, int Width) SkipPreamble(Chunk sample, CsvDialect dialect, List<string> notes)
    {
        var tokenizer = new CsvTokenizer(dialect, 1, int.MaxValue);
        tokenizer.Begin(sample);
        var batch = new FieldBatch(1, 64);
        tokenizer.Next(batch);
        var counts = batch.FieldCounts.AsSpan(0, batch.RowCount).ToArray();
        var filled = Enumerable.Range(0, counts.Length).Where(r => counts[r] > 1 || batch.Fields[r].Length > 0).ToList();
        if (filled.Count == 0)
        {
            return (sample.Start, 1);
        }

        int usual = filled.GroupBy(r => counts[r]).OrderByDescending(g => g.Count()).ThenByDescending(g => g.Key).First().Key;
        int skipped = usual > 1 ? filled.TakeWhile(r => counts[r] == 1).Count() : 0;
        int at = filled[Math.Min(skipped, filled.Count - 1)];
        if (skipped > 0)
        {
            notes.Add($"{skipped} line{(skipped == 1 ? "" : "s")} before the table {(skipped == 1 ? "was" : "were")} skipped.");
        }

        return (batch.RowStarts[at], counts[at]);
    }
}
