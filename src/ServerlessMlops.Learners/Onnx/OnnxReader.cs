using Google.Protobuf;

namespace ServerlessMlops.Learners.Onnx;

/// <summary>
/// Reads a ModelProto field by field. The file is hostile until read: nothing is allocated by a count that it claims, only by bytes that are there;
/// unknown fields are skipped; sub-graphs, functions and external data are refused.
/// </summary>
internal static class OnnxReader
{
    private const int MaxNodes = 100_000;

    public static OnnxFile Read(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > OnnxModel.MaxBytes)
        {
            throw new OnnxFormatException($"The ONNX file has {bytes.Length} bytes; expected at most {OnnxModel.MaxBytes}.");
        }

        try
        {
            return ReadModel(bytes.Span.ToArray());
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new OnnxFormatException($"The file is not an ONNX model: its protocol-buffers encoding breaks off or is malformed ({e.Message}). Expected a ModelProto.", e);
        }
    }

    private static OnnxFile ReadModel(byte[] bytes)
    {
        OnnxFile? file = null;
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        using var input = new CodedInputStream(bytes);
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag)
            {
                case 58: // graph = 7
                    file = ReadGraph(input.ReadBytes(), metadata);
                    break;
                case 114: // metadata_props = 14
                    (string key, string value) = ReadPair(input.ReadBytes());
                    metadata[key] = value;
                    break;
                case 202: // functions = 25
                    throw new OnnxFormatException("The model defines functions of its own, which are not supported; export it with its functions inlined.");
                default:
                    input.SkipLastField();
                    break;
            }
        }

        return file ?? throw new OnnxFormatException("The file has no graph (field 7 of ModelProto); expected an ONNX model.");
    }

    private static OnnxFile ReadGraph(ByteString bytes, Dictionary<string, string> metadata)
    {
        var file = new OnnxFile([], [], [], [], metadata);
        using CodedInputStream input = bytes.CreateCodedInput();
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag)
            {
                case 10: // node = 1
                    file.Nodes.Add(ReadNode(input.ReadBytes()));
                    break;
                case 42: // initializer = 5
                    file.Initializers.Add(OnnxTensorReader.Read(input.ReadBytes()));
                    break;
                case 90: // input = 11
                    file.Inputs.Add(ReadValue(input.ReadBytes()));
                    break;
                case 98: // output = 12
                    file.Outputs.Add(ReadValue(input.ReadBytes()));
                    break;
                case 122: // sparse_initializer = 15
                    throw new OnnxFormatException("The graph has sparse constants, which are not supported; export it with dense ones.");
                default:
                    input.SkipLastField();
                    break;
            }

            if (file.Nodes.Count > MaxNodes)
            {
                throw new OnnxFormatException($"The graph has more than {MaxNodes} nodes; models of this kind have a few dozen.");
            }
        }

        return file;
    }

    private static OnnxNode ReadNode(ByteString bytes)
    {
        var (inputs, outputs) = (new List<string>(), new List<string>());
        var attributes = new Dictionary<string, OnnxAttribute>(StringComparer.Ordinal);
        string name = "", opType = "", domain = "";
        using CodedInputStream input = bytes.CreateCodedInput();
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag)
            {
                case 10:
                    inputs.Add(input.ReadString());
                    break;
                case 18:
                    outputs.Add(input.ReadString());
                    break;
                case 26:
                    name = input.ReadString();
                    break;
                case 34:
                    opType = input.ReadString();
                    break;
                case 42:
                    OnnxAttribute attribute = ReadAttribute(input.ReadBytes());
                    attributes[attribute.Name] = attribute;
                    break;
                case 58:
                    domain = input.ReadString();
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        // "ai.onnx" is the long name of the default domain.
        return new OnnxNode(opType, domain == "ai.onnx" ? "" : domain, name, [.. inputs], [.. outputs], attributes);
    }

    private static OnnxAttribute ReadAttribute(ByteString bytes)
    {
        var attribute = new OnnxAttribute("");
        var (floats, ints, strings) = (new List<float>(), new List<long>(), new List<string>());
        using CodedInputStream input = bytes.CreateCodedInput();
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag)
            {
                case 10:
                    attribute = attribute with { Name = input.ReadString() };
                    break;
                case 21:
                    attribute = attribute with { Float = input.ReadFloat() };
                    break;
                case 24:
                    attribute = attribute with { Int = input.ReadInt64() };
                    break;
                case 34:
                    attribute = attribute with { String = input.ReadBytes().ToStringUtf8() };
                    break;
                case 42:
                    attribute = attribute with { Tensor = OnnxTensorReader.Read(input.ReadBytes()) };
                    break;
                case 50 or 90:
                    throw new OnnxFormatException($"Attribute '{attribute.Name}' holds a sub-graph (If, Loop, Scan), which is not supported; scoring models need none.");
                case 61:
                    floats.Add(input.ReadFloat());
                    break;
                case 58:
                    OnnxTensorReader.ReadPackedFloats(input.ReadBytes(), floats);
                    break;
                case 64:
                    ints.Add(input.ReadInt64());
                    break;
                case 66:
                    OnnxTensorReader.ReadPackedInts(input.ReadBytes(), ints);
                    break;
                case 74:
                    strings.Add(input.ReadBytes().ToStringUtf8());
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        return attribute with { Floats = [.. floats], Ints = [.. ints], Strings = [.. strings] };
    }

    private static (string Key, string Value) ReadPair(ByteString bytes)
    {
        string key = "", value = "";
        using CodedInputStream input = bytes.CreateCodedInput();
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag)
            {
                case 10:
                    key = input.ReadString();
                    break;
                case 18:
                    value = input.ReadString();
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        return (key, value);
    }

    private static OnnxValue ReadValue(ByteString bytes)
    {
        var value = new OnnxValue("", null, []);
        using CodedInputStream input = bytes.CreateCodedInput();
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag)
            {
                case 10:
                    value = value with { Name = input.ReadString() };
                    break;
                case 18:
                    value = OnnxTensorReader.ReadType(input.ReadBytes(), value);
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        return value;
    }
}
