using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Core.Feedback;

/// <summary>A file of labels that cannot be used; the message says why and what would help.</summary>
public sealed class UnusableLabelsException(string message) : Exception(message);

/// <summary>
/// Reads files of labels: CSV or JSON Lines, packed or not, with a column <c>inferenceId</c> or the pipeline's key, a column named as the target,
/// and optionally <c>labelledAt</c> (or <c>timestamp</c>), when the outcome was known, and <c>why.weight</c>, how many predictions the row stands for (0 or more), as
/// requests for labels say it.
/// </summary>
public static class LabelFile
{
    /// <summary>Most rows of one file; what is more comes in several files.</summary>
    public const int MostRows = 1_000_000;

    /// <summary>The column of the weights.</summary>
    public const string WeightName = "why.weight";

    private static readonly string[] IdNames = ["inferenceId", "inference_id"];
    private static readonly string[] TimeNames = ["labelledAt", "labelled_at", "timestamp"];

    /// <summary>Reads the file.</summary>
    /// <param name="source">The file, from its beginning.</param>
    /// <param name="name">Its name.</param>
    /// <param name="spec">Names the key and the target.</param>
    /// <param name="arrivedAt">When labels without a time of their own were known.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="UnusableLabelsException">It holds no labels of this pipeline, or too many.</exception>
    public static async Task<LabelBatch> ReadAsync(Stream source, string name, PipelineSpec spec, DateTimeOffset arrivedAt, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(spec);
        try
        {
            await using TableReader reader = await TableReader.OpenAsync(source, new TableReaderOptions { Name = name, HeaderHints = [.. IdNames, spec.Target, spec.Key ?? spec.Target] }, cancellation);
            return await ReadAsync(reader, spec, arrivedAt, cancellation);
        }
        catch (UnreadableFileException e)
        {
            throw new UnusableLabelsException(e.Message);
        }
    }

    private static async Task<LabelBatch> ReadAsync(TableReader reader, PipelineSpec spec, DateTimeOffset arrivedAt, CancellationToken cancellation)
    {
        ColumnSchema? Find(IEnumerable<string> names) => reader.Columns.Select(c => c.Schema).FirstOrDefault(c => names.Contains(c.Name, StringComparer.OrdinalIgnoreCase));
        ColumnSchema? id = Find(IdNames);
        ColumnSchema? key = spec.Key is null ? null : Find([spec.Key]);
        ColumnSchema? time = Find(TimeNames);
        ColumnSchema? weight = reader.Columns.Any(c => c.Values > 0 && string.Equals(c.Schema.Name, WeightName, StringComparison.OrdinalIgnoreCase)) ? Find([WeightName]) : null;
        string found = string.Join(", ", reader.Columns.Select(c => c.Schema.Name).Take(20));
        if (id is null && key is null)
        {
            throw new UnusableLabelsException(
                $"The file has columns {found}; labels join by a column 'inferenceId'{(spec.Key is null ? ", or by the pipeline's key, of which the spec names none ('key')" : $" or by the pipeline's key '{spec.Key}'")}.");
        }

        if (Find([spec.Target]) is not { } target)
        {
            throw new UnusableLabelsException($"The file has columns {found}; the label is expected in a column named as the target, '{spec.Target}'.");
        }

        if (time is { Type: not ColumnType.Timestamp })
        {
            throw new UnusableLabelsException($"Column '{time.Name}' holds no times ({time.Type}); expected ones such as 2026-03-01T12:00:00Z, or no such column.");
        }

        if (weight is { Type: not (ColumnType.Number or ColumnType.Integer or ColumnType.Boolean) })
        {
            throw new UnusableLabelsException($"Column '{weight.Name}' holds no numbers ({weight.Type}); expected how many predictions each row stands for, as in the request for labels, or no such column.");
        }

        List<ColumnSchema> columns = [new(target.Name, ColumnType.Text)];
        columns.AddRange(new[] { id, key }.OfType<ColumnSchema>().Select(c => new ColumnSchema(c.Name, ColumnType.Text)));
        if (time is not null)
        {
            columns.Add(time);
        }

        if (weight is not null)
        {
            columns.Add(new ColumnSchema(weight.Name, ColumnType.Number) { DecimalComma = weight.DecimalComma });
        }

        var batch = new LabelBatch();
        await foreach (RowGroup group in reader.ReadAsync(new ReadPlan { Schema = new TableSchema(columns) }, cancellation))
        {
            batch.Incomplete += group.RejectedCount;
            Column labels = group.Table[target.Name];
            Column? ids = id is null ? null : group.Table[id.Name];
            Column? keys = key is null ? null : group.Table[key.Name];
            var times = time is null ? null : (TimestampColumn)group.Table[time.Name];
            var weights = weight is null ? null : (NumberColumn)group.Table[weight.Name];
            for (int row = 0; row < group.Table.RowCount; row++)
            {
                string? rowId = ids?.IsMissing(row) == false ? ids.TextAt(row) : null;
                string? rowKey = keys?.IsMissing(row) == false ? keys.TextAt(row) : null;
                double stands = weights?.IsMissing(row) == false ? weights.Values[row] : 1;
                if (labels.IsMissing(row) || (rowId ?? rowKey) is null || !(stands >= 0) || !double.IsFinite(stands))
                {
                    batch.Incomplete++;
                    continue;
                }

                DateTimeOffset at = times?.IsMissing(row) == false ? TimestampColumn.ToInstant(times.Values[row]) : arrivedAt;
                batch.Add(rowId, rowKey, new Label(labels.TextAt(row), at) { Weight = stands });
                if (batch.Rows > MostRows)
                {
                    throw new UnusableLabelsException($"The file has more than {MostRows} labels; split it.");
                }
            }
        }

        return batch.Count > 0 ? batch : throw new UnusableLabelsException($"None of the {batch.Incomplete} rows has both a label in '{target.Name}' and something to join with in '{(id ?? key)!.Name}'.");
    }
}
