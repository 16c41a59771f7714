using System.Buffers;
using System.Text.Json;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Scoring.Mlflow;

/// <summary>
/// Writes the answer to <c>/invocations</c>: <c>predictions</c> with one object per row, then the model, its version and the warnings.
/// </summary>
/// <remarks>
/// <code>
/// binary      {"decision":"yes","probability":0.83,"inferenceId":"..."}           probability of the positive class
/// multiclass  {"decision":"setosa","probability":0.97,"probabilities":[0.97,0.02,0.01],"inferenceId":"..."}   in the order of the classes
/// regression  {"value":326.5,"inferenceId":"..."}
/// </code>
/// </remarks>
public static class InvocationWriter
{
    /// <summary>Writes the answer.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="batch">The rows, scored.</param>
    /// <param name="model">What the outputs say.</param>
    /// <param name="trailer">See <see cref="Trailer"/>.</param>
    /// <param name="ids">The rows' ids.</param>
    public static void Write(IBufferWriter<byte> buffer, ScoringBatch batch, ModelOutputs model, ReadOnlySpan<byte> trailer, RowIds ids)
    {
        var json = new JsonText(buffer);
        json.Append("{\"predictions\":["u8);
        ReadOnlySpan<float> outputs = batch.Outputs;
        for (int row = 0; row < batch.Rows; row++)
        {
            WriteRow(ref json, model, outputs.Slice(row * model.Width, model.Width), isFirst: row == 0);
            int written = ids.Write(row, json.Room(RowIds.LongestId));
            json.Advance(written);
            json.Append("\"}"u8);
        }

        json.Append(trailer);
        if (!batch.HasFindings)
        {
            json.Append("}"u8);
            json.Flush();
            return;
        }

        json.Append(",\"warnings\":"u8);
        json.Flush();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            FindingWriter.Write(writer, batch.Findings());
        }

        buffer.Write("}"u8);
    }

    /// <summary>What every answer of a model ends with, without the last brace.</summary>
    public static byte[] Trailer(string pipeline, int version) =>
        System.Text.Encoding.UTF8.GetBytes($"],\"model\":\"{pipeline}\",\"version\":{version}");

    /// <summary>Begins the object of a row, up to the value of its id.</summary>
    internal static void WriteRow(ref JsonText json, ModelOutputs model, ReadOnlySpan<float> outputs, bool isFirst)
    {
        json.Append(isFirst ? "{"u8 : ",{"u8);
        if (model.Task == LearningTask.Regression)
        {
            json.Append("\"value\":"u8);
            json.Append(outputs[0]);
        }
        else
        {
            json.Append("\"decision\":\""u8);
            json.Append(model.Classes[model.Decide(outputs)].EncodedUtf8Bytes);
            json.Append("\",\"probability\":"u8);
            json.Append(model.Summary(outputs));
            if (model.Task == LearningTask.Multiclass)
            {
                for (int i = 0; i < outputs.Length; i++)
                {
                    json.Append(i == 0 ? ",\"probabilities\":["u8 : ","u8);
                    json.Append(outputs[i]);
                }

                json.Append("]"u8);
            }
        }

        json.Append(",\"inferenceId\":\""u8);
    }
}
