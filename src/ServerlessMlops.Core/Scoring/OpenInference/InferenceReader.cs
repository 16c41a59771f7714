using System.Text.Json;

namespace ServerlessMlops.Core.Scoring.OpenInference;

/// <summary>What an inference request asks for besides its rows.</summary>
public sealed class InferenceRequest
{
    /// <summary>The caller's id, which the answer repeats; null where there is none.</summary>
    public string? Id { get; internal set; }

    /// <summary>The outputs asked for, in order; empty for all.</summary>
    public IReadOnlyList<string> Outputs { get; internal set; } = [];
}

/// <summary>
/// Reads the JSON body of an Open Inference Protocol v2 <c>infer</c> request: one tensor of shape [rows] or [rows, 1] per column, or a single
/// tensor of shape [rows, inputs] in the order of the model's inputs; its values flat, row by row, or nested as the shape says.
/// </summary>
public static class InferenceReader
{
    private const int LongestId = 256;
    private const int MostOutputs = 16;

    /// <summary>Reads a body.</summary>
    /// <param name="body">The body in UTF-8.</param>
    /// <param name="batch">Where to; reset for the model.</param>
    /// <param name="limits">What a request may ask for.</param>
    /// <param name="outputs">The outputs that the model has.</param>
    /// <param name="request">What it asks for besides.</param>
    /// <returns>Null where the batch can be scored, else why not.</returns>
    public static ScoringProblem? Read(ReadOnlySpan<byte> body, ScoringBatch batch, ScoringLimits limits, IReadOnlyList<string> outputs, InferenceRequest request) =>
        RequestReading.Guard(body, batch, limits, (text, rows, most) => ReadBody(text, rows, most, outputs, request));

