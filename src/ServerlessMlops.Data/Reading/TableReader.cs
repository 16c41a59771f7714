using System.Runtime.CompilerServices;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Inference;
using ServerlessMlops.Data.Profiling;

namespace ServerlessMlops.Data.Reading;

/// <summary>
/// Reads one file of CSV, TSV or JSON Lines once, from front to back, in constant memory and on several cores. Opening looks at the file's
/// beginning and tells its columns; reading then yields groups of typed rows in the file's order, the same whatever the number of cores.
/// </summary>
/// <remarks>
/// Rows in = rows kept + rows set aside, always; blank lines are no rows. A file that cannot be read at all throws <see cref="UnreadableFileException"/>.
/// </remarks>
public sealed class TableReader : IAsyncDisposable
{
    private readonly SourceDecoder _source;
    private readonly ChunkReader _chunks;
    private readonly TableReaderOptions _options;
    private readonly FileLayout _layout;
    private readonly Dictionary<string, long> _numberLike = [];
    private readonly Dictionary<string, long> _typeFaults = [];
    private bool _read;

    private TableReader(SourceDecoder source, ChunkReader chunks, TableReaderOptions options, FileLayout layout)
    {
        _source = source;
        _chunks = chunks;
        _options = options;
        _layout = layout;
    }

    /// <summary>The file's columns in its order, with inferred types and why.</summary>
    public IReadOnlyList<InferredColumn> Columns => _layout.Columns;

    /// <summary>What is odd about the file though it can be read: renamed headers, replaced bytes.</summary>
    public IReadOnlyList<string> Notes => _layout.Notes;

    /// <summary>How the file is written, in words, such as <c>CSV, comma, gzip</c>.</summary>
    public string Format => _source.Packing.Length > 0 ? $"{_layout.Format}, {_source.Packing}" : _layout.Format;

    /// <summary>Rows found so far.</summary>
    public long RowCount { get; private set; }

    /// <summary>Rows set aside so far.</summary>
    public long RejectedCount { get; private set; }

    /// <summary>Decoded bytes read so far.</summary>
    public long DecodedBytes => _source.DecodedBytes;

    /// <summary>The profile of the rows kept so far, if the plan asks for one.</summary>
    public ProfileAccumulator? Profile { get; private set; }

    /// <summary>Places where bytes were no UTF-8 and were read as U+FFFD, so far.</summary>
    public long InvalidUtf8 { get; private set; }

    /// <summary>Reasons by column and rule, all of them.</summary>
    public IReadOnlyDictionary<(string Column, string Rule), long> ReasonCounts => _reasonCounts;

    private readonly Dictionary<(string Column, string Rule), long> _reasonCounts = [];

    /// <summary>Opens a file, which stays the caller's to dispose, and finds out how it is written and what columns it has.</summary>
    /// <exception cref="UnreadableFileException">The file cannot be read as a table.</exception>
    public static async Task<TableReader> OpenAsync(Stream source, TableReaderOptions options, CancellationToken cancellationToken)
    {
        var decoder = await SourceDecoder.OpenAsync(source, options.Limits, cancellationToken);
        try
        {
            var chunks = new ChunkReader(decoder, options.Limits, options.ChunkBytes);
            await chunks.FillHeadAsync(cancellationToken);
            var layout = FileLayout.Detect(chunks, options);
            return new TableReader(decoder, chunks, options, layout);
        }
        catch
        {
            await decoder.DisposeAsync();
            throw;
        }
    }

    /// <summary>Reads all rows. Can be called once.</summary>
    /// <param name="plan">Which columns to read as what, and how to check them.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async IAsyncEnumerable<RowGroup> ReadAsync(ReadPlan plan, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (_read)
        {
            throw new InvalidOperationException("The file has been read. Open it again to read it again.");
        }

        _read = true;
        var merger = new ChunkMerger(plan, _options.Limits);
        Profile = merger.Profile;
        int[] sources = [.. plan.Schema.Columns.Select(c => _layout.IndexOf(c.Name))];
        var idle = new Stack<ChunkWorker>();
        var working = new Queue<Task<ChunkWorker>>();
        long line = 1;
        int ordinal = 0;
        int header = _layout.FirstRowAt;
        bool ended = false;
        try
        {
            while (true)
            {
                while (!ended && working.Count < Math.Max(1, _options.Parallelism) + 1)
                {
                    var chunk = await _chunks.NextAsync(cancellationToken);
                    if (chunk is null)
                    {
                        ended = true;
                        break;
                    }

                    // The header may reach beyond the first chunk: where a quote in it is never closed, chunks are single lines.
                    chunk.Start = Math.Min(header, chunk.Length);
                    header -= chunk.Start;
                    chunk.IsBrokenRow &= chunk.Start < chunk.Length;
                    var worker = idle.Count > 0 ? idle.Pop() : new ChunkWorker(_layout.CreateTokenizer(_options.Limits), _layout.Columns, sources, plan, _layout.LineEnd, _options.Limits);
                    int number = ordinal++;
                    working.Enqueue(Task.Run(
                        () =>
                        {
                            worker.Run(chunk, number);
                            return worker;
                        },
                        cancellationToken));
                }

                if (working.Count == 0)
                {
                    break;
                }

                var done = await working.Dequeue();
                done.RunOrderedChecks();
                RowCount += done.RowCount;
                RejectedCount += done.Faults.RowCount;
                Count(done);
                yield return new RowGroup(merger.Merge(done), done.ListRejected(line), done.Faults.RowCount);
                line += done.LineCount;
                done.Release();
                idle.Push(done);
            }
        }
        finally
        {
            // Workers hold pooled memory; an enumeration that is left early waits for those under way.
            foreach (var task in working)
            {
                await task.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }

        _layout.FinishNotes();
    }

    /// <summary>
    /// Columns whose inferred type the rest of the file did not bear out, with the type that fits: integers with decimals become numbers; a column
    /// where more than one value in a hundred was at fault becomes a category. Read the file again with these.
    /// </summary>
    /// <param name="schema">The schema it was read with.</param>
    public IReadOnlyDictionary<string, ColumnType> Misjudged(TableSchema schema)
    {
        var better = new Dictionary<string, ColumnType>();
        foreach (var column in schema.Columns)
        {
            long faults = _typeFaults.GetValueOrDefault(column.Name);
            if (faults == 0)
            {
                continue;
            }

            long numbers = _numberLike.GetValueOrDefault(column.Name);
            if ((faults - numbers) * 100 > RowCount)
            {
                better[column.Name] = ColumnType.Category;
            }
            else if (column.Type == ColumnType.Integer && numbers > 0)
            {
                better[column.Name] = ColumnType.Number;
            }
        }

        return better;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _source.DisposeAsync();

    private void Count(ChunkWorker done)
    {
        foreach (var (reason, count) in done.Faults.Counts)
        {
            _reasonCounts[reason] = _reasonCounts.GetValueOrDefault(reason) + count;
            if (reason.Rule == "type")
            {
                _typeFaults[reason.Column] = _typeFaults.GetValueOrDefault(reason.Column) + count;
            }
        }

        foreach (var (column, count) in done.Faults.NumberLike)
        {
            _numberLike[column] = _numberLike.GetValueOrDefault(column) + count;
        }

        InvalidUtf8 += done.InvalidUtf8;
    }
}
