using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Inference;
using ServerlessMlops.Data.Parsing;
using ServerlessMlops.Data.Profiling;

namespace ServerlessMlops.Data.Reading;

/// <summary>
/// Parses chunks: fields, columns, checks, and the profile of what is left. One worker handles one chunk at a time and keeps its arrays
/// for the next; several work side by side.
/// </summary>
internal sealed class ChunkWorker
{
    private readonly IRowTokenizer _tokenizer;
    private readonly FieldBatch _batch;
    private readonly ColumnBuilder[] _builders;
    private readonly int[] _sources;
    private readonly ReadPlan _plan;
    private readonly byte _lineEnd;
    private readonly IReadOnlyList<InferredColumn> _fileColumns;
    private readonly ReadLimits _limits;
    private int[] _rowStarts = [];
    private int[]? _kept;
    private FieldBatch? _blank;
    private Chunk _chunk = new() { Buffer = [] };

    /// <param name="tokenizer">Cuts rows into fields.</param>
    /// <param name="columns">Columns of the file.</param>
    /// <param name="sources">For each column of the plan its place in the file, or -1.</param>
    /// <param name="plan">What is read.</param>
    /// <param name="lineEnd">Byte that ends a line.</param>
    /// <param name="limits">What the tokenizer was held to.</param>
    public ChunkWorker(IRowTokenizer tokenizer, IReadOnlyList<InferredColumn> columns, int[] sources, ReadPlan plan, byte lineEnd, ReadLimits limits)
    {
        _tokenizer = tokenizer;
        _batch = new FieldBatch(columns.Count);
        _fileColumns = columns;
        _limits = limits;
        _builders = [.. plan.Schema.Columns.Select(ColumnBuilder.Create)];
        _sources = sources;
        _plan = plan;
        _lineEnd = lineEnd;
        Profiler = plan.Profile ? new TableProfiler(plan.Schema) : null;
        Table = new ColumnTable([], 0);
    }

    /// <summary>Rows that were set aside, numbered as in the chunk.</summary>
    public ChunkFaults Faults { get; } = new();

    /// <summary>The profile of the rows that are kept.</summary>
    public TableProfiler? Profiler { get; }

    /// <summary>The rows that are kept. Category codes are this chunk's.</summary>
    public ColumnTable Table { get; private set; }

    /// <summary>Rows found in the chunk.</summary>
    public int RowCount { get; private set; }

    /// <summary>Lines in the chunk.</summary>
    public long LineCount { get; private set; }

    /// <summary>Places where bytes were no UTF-8 and were replaced by U+FFFD.</summary>
    public int InvalidUtf8 { get; private set; }

    /// <summary>Number of the chunk in the file, from 0.</summary>
    public int Ordinal { get; private set; }

    /// <summary>Reads a chunk.</summary>
    public void Run(Chunk chunk, int ordinal)
    {
        _chunk = chunk;
        Ordinal = ordinal;
        Faults.Clear();
        _kept = null;
        RowCount = 0;
        LineCount = chunk.Buffer.AsSpan(0, chunk.Length).Count(_lineEnd);
        InvalidUtf8 = 0;
        foreach (var builder in _builders)
        {
            builder.Clear();
        }

        if (chunk.IsBrokenRow)
        {
            RowCount = 1;
            Reserve(1);
            _rowStarts[0] = chunk.Start;
            Faults.Add(0, "", "quote", chunk.Buffer.AsSpan(chunk.Start, Math.Min(chunk.Length - chunk.Start, 400)), "a closing quote before the file or the longest allowed row ends");
            Table = new ColumnTable([.. _builders.Select(b => b.Build())], 0);
            Profiler?.Clear();
            return;
        }

        (_chunk, InvalidUtf8) = Utf8Repair.Of(_chunk);
        _tokenizer.Begin(_chunk);
        while (_tokenizer.Next(_batch))
        {
            RowFaultNotes.Add(_batch, RowCount, _chunk, _lineEnd, _fileColumns, _limits, Faults);
            for (int c = 0; c < _builders.Length; c++)
            {
                if (_sources[c] >= 0)
                {
                    _builders[c].Append(_batch, _sources[c], Faults);
                }
                else
                {
                    AppendMissing(_builders[c]);
                }
            }

            Reserve(RowCount + _batch.RowCount);
            _batch.RowStarts.AsSpan(0, _batch.RowCount).CopyTo(_rowStarts.AsSpan(RowCount));
            RowCount += _batch.RowCount;
        }

        Table = new ColumnTable([.. _builders.Select(b => b.Build())], RowCount);
        Faults.EndReading();
        foreach (var check in _plan.Checks)
        {
            check.Check(Table, Faults);
        }

        KeepGoodRows();
        Profile();
    }