    private static void ReadBody(ReadOnlySpan<byte> body, ScoringBatch batch, ScoringLimits limits, IReadOnlyList<string> outputs, InferenceRequest request)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = limits.MaxDepth });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw RequestReading.Malformed($"The body is {RequestReading.Describe(reader.TokenType)}; expected an object with \"inputs\".");
        }

        bool hasInputs = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("id"u8))
            {
                reader.Read();
                request.Id = reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= LongestId
                    ? System.Text.Encoding.UTF8.GetString(batch.StringOf(ref reader))
                    : throw RequestReading.Malformed($"\"id\" is {RequestReading.Describe(reader.TokenType)}; expected a string of at most {LongestId} bytes.");
            }
            else if (reader.ValueTextEquals("inputs"u8) && !hasInputs)
            {
                hasInputs = true;
                ReadInputs(ref reader, batch, limits);
            }
            else if (reader.ValueTextEquals("inputs"u8))
            {
                throw RequestReading.Malformed("The body has \"inputs\" twice; give it once.");
            }
            else if (reader.ValueTextEquals("outputs"u8))
            {
                request.Outputs = ReadOutputs(ref reader, batch, outputs);
            }
            else if (reader.ValueTextEquals("parameters"u8))
            {
                ReadParameters(ref reader, batch);
            }
            else
            {
                reader.Skip();
            }
        }

        if (!hasInputs)
        {
            throw RequestReading.Malformed("The body has no \"inputs\"; expected an array of tensors.");
        }

        reader.Read();
    }

    // Of a client's parameters those that mean something here are taken; the protocol leaves the rest to servers that know them.
    private static void ReadParameters(ref Utf8JsonReader reader, ScoringBatch batch)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw RequestReading.Malformed($"\"parameters\" is {RequestReading.Describe(reader.TokenType)}; expected an object.");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (!RequestReading.TryReadExplain(ref reader, batch))
            {
                reader.Skip();
            }
        }
    }

    private static void ReadInputs(ref Utf8JsonReader reader, ScoringBatch batch, ScoringLimits limits)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw RequestReading.Malformed($"\"inputs\" is {RequestReading.Describe(reader.TokenType)}; expected an array of tensors.");
        }

        batch.BeginColumns();
        int position = 0;
        bool isMatrix = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Tensor tensor = Tensor.Read(ref reader, batch, limits, position);
            if (isMatrix || (position > 0 && tensor.Rows != batch.Rows))
            {
                throw RequestReading.Malformed(isMatrix
                    ? "A single tensor with all inputs is followed by another; send either the one, or a tensor per column."
                    : $"Input '{tensor.Name}' has {tensor.Rows} row(s) where those before have {batch.Rows}; give all tensors the same first dimension.");
            }

            for (int row = batch.Rows; row < tensor.Rows; row++)
            {
                batch.AddRow();
            }

            isMatrix = tensor.Role == ColumnRole.Extra && position == 0 && tensor.Columns == batch.Signature.Width;
            if (isMatrix)
            {
                batch.AddAllInputs();
                ReadData(ref tensor, batch, batch.Roles);
            }
            else
            {
                ReadColumn(ref tensor, batch);
            }

            position++;
        }

        batch.EndColumns();
    }

    private static void ReadColumn(ref Tensor tensor, ScoringBatch batch)
    {
        if (tensor.Role is ColumnRole.Extra or ColumnRole.Target)
        {
            batch.AddBesides(tensor.Role, tensor.Name);
            return;
        }

        if (!batch.Give(tensor.Role))
        {
            batch.AddRequestFinding(FindingCode.DuplicateColumn, tensor.Name);
            return;
        }

        if (tensor.Columns != 1)
        {
            throw RequestReading.Malformed($"Input '{tensor.Name}' has {tensor.Columns} values a row; expected the shape [rows] or [rows, 1].");
        }

        ReadData(ref tensor, batch, [tensor.Role]);
    }

    // Takes the values in their order, whatever their nesting; the shape says how many there must be.
    private static void ReadData(ref Tensor tensor, ScoringBatch batch, scoped ReadOnlySpan<int> roles)
    {
        long count = 0;
        long expected = (long)tensor.Rows * roles.Length;
        int depth = tensor.Data.CurrentDepth;
        while (tensor.Data.Read() && !(tensor.Data.TokenType == JsonTokenType.EndArray && tensor.Data.CurrentDepth == depth))
        {
            if (tensor.Data.TokenType is JsonTokenType.StartArray or JsonTokenType.EndArray)
            {
                continue;
            }

            if (count < expected)
            {
                int role = roles[(int)(count % roles.Length)];
                int row = (int)(count / roles.Length);
                if (tensor.Type == TensorType.Text && role >= 0 && !batch.Signature.IsCategory(role) && tensor.Data.TokenType != JsonTokenType.Null)
                {
                    batch.CountUnfit(FindingCode.WrongType, role, row);
                    tensor.Data.Skip();
                }
                else
                {
                    batch.Accept(ref tensor.Data, row, role);
                }
            }
            else
            {
                tensor.Data.Skip();
            }

            count++;
        }

        if (count != expected)
        {
            throw RequestReading.Malformed($"Input '{tensor.Name}' has {count} value(s) and its shape says {expected}; give as many values as the shape says.");
        }
    }

    private static List<string> ReadOutputs(ref Utf8JsonReader reader, ScoringBatch batch, IReadOnlyList<string> known)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw RequestReading.Malformed($"\"outputs\" is {RequestReading.Describe(reader.TokenType)}; expected an array of objects with a \"name\".");
        }

        var outputs = new List<string>();
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject && outputs.Count < MostOutputs)
        {
            string? name = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isName = reader.ValueTextEquals("name"u8);
                reader.Read();
                if (isName && reader.TokenType == JsonTokenType.String)
                {
                    name = Text.Excerpt(batch.StringOf(ref reader));
                }
                else
                {
                    reader.Skip();
                }
            }

            outputs.Add(name is not null && known.Contains(name)
                ? name
                : throw RequestReading.Malformed($"Output {outputs.Count} is '{name}'; the model has {string.Join(", ", known)}."));
        }

        return reader.TokenType == JsonTokenType.EndArray
            ? outputs
            : throw RequestReading.Malformed($"\"outputs\" holds {RequestReading.Describe(reader.TokenType)} or too many outputs; expected at most {MostOutputs} objects with a \"name\".");
    }
}
