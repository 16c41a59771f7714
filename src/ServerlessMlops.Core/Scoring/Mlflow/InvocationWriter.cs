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
/// regression  {"value":326.5,"interval":[301.2,351.8],"inferenceId":"..."}       the interval where the model has one; its coverage follows the version
/// </code>
/// Where the pipeline has rules for review, each object has <c>needsReview</c> after its id; where an explanation was asked for, <c>explanation</c>.
/// </remarks>
public static class InvocationWriter
{
    /// <summary>Writes the answer.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="batch">The rows, scored.</param>
    /// <param name="model">The model that scored them.</param>
    /// <param name="ids">The rows' ids.</param>
    public static void Write(IBufferWriter<byte> buffer, ScoringBatch batch, ServingModel model, RowIds ids)
    {
        var json = new JsonText(buffer);
        json.Append("{\"predictions\":["u8);
        for (int row = 0; row < batch.Rows; row++)
        {
            WriteRow(ref json, batch, model, row, ids, isFirst: row == 0);
            json.Append("}"u8);
        }

        json.Append(model.Trailer);
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
    public static byte[] Trailer(string pipeline, int version, double? coverage = null) =>
        System.Text.Encoding.UTF8.GetBytes(string.Create(
            System.Globalization.CultureInfo.InvariantCulture, $"],\"model\":\"{pipeline}\",\"version\":{version}{(coverage is null ? "" : $",\"intervalCoverage\":{coverage}")}"));

    /// <summary>Writes the object of a row, without its last brace.</summary>
    internal static void WriteRow(ref JsonText json, ScoringBatch batch, ServingModel serving, int row, RowIds ids, bool isFirst)
    {
        ModelOutputs model = serving.Outputs;
        ReadOnlySpan<float> outputs = batch.Outputs.Slice(row * model.Width, model.Width);
        json.Append(isFirst ? "{"u8 : ",{"u8);
        if (model.Task == LearningTask.Regression)
        {
            json.Append("\"value\":"u8);
            json.Append(outputs[0]);
            if (model.IntervalHalfWidth is { } half)
            {
                json.Append(",\"interval\":["u8);
                json.Append((float)(outputs[0] - half));
                json.Append(","u8);
                json.Append((float)(outputs[0] + half));
                json.Append("]"u8);
            }
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
        int written = ids.Write(row, json.Room(RowIds.LongestId));
        json.Advance(written);
        json.Append("\""u8);
        if (serving.Rules.Reviews)
        {
            json.Append(batch.NeedsReview(serving, row) ? ",\"needsReview\":true"u8 : ",\"needsReview\":false"u8);
        }

        batch.Explanations?.Write(ref json, serving, row);
    }
}