    /// <summary>Runs the checks that need the rows in order, after the chunks before this one.</summary>
    public void RunOrderedChecks()
    {
        if (_plan.OrderedChecks.Count == 0)
        {
            return;
        }

        var found = new ChunkFaults();
        foreach (var check in _plan.OrderedChecks)
        {
            check.Check(Table, found);
        }

        if (found.RowCount > 0)
        {
            foreach (var note in found.Notes)
            {
                Faults.Add(_kept?[note.Row] ?? note.Row, note.Column, note.Rule, note.Value, note.Expected);
            }

            for (int row = 0; row < Table.RowCount; row++)
            {
                int original = _kept?[row] ?? row;
                if (found.Contains(row) && !Faults.Contains(original))
                {
                    Faults.AddUnlisted(original);
                }
            }

            Table = new ColumnTable([.. _builders.Select(b => b.Build())], RowCount);
            KeepGoodRows();
            Profile();
        }
    }

    /// <summary>The rows set aside, with the lines they begin at.</summary>
    /// <param name="firstLine">Line in the file of the chunk's first byte.</param>
    public IReadOnlyList<RejectedRow> ListRejected(long firstLine)
    {
        if (Faults.Notes.Count == 0)
        {
            return [];
        }

        var listed = new List<RejectedRow>(Faults.Notes.Count);
        long line = firstLine;
        int from = 0;
        foreach (var note in Faults.Notes.OrderBy(n => n.Row))
        {
            int to = _rowStarts[note.Row];
            line += _chunk.Buffer.AsSpan(from, to - from).Count(_lineEnd);
            from = to;
            string value = note.Value.Length > RejectedRow.MaxValueLength ? note.Value[..RejectedRow.MaxValueLength] : note.Value;
            listed.Add(new RejectedRow(line, note.Column, note.Rule, value, note.Expected));
        }

        return listed;
    }

    /// <summary>Gives the chunk's memory back.</summary>
    public void Release()
    {
        if (_chunk.Buffer.Length > 0)
        {
            ChunkReader.Return(_chunk);
        }

        _chunk = new Chunk { Buffer = [] };
    }

    private void AppendMissing(ColumnBuilder builder)
    {
        _blank ??= FieldBatch.Blank(_batch.Capacity);
        _blank.RowCount = _batch.RowCount;
        builder.Append(_blank, 0, Faults);
    }

    private void KeepGoodRows()
    {
        if (Faults.RowCount == 0)
        {
            return;
        }

        _kept = new int[RowCount - Faults.RowCount];
        int to = 0;
        for (int row = 0; row < RowCount; row++)
        {
            if (!Faults.Contains(row))
            {
                _kept[to++] = row;
            }
        }

        Table = Table.Take(_kept);
    }

    private void Profile()
    {
        if (Profiler is not null)
        {
            Profiler.Clear();
            Profiler.Add(Table, Ordinal);
        }
    }

    private void Reserve(int count)
    {
        if (_rowStarts.Length < count)
        {
            Array.Resize(ref _rowStarts, Math.Max(count, _rowStarts.Length * 2));
        }
    }
}
