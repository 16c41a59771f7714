using ServerlessMlops.Data.Inference;
using ServerlessMlops.Data.Parsing;

namespace ServerlessMlops.Data.Reading;

/// <summary>What is said of rows that a tokenizer could not cut into fields as they should be.</summary>
internal static class RowFaultNotes
{
    /// <summary>Notes them.</summary>
    /// <param name="batch">The rows.</param>
    /// <param name="firstRow">Number of its first row in the chunk.</param>
    /// <param name="chunk">The chunk that they are cut from.</param>
    /// <param name="lineEnd">Byte that ends a line.</param>
    /// <param name="columns">Columns of the file.</param>
    /// <param name="limits">What the tokenizer was held to.</param>
    /// <param name="faults">Receives them.</param>
    public static void Add(FieldBatch batch, int firstRow, Chunk chunk, byte lineEnd, IReadOnlyList<InferredColumn> columns, ReadLimits limits, ChunkFaults faults)
    {
        for (int row = 0; row < batch.RowCount; row++)
        {
            if (batch.Faults[row] is RowFault.None)
            {
                continue;
            }

            int start = batch.RowStarts[row];
            var text = chunk.Buffer.AsSpan(start, Math.Min(300, chunk.Length - start));
            int end = text.IndexOf(lineEnd);
            text = end >= 0 ? text[..end] : text;
            switch (batch.Faults[row])
            {
                case RowFault.FieldCount:
                    faults.Add(firstRow + row, "", "fields", text, $"{batch.ColumnCount} fields, found {batch.FieldCounts[row]}");
                    break;
                case RowFault.FieldLength:
                    int longest = Enumerable.Range(0, batch.ColumnCount).MaxBy(c => batch.Fields[c * batch.Capacity + row].Length);
                    faults.Add(firstRow + row, columns[longest].Schema.Name, "length", text,
                        $"at most {limits.MaxFieldBytes:N0} bytes in a field, found {batch.Fields[longest * batch.Capacity + row].Length:N0}");
                    break;
                case RowFault.Json:
                    faults.Add(firstRow + row, "", "json", text, "one JSON object on a line");
                    break;
                case RowFault.Depth:
                    faults.Add(firstRow + row, "", "depth", text, $"at most {limits.MaxDepth} objects and arrays within one another");
                    break;
            }
        }
    }
}
