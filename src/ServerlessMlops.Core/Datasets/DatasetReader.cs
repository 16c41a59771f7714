using System.Text;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Snapshots;

namespace ServerlessMlops.Core.Datasets;

/// <summary>
/// Reads a data set back: its batches' Arrow parts one after the other as one table in memory, with one dictionary per category column, rows before
/// the window left out, and of rows with the same key the last one kept.
/// </summary>
public static class DatasetReader
{
    /// <summary>Reads the rows of a manifest.</summary>
    /// <param name="manifest">The data set.</param>
    /// <param name="openBatch">Opens the Arrow part of a batch by its id; the stream must be seekable and is disposed here.</param>
    /// <param name="columns">Names of the columns to read, or null for all. Key and time are read as needed and dropped if not asked for.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async Task<ColumnTable> ReadAsync(
        DatasetManifest manifest, Func<string, CancellationToken, Task<Stream>> openBatch, IReadOnlyCollection<string>? columns, CancellationToken cancellationToken)
    {
        var wanted = manifest.Schema.Columns.Where(c => columns is null || columns.Contains(c.Name)).Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        var read = wanted.ToHashSet(StringComparer.Ordinal);
        read.UnionWith(new[] { manifest.Key, manifest.From is null ? null : manifest.Time }.OfType<string>());
        var appenders = manifest.Schema.Columns.Where(c => read.Contains(c.Name)).Select(c => new ColumnAppender(c)).ToList();
        int rows = 0;
        foreach (var batch in manifest.Batches)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await using var stream = await openBatch(batch.BatchId, cancellationToken);
            foreach (var part in ArrowFileReader.Open(stream).ReadAll(read))
            {
                rows = checked(rows + part.RowCount);
                foreach (var appender in appenders)
                {
                    appender.Append(part);
                }
            }
        }

        var whole = new ColumnTable([.. appenders.Select(a => a.Build())], rows);
        var kept = Keep(whole, manifest);
        var table = kept.Length == rows ? whole : whole.Take(kept);
        return wanted.Count == read.Count ? table : new ColumnTable([.. table.Columns.Where(c => wanted.Contains(c.Schema.Name))], table.RowCount);
    }

    /// <summary>The rows of the window, of which those with the same key count once: the last.</summary>
    private static int[] Keep(ColumnTable table, DatasetManifest manifest)
    {
        var kept = Enumerable.Range(0, table.RowCount);
        if (manifest.From is { } from && manifest.Time is { } time && table.Schema.IndexOf(time) >= 0 && table[time] is TimestampColumn times)
        {
            kept = kept.Where(row => times.Values[row] >= from);
        }

        if (manifest.Key is not { } key || table.Schema.IndexOf(key) < 0)
        {
            return [.. kept];
        }

        var keys = table[key];
        var last = new Dictionary<ulong, int>();
        var rows = kept.ToArray();
        foreach (int row in rows)
        {
            if (!keys.IsMissing(row))
            {
                last[RowHash.OfValue(keys, row)] = row;
            }
        }

        return [.. rows.Where(row => keys.IsMissing(row) || last[RowHash.OfValue(keys, row)] == row)];
    }

    /// <summary>Joins a column's parts, whose types may differ from the wanted one.</summary>
    private sealed class ColumnAppender(ColumnSchema schema)
    {
        private readonly CategoryDictionary _dictionary = new();
        private readonly List<double> _numbers = [];
        private readonly List<long> _longs = [];
        private readonly List<int> _codes = [];
        private readonly List<byte> _booleans = [];
        private readonly List<int> _offsets = [0];
        private readonly List<byte> _bytes = [];

        public void Append(ColumnTable part)
        {
            int index = part.Schema.IndexOf(schema.Name);
            var column = index < 0 ? null : part.Columns[index];
            int[]? map = column is CategoryColumn categories && schema.Type == ColumnType.Category ? new int[categories.Dictionary.Count] : null;
            map?.AsSpan().Fill(-1);
            for (int row = 0; row < part.RowCount; row++)
            {
                bool missing = column is null || column.IsMissing(row);
                switch (schema.Type)
                {
                    case ColumnType.Number:
                        _numbers.Add(missing ? double.NaN : column switch
                        {
                            NumberColumn numbers => numbers.Values[row],
                            IntegerColumn integers => integers.Values[row],
                            _ => throw Mismatch(column!),
                        });
                        break;
                    case ColumnType.Integer:
                        _longs.Add(missing ? IntegerColumn.Missing : column is IntegerColumn whole ? whole.Values[row] : throw Mismatch(column!));
                        break;
                    case ColumnType.Timestamp:
                        _longs.Add(missing ? TimestampColumn.Missing : column is TimestampColumn times ? times.Values[row] : throw Mismatch(column!));
                        break;
                    case ColumnType.Boolean:
                        _booleans.Add(missing ? BooleanColumn.Missing : column is BooleanColumn booleans ? booleans.Values[row] : throw Mismatch(column!));
                        break;
                    case ColumnType.Category:
                        _codes.Add(missing ? CategoryColumn.Missing : Code(column!, row, map));
                        break;
                    default:
                        if (!missing)
                        {
                            _bytes.AddRange(column is TextColumn texts ? texts.Utf8At(row) : Encoding.UTF8.GetBytes(column!.TextAt(row)));
                        }

                        _offsets.Add(_bytes.Count);
                        break;
                }
            }
        }

        public Column Build() => schema.Type switch
        {
            ColumnType.Number => new NumberColumn(schema, [.. _numbers], _numbers.Count),
            ColumnType.Integer => new IntegerColumn(schema, [.. _longs], _longs.Count),
            ColumnType.Timestamp => new TimestampColumn(schema, [.. _longs], _longs.Count),
            ColumnType.Boolean => new BooleanColumn(schema, [.. _booleans], _booleans.Count),
            ColumnType.Category => new CategoryColumn(schema, [.. _codes], _dictionary, _codes.Count),
            _ => new TextColumn(schema, [.. _offsets], [.. _bytes], _offsets.Count - 1),
        };

        private int Code(Column column, int row, int[]? map)
        {
            if (map is null || column is not CategoryColumn categories)
            {
                return _dictionary.GetOrAdd(Encoding.UTF8.GetBytes(column.TextAt(row)));
            }

            ref int mapped = ref map[categories.Codes[row]];
            return mapped >= 0 ? mapped : mapped = _dictionary.GetOrAdd(categories.Dictionary.Utf8Of(categories.Codes[row]));
        }

        private InvalidDataException Mismatch(Column column) =>
            new($"Column '{schema.Name}' is {column.Schema.Type} in a batch where the data set wants {schema.Type}; the manifest does not fit its batches.");
    }
}
