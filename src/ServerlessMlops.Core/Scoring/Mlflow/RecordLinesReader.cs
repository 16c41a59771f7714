using System.Text.Json;

namespace ServerlessMlops.Core.Scoring.Mlflow;

/// <summary>Reads newline-delimited JSON into a batch: a line per row, each an object of values by column name.</summary>
public static class RecordLinesReader
{
    /// <summary>Reads whole lines, none of them blank at the end of what is read.</summary>
    /// <param name="lines">The lines in UTF-8; the last one may lack its end.</param>
    /// <param name="batch">Where to; reset for the model.</param>
    /// <param name="limits">What a stretch of lines may ask for.</param>
    /// <returns>Null where the batch can be scored, else why not.</returns>
    public static ScoringProblem? Read(ReadOnlySpan<byte> lines, ScoringBatch batch, ScoringLimits limits) =>
        RequestReading.Guard(lines, batch, limits, ReadLines);

    private static void ReadLines(ReadOnlySpan<byte> body, ScoringBatch batch, ScoringLimits limits)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = limits.MaxDepth, AllowMultipleValues = true });
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw RequestReading.Malformed($"The line is {RequestReading.Describe(reader.TokenType)}; expected an object of values by column name.");
            }

            int start = (int)reader.TokenStartIndex;
            DataframeReader.ReadRecord(ref reader, body, batch);
            int end = (int)reader.BytesConsumed;
            int length = body[start..].IndexOf((byte)'\n');
            ReadOnlySpan<byte> rest = length < 0 ? body[end..] : end > start + length ? "?"u8 : body[end..(start + length)];
            if (rest.ContainsAnyExcept(" \t\r"u8))
            {
                throw RequestReading.Malformed("A line holds more, or less, than one object; expected one whole object a line, without line breaks in it.");
            }
        }
    }
}
