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
        int rows = CheckSize(manifest);
        var assemblers = manifest.Schema.Columns.Where(c => read.Contains(c.Name)).Select(c => ColumnAssembler.Create(c, rows)).ToList();
        long found = 0;
        foreach (var batch in manifest.Batches)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await using var stream = await openBatch(batch.BatchId, cancellationToken);
            foreach (var part in ArrowFileReader.Open(stream).ReadAll(read))
            {
                found += part.RowCount;
                if (found > rows)
                {
                    throw new InvalidDataException($"Batch {batch.BatchId} has more than the {batch.Rows:N0} rows that the manifest says; the manifest does not fit its batches.");
                }

                foreach (var assembler in assemblers)
                {
                    int index = part.Schema.IndexOf(assembler.Schema.Name);
                    assembler.Append(index < 0 ? null : part.Columns[index], part.RowCount);
                }
            }
        }

        if (found != rows)
        {
            throw new InvalidDataException($"The batches have {found:N0} rows; the manifest says {rows:N0} and does not fit its batches.");
        }

        return Finish(assemblers, manifest, wanted, rows);
    }

    /// <summary>The number of rows, which arrays of all columns are made for at once.</summary>
    private static int CheckSize(DatasetManifest manifest) => manifest.Rows <= ColumnAssembler.MaxLength
        ? (int)manifest.Rows
        : throw new InvalidDataException($"The data set has {manifest.Rows:N0} rows; one table in memory holds at most {ColumnAssembler.MaxLength:N0}. Shorten the 'window' of the spec.");

    /// <summary>Leaves rows out column by column, so that no more than one column is in memory twice.</summary>
    private static ColumnTable Finish(List<ColumnAssembler> assemblers, DatasetManifest manifest, HashSet<string> wanted, int rows)
    {
        Column? Whole(string? name) => assemblers.FindIndex(a => a.Schema.Name == name) is var i and >= 0 ? assemblers[i].Build() : null;
        var time = manifest.From is null ? null : Whole(manifest.Time);
        var key = manifest.Key == manifest.Time && time is not null ? time : Whole(manifest.Key);
        int[] kept = Keep(rows, time as TimestampColumn, manifest.From, key);
        var columns = new List<Column>();
        foreach (var assembler in assemblers.Where(a => wanted.Contains(a.Schema.Name)))
        {
            var column = assembler.Schema.Name == time?.Schema.Name ? time : assembler.Schema.Name == key?.Schema.Name ? key : assembler.Build();
            columns.Add(kept.Length == rows ? column : column.Take(kept));
        }

        return new ColumnTable(columns, kept.Length);
    }

    /// <summary>The rows of the window, of which those with the same key count once: the last.</summary>
    private static int[] Keep(int count, TimestampColumn? times, long? from, Column? keys)
    {
        int[] rows = [.. Enumerable.Range(0, count).Where(row => times is null || times.Values[row] >= from)];
        if (keys is null)
        {
            return rows;
        }

        var last = new Dictionary<ulong, int>();
        foreach (int row in rows)
        {
            if (!keys.IsMissing(row))
            {
                last[RowHash.OfValue(keys, row)] = row;
            }
        }

        return [.. rows.Where(row => keys.IsMissing(row) || last[RowHash.OfValue(keys, row)] == row)];
    }
}
