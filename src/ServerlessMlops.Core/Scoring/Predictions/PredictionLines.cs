namespace ServerlessMlops.Core.Scoring.Predictions;

/// <summary>The rows of a file of the prediction log, whose numbers labels are kept by: one JSON object a line.</summary>
public static class PredictionLines
{
    /// <summary>The lines in order, without their ends; empty ones are none.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Of(ReadOnlyMemory<byte> lines)
    {
        for (ReadOnlyMemory<byte> rest = lines; !rest.IsEmpty;)
        {
            int end = rest.Span.IndexOf((byte)'\n');
            ReadOnlyMemory<byte> line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            if (!line.IsEmpty)
            {
                yield return line;
            }
        }
    }
}
