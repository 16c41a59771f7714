using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Data.Csv;

/// <summary>Finds out how a CSV file is written from its first rows.</summary>
internal static class CsvDialectDetector
{
    private const int SampleBytes = 256 * 1024;
    private const int SampleRows = 500;
    private static readonly byte[] Delimiters = [(byte)',', (byte)';', (byte)'\t', (byte)'|'];

    /// <summary>
    /// Picks the delimiter that cuts the most rows into the same number of fields, at least two; the earlier of comma, semicolon, tab, bar where
    /// that leaves a choice. A file that none of them cuts has one column.
    /// </summary>
    /// <param name="head">The file's beginning.</param>
    /// <param name="name">The file's name: <c>.tsv</c> settles for tabs.</param>
    public static CsvDialect Detect(ReadOnlySpan<byte> head, string name)
    {
        var sample = head[..Math.Min(head.Length, SampleBytes)];
        byte lineEnd = sample.Contains((byte)'\n') || !sample.Contains((byte)'\r') ? (byte)'\n' : (byte)'\r';
        var best = CsvDialect.Default with { LineEnd = lineEnd };
        if (name.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase) || name.Contains(".tsv.", StringComparison.OrdinalIgnoreCase))
        {
            return best with { Delimiter = (byte)'\t' };
        }

        double bestScore = 0;
        foreach (byte delimiter in Delimiters)
        {
            var dialect = best with { Delimiter = delimiter };
            double score = Score(sample, head.Length > sample.Length, dialect);
            if (score > bestScore * 1.0001)
            {
                (best, bestScore) = (dialect, score);
            }
        }

        return best;
    }

    /// <summary>The share of rows that have the most common number of fields, weighted a little by that number; 0 where it is one.</summary>
    private static double Score(ReadOnlySpan<byte> sample, bool more, CsvDialect dialect)
    {
        var counts = new Dictionary<int, int>();
        int rows = 0;
        foreach (int fields in CountFields(sample, more, dialect))
        {
            counts[fields] = counts.GetValueOrDefault(fields) + 1;
            rows++;
        }

        var (common, often) = counts.OrderByDescending(c => c.Value).ThenByDescending(c => c.Key).FirstOrDefault();
        return common < 2 ? 0 : often / (double)rows * (1 + Math.Log2(common) / 50);
    }

    private static List<int> CountFields(ReadOnlySpan<byte> sample, bool more, CsvDialect dialect)
    {
        int end = CsvBoundary.FindLast(sample, dialect, out _);
        var text = new byte[sample.Length + 1 + Chunk.Padding];
        sample.CopyTo(text);
        if (!more || end == 0)
        {
            end = sample.Length;
            text[end++] = dialect.LineEnd;
        }

        var tokenizer = new CsvTokenizer(dialect, 1, int.MaxValue);
        tokenizer.Begin(new Chunk { Buffer = text, Length = end });
        var batch = new FieldBatch(1);
        var found = new List<int>();
        while (found.Count < SampleRows && tokenizer.Next(batch))
        {
            for (int row = 0; row < batch.RowCount; row++)
            {
                if (batch.FieldCounts[row] > 1 || batch.Fields[row].Length > 0)
                {
                    found.Add(batch.FieldCounts[row]);
                }
            }
        }

        return found;
    }
}
