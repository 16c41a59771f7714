using System.Buffers;
using System.Text.Json;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Scoring.OpenInference;

/// <summary>
/// Writes Open Inference Protocol v2 answers. A model's outputs are <c>decision</c> and <c>probability</c> (multiclass: <c>probabilities</c> too,
/// of shape [rows, classes]) or, for regression, <c>value</c> and, where the model has intervals, <c>intervalLow</c> and <c>intervalHigh</c>; and <c>inferenceId</c>.
/// Where the pipeline has rules for review there is <c>needsReview</c> too, and where a request asks for explanations, <c>contributions</c> of shape [rows, inputs] and their <c>base</c>.
/// </summary>
public static class InferenceWriter
{
    /// <summary>What the server calls itself in its metadata.</summary>
    public const string ServerName = "serverless-mlops";

    private const string Decision = "decision";
    private const string Probability = "probability";
    private const string Probabilities = "probabilities";
    private const string Value = "value";
    private const string Low = "intervalLow";
    private const string High = "intervalHigh";
    private const string Id = "inferenceId";
    private const string Review = "needsReview";
    private const string Contributions = "contributions";
    private const string Base = "base";

    /// <summary>The outputs that a model of that card has by those rules.</summary>
    public static IReadOnlyList<string> OutputsOf(ModelCard card, ScoringRules rules)
    {
        IEnumerable<string> outputs = card.Task switch
        {
            LearningTask.Regression => card.Interval is { } interval && double.IsFinite(interval.HalfWidth) ? [Value, Low, High] : [Value],
            LearningTask.Binary => [Decision, Probability],
            _ => [Decision, Probability, Probabilities],
        };
        return [.. outputs, Id, .. rules.Reviews ? [Review] : Array.Empty<string>()];
    }

    /// <summary>Writes the answer to an <c>infer</c> request.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="batch">The rows, scored.</param>
    /// <param name="model">The model that scored them.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="ids">The rows' ids.</param>
    public static void Write(IBufferWriter<byte> buffer, ScoringBatch batch, ServingModel model, InferenceRequest request, RowIds ids)
    {
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        writer.WriteString("model_name"u8, model.Card.Pipeline);
        writer.WriteString("model_version"u8, model.Version.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (request.Id is not null)
        {
            writer.WriteString("id"u8, request.Id);
        }

        if (batch.HasFindings)
        {
            // Parameters are plain values in the protocol, so the warnings stand in one text.
            writer.WriteStartObject("parameters"u8);
            writer.WriteString("warnings"u8, string.Join(' ', batch.Findings().Select(f => f.Message)));
            writer.WriteEndObject();
        }

        writer.WriteStartArray("outputs"u8);
        foreach (string output in request.Outputs.Count > 0 ? request.Outputs : model.Signature.OutputTensors)
        {
            WriteOutput(writer, output, batch, model, ids);
        }

        if (batch.Explanations is { } explanations)
        {
            WriteExplanations(writer, batch, explanations);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Writes the metadata of a model.</summary>
    public static void WriteMetadata(Utf8JsonWriter writer, ServingModel model)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, model.Card.Pipeline);
        writer.WriteStartArray("versions"u8);
        writer.WriteStringValue(model.Version.ToString(System.Globalization.CultureInfo.InvariantCulture));
        writer.WriteEndArray();
        writer.WriteString("platform"u8, "onnx_onnxv1"u8);
        writer.WriteStartArray("inputs"u8);
        foreach (FeatureSignature input in model.Card.Inputs)
        {
            WriteTensor(writer, input.Name, input.Kind == FeatureKind.Number ? "FP32" : "BYTES", -1, 1);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("outputs"u8);
        foreach (string output in model.Signature.OutputTensors)
        {
            WriteTensor(writer, output, TypeOf(output), -1, ColumnsOf(output, model));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static string TypeOf(string output) => output switch { Decision or Id => "BYTES", Review => "BOOL", _ => "FP32" };

    private static int ColumnsOf(string output, ServingModel model) => output == Probabilities ? model.Outputs.Width : 1;

    private static void WriteTensor(Utf8JsonWriter writer, string name, string type, int rows, int columns)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, name);
        writer.WriteString("datatype"u8, type);
        writer.WriteStartArray("shape"u8);
        writer.WriteNumberValue(rows);
        if (columns > 1)
        {
            writer.WriteNumberValue(columns);
        }

        writer.WriteEndArray();
    }

    private static void WriteOutput(Utf8JsonWriter writer, string output, ScoringBatch batch, ServingModel model, RowIds ids)
    {
        WriteTensor(writer, output, TypeOf(output), batch.Rows, ColumnsOf(output, model));
        writer.WriteStartArray("data"u8);
        Span<byte> id = stackalloc byte[RowIds.LongestId];
        for (int row = 0; row < batch.Rows; row++)
        {
            ReadOnlySpan<float> outputs = batch.Outputs.Slice(row * model.Outputs.Width, model.Outputs.Width);
            switch (output)
            {
                case Decision:
                    writer.WriteStringValue(model.Outputs.Classes[model.Outputs.Decide(outputs)]);
                    break;
                case Id:
                    writer.WriteStringValue(id[..ids.Write(row, id)]);
                    break;
                case Review:
                    writer.WriteBooleanValue(batch.NeedsReview(model, row));
                    break;
                case Low:
                    WriteNumber(writer, (float)(outputs[^1] - model.Outputs.IntervalHalfWidth ?? 0));
                    break;
                case High:
                    WriteNumber(writer, (float)(outputs[^1] + model.Outputs.IntervalHalfWidth ?? 0));
                    break;
                case Probabilities:
                    foreach (float probability in outputs)
                    {
                        WriteNumber(writer, probability);
                    }

                    break;
                default:
                    WriteNumber(writer, model.Outputs.Summary(outputs));
                    break;
            }
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteExplanations(Utf8JsonWriter writer, ScoringBatch batch, RowExplanations explanations)
    {
        WriteTensor(writer, Base, "FP32", batch.Rows, 1);
        writer.WriteStartArray("data"u8);
        for (int row = 0; row < batch.Rows; row++)
        {
            WriteNumber(writer, (float)explanations.Base(row));
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        WriteTensor(writer, Contributions, "FP32", batch.Rows, batch.Signature.Width);
        writer.WriteStartArray("data"u8);
        for (int row = 0; row < batch.Rows; row++)
        {
            foreach (double contribution in explanations.Contributions(row))
            {
                WriteNumber(writer, (float)contribution);
            }
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter writer, float number)
    {
        if (float.IsFinite(number))
        {
            writer.WriteNumberValue(number);
        }
        else
        {
            writer.WriteNullValue();
        }
    }
}
