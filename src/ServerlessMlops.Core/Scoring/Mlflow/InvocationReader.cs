using System.Text.Json;

namespace ServerlessMlops.Core.Scoring.Mlflow;

/// <summary>
/// Reads the JSON body of an MLflow <c>/invocations</c> request into a batch: an object with exactly one of <c>dataframe_split</c>,
/// <c>dataframe_records</c>, <c>instances</c> and <c>inputs</c>, and perhaps <c>params</c>; or the bare array of rows.
/// </summary>
/// <remarks>
/// The tokens go straight into the feature vectors: no document, no strings, no row objects. A body that cannot be read is answered by the
/// first thing that is wrong with it; what is read but does not fit the signature is gathered in the batch, all of it.
/// </remarks>
public static class InvocationReader
{
    private const string Expected = "expected an object with exactly one of \"dataframe_split\", \"dataframe_records\", \"instances\" and \"inputs\", and perhaps \"params\"; or an array of rows";

    /// <summary>Reads a body.</summary>
    /// <param name="body">The body in UTF-8, with or without a byte order mark.</param>
    /// <param name="batch">Where to; reset for the model.</param>
    /// <param name="limits">What a request may ask for.</param>
    /// <returns>Null where the batch can be scored, else why not.</returns>
    public static ScoringProblem? Read(ReadOnlySpan<byte> body, ScoringBatch batch, ScoringLimits limits) =>
        RequestReading.Guard(body, batch, limits, ReadBody);

    private static void ReadBody(ReadOnlySpan<byte> body, ScoringBatch batch, ScoringLimits limits)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = limits.MaxDepth });
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            TensorReader.ReadInstances(ref reader, body, batch, "body");
            reader.Read();
            return;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw RequestReading.Malformed($"The body is {RequestReading.Describe(reader.TokenType)}; {Expected}.");
        }

        string? format = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("dataframe_split"u8))
            {
                Enter(ref reader, ref format, "dataframe_split");
                DataframeReader.ReadSplit(ref reader, body, batch);
            }
            else if (reader.ValueTextEquals("dataframe_records"u8))
            {
                Enter(ref reader, ref format, "dataframe_records");
                DataframeReader.ReadRecords(ref reader, body, batch);
            }
            else if (reader.ValueTextEquals("instances"u8))
            {
                Enter(ref reader, ref format, "instances");
                TensorReader.ReadInstances(ref reader, body, batch, "instances");
            }
            else if (reader.ValueTextEquals("inputs"u8))
            {
                Enter(ref reader, ref format, "inputs");
                TensorReader.ReadInputs(ref reader, body, batch);
            }
            else if (reader.ValueTextEquals("params"u8))
            {
                ReadParams(ref reader, batch);
            }
            else
            {
                batch.AddRequestFinding(FindingCode.IgnoredParameter, Text.Excerpt(batch.StringOf(ref reader)));
                reader.Skip();
            }
        }

        if (format is null)
        {
            throw RequestReading.Malformed($"The body has none of the input fields; {Expected}.");
        }

        // Reads on to the end, so that text after the object is found.
        reader.Read();
    }

    private static void Enter(ref Utf8JsonReader reader, ref string? format, string name)
    {
        if (format is not null)
        {
            throw RequestReading.Malformed(
                format == name ? $"The body has \"{name}\" twice; {Expected}." : $"The body has both \"{format}\" and \"{name}\"; {Expected}.");
        }

        format = name;
        reader.Read();
    }

    private static void ReadParams(ref Utf8JsonReader reader, ScoringBatch batch)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw RequestReading.Malformed($"\"params\" is {RequestReading.Describe(reader.TokenType)}; expected an object of parameters by name.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!RequestReading.TryReadExplain(ref reader, batch))
            {
                batch.AddRequestFinding(FindingCode.IgnoredParameter, Text.Excerpt(batch.StringOf(ref reader)));
                reader.Skip();
            }
        }
    }
}
