using System.Buffers;
using System.Text.Json;

namespace ServerlessMlops.Core.Scoring.Mlflow;

/// <summary>
/// Writes the answers to newline-delimited JSON: a line per row, each as in <see cref="InvocationWriter"/> with <c>model</c> and <c>version</c>, so that it
/// can be read alone; a line that could not be scored is answered by <c>{"line":17,"problem":{...}}</c>, counted from 1.
/// </summary>
public static class RecordLinesWriter
{
    /// <summary>Writes the scored rows; where a single row has findings, they stand in its line as <c>warnings</c>.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="batch">The rows, scored.</param>
    /// <param name="model">The model that scored them.</param>
    /// <param name="ids">The rows' ids.</param>
    public static void Write(IBufferWriter<byte> buffer, ScoringBatch batch, ServingModel model, RowIds ids)
    {
        var json = new JsonText(buffer);
        ReadOnlySpan<byte> version = model.Trailer[1..];
        for (int row = 0; row < batch.Rows; row++)
        {
            InvocationWriter.WriteRow(ref json, batch, model, row, ids, isFirst: true);
            json.Append(version);
            if (batch.HasFindings && batch.Rows == 1)
            {
                json.Append(",\"warnings\":"u8);
                json.Flush();
                using var writer = new Utf8JsonWriter(buffer);
                FindingWriter.Write(writer, batch.Findings());
            }

            json.Append("}\n"u8);
        }

        json.Flush();
    }

    /// <summary>Writes why a line was not scored.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="line">The line's number, counted from 1.</param>
    /// <param name="problem">Why.</param>
    public static void WriteProblem(IBufferWriter<byte> buffer, long line, ScoringProblem problem)
    {
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("line"u8, line);
            writer.WritePropertyName("problem"u8);
            problem.WriteTo(writer, null);
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
    }
}
