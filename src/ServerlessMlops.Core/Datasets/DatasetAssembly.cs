using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Core.Datasets;

/// <summary>What assembling a data set needs to know of a batch.</summary>
public sealed record BatchSummary
{
    /// <summary>Content address.</summary>
    public required string BatchId { get; init; }

    /// <summary>Rows.</summary>
    public required long Rows { get; init; }

    /// <summary>Columns.</summary>
    public required TableSchema Schema { get; init; }

    /// <summary>When it arrived. Orders batches; not part of any id.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>Path of the upload that brought it first; null in batches of older versions.</summary>
    public string? Upload { get; init; }

    /// <summary>Newest value of the time column, in microseconds since 1970-01-01 UTC; null without one.</summary>
    public long? Newest { get; init; }
}

/// <summary>Chooses the batches of a data set.</summary>
public static class DatasetAssembly
{
    /// <summary>The manifest of what a training sees now; null if there is no batch.</summary>
    /// <param name="batches">All batches of the pipeline, in any order; the same batch may be there several times.</param>
    /// <param name="spec">The pipeline's spec: its window, key, time and split.</param>
    public static DatasetManifest? Assemble(IEnumerable<BatchSummary> batches, PipelineSpec spec)
    {
        // The same content uploaded again counts where it first came, so that uploading twice changes nothing.
        var ordered = batches.GroupBy(b => b.BatchId).Select(g => g.MinBy(b => b.ReceivedAt)!)
            .OrderBy(b => b.ReceivedAt).ThenBy(b => b.BatchId, StringComparer.Ordinal).ToList();
        long? from = null;
        if (spec.Window.Batches is { } count)
        {
            ordered = [.. ordered.TakeLast(count)];
        }
        else if (spec.Window.Period is { } period && ordered.Count > 0)
        {
            if (spec.Time is not null && ordered.Any(b => b.Newest is not null))
            {
                from = ordered.Max(b => b.Newest)!.Value - period.Ticks / 10;
                ordered = [.. ordered.Where(b => b.Newest is null || b.Newest >= from)];
            }
            else
            {
                var since = ordered[^1].ReceivedAt - period;
                ordered = [.. ordered.Where(b => b.ReceivedAt >= since)];
            }
        }

        return ordered.Count == 0 ? null : new DatasetManifest
        {
            SpecHash = spec.ComputeHash(),
            Batches = [.. ordered.Select(b => new DatasetBatch(b.BatchId, b.Rows))],
            Schema = Unite([.. ordered.Select(b => b.Schema)]),
            From = from,
            Time = spec.Time,
            Key = spec.Key,
            Split = SplitRule.For(spec),
        };
    }

    /// <summary>
    /// The schema that reads all: the newest one's columns first, then those that only older ones have. Whole numbers give way to numbers, and
    /// types that do not go together give way to a category.
    /// </summary>
    public static TableSchema Unite(IReadOnlyList<TableSchema> schemas)
    {
        var columns = new List<ColumnSchema>();
        foreach (var schema in schemas.Reverse())
        {
            foreach (var column in schema.Columns)
            {
                int at = columns.FindIndex(c => c.Name == column.Name);
                if (at < 0)
                {
                    columns.Add(new ColumnSchema(column.Name, column.Type));
                }
                else if (columns[at].Type != column.Type)
                {
                    columns[at] = columns[at] with { Type = Wider(columns[at].Type, column.Type) };
                }
            }
        }

        return new TableSchema(columns);
    }

    private static ColumnType Wider(ColumnType newer, ColumnType older) => (newer, older) switch
    {
        (ColumnType.Integer, ColumnType.Number) or (ColumnType.Number, ColumnType.Integer) => ColumnType.Number,
        (ColumnType.Text or ColumnType.Identifier, ColumnType.Text or ColumnType.Identifier) => newer,
        (ColumnType.Identifier, _) or (_, ColumnType.Identifier) => ColumnType.Identifier,
        (ColumnType.Text, _) or (_, ColumnType.Text) => ColumnType.Text,
        _ => ColumnType.Category,
    };
}
