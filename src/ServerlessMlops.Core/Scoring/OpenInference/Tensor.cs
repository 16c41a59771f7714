using System.Text.Json;

namespace ServerlessMlops.Core.Scoring.OpenInference;

/// <summary>Data types of the Open Inference Protocol that are taken as they come in JSON.</summary>
internal enum TensorType
{
    /// <summary>Not said.</summary>
    None,

    /// <summary>A number: INT8 to INT64, UINT8 to UINT64, FP16 to FP64.</summary>
    Number,

    /// <summary>BOOL.</summary>
    Boolean,

    /// <summary>BYTES: text.</summary>
    Text,
}

/// <summary>One input tensor of a request, read up to its data.</summary>
internal ref struct Tensor
{
    private const int MostDimensions = 8;

    /// <summary>Its name, shortened for messages.</summary>
    public string Name;

    /// <summary>What the model has of that name.</summary>
    public int Role;

    /// <summary>First dimension.</summary>
    public int Rows;

    /// <summary>Product of the other dimensions.</summary>
    public long Columns;

    /// <summary>How its values are written.</summary>
    public TensorType Type;

    /// <summary>Stands at the beginning of its data.</summary>
    public Utf8JsonReader Data;

    private bool _hasData;
    private bool _hasShape;

    /// <summary>Reads the tensor whose beginning the reader stands at, and goes past it.</summary>
    public static Tensor Read(ref Utf8JsonReader reader, ScoringBatch batch, ScoringLimits limits, int position)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw RequestReading.Malformed($"Input {position} is {RequestReading.Describe(reader.TokenType)}; expected an object with \"name\", \"shape\", \"datatype\" and \"data\".");
        }

        var tensor = new Tensor { Name = "", Role = ColumnRole.Extra };
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("name"u8))
            {
                Expect(ref reader, JsonTokenType.String, position, "name", "a string");
                ReadOnlySpan<byte> name = batch.StringOf(ref reader);
                tensor.Name = Text.Excerpt(name);
                tensor.Role = batch.Signature.RoleOf(name);
            }
            else if (reader.ValueTextEquals("shape"u8))
            {
                Expect(ref reader, JsonTokenType.StartArray, position, "shape", "an array of dimensions, the first of them the rows");
                tensor.ReadShape(ref reader, limits, position);
            }
            else if (reader.ValueTextEquals("datatype"u8))
            {
                Expect(ref reader, JsonTokenType.String, position, "datatype", "a string");
                tensor.Type = TypeOf(ref reader, position);
            }
            else if (reader.ValueTextEquals("data"u8))
            {
                Expect(ref reader, JsonTokenType.StartArray, position, "data", "an array");
                tensor._hasData = true;
                tensor.Data = reader;
                reader.Skip();
            }
            else
            {
                reader.Skip();
            }
        }

        if (tensor.Name.Length == 0 || !tensor._hasShape || tensor.Type == TensorType.None || !tensor._hasData)
        {
            string missing = tensor.Name.Length == 0 ? "name" : !tensor._hasShape ? "shape" : tensor.Type == TensorType.None ? "datatype" : "data";
            throw RequestReading.Malformed($"Input {position} has no \"{missing}\"; expected an object with \"name\", \"shape\", \"datatype\" and \"data\".");
        }

        return tensor;
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType expected, int position, string property, string words)
    {
        reader.Read();
        if (reader.TokenType != expected)
        {
            throw RequestReading.Malformed($"\"{property}\" of input {position} is {RequestReading.Describe(reader.TokenType)}; expected {words}.");
        }
    }

    private static TensorType TypeOf(ref Utf8JsonReader reader, int position)
    {
        ReadOnlySpan<byte> type = reader.ValueSpan;
        if (type.SequenceEqual("BOOL"u8))
        {
            return TensorType.Boolean;
        }

        if (type.SequenceEqual("BYTES"u8))
        {
            return TensorType.Text;
        }

        foreach (string known in (ReadOnlySpan<string>)["FP32", "FP64", "INT64", "INT32", "FP16", "INT16", "INT8", "UINT64", "UINT32", "UINT16", "UINT8"])
        {
            if (reader.ValueTextEquals(known))
            {
                return TensorType.Number;
            }
        }

        throw RequestReading.Malformed(
            $"\"datatype\" of input {position} is '{Text.Excerpt(type)}'; expected BOOL, BYTES, FP16, FP32, FP64, INT8 to INT64 or UINT8 to UINT64.");
    }

    private void ReadShape(ref Utf8JsonReader reader, ScoringLimits limits, int position)
    {
        _hasShape = true;
        Columns = 1;
        int dimensions = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.Number)
        {
            if (!reader.TryGetInt32(out int dimension) || dimension < 0 || ++dimensions > MostDimensions)
            {
                throw RequestReading.Malformed($"\"shape\" of input {position} is not one: expected 1 to {MostDimensions} whole numbers from 0.");
            }

            if (dimensions == 1)
            {
                Rows = dimension;
            }
            else
            {
                Columns = Math.Min(Columns * dimension, int.MaxValue);
            }
        }

        if (reader.TokenType != JsonTokenType.EndArray || dimensions == 0)
        {
            throw RequestReading.Malformed($"\"shape\" of input {position} is not one: expected 1 to {MostDimensions} whole numbers from 0.");
        }

        if (Rows > limits.MaxRows)
        {
            throw new ScoringProblemException(ScoringProblem.TooLarge(
                $"Input {position} has {Rows} rows; {limits.MaxRows} is the most that one request may carry. Send them in several requests, or drop the file into the scoring container."));
        }
    }
}
