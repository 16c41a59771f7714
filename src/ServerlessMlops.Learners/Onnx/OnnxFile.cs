namespace ServerlessMlops.Learners.Onnx;

/// <summary>Element types of ONNX tensors that occur in models of this kind (numbers of onnx.proto's TensorProto.DataType).</summary>
internal enum OnnxType
{
    Float = 1,
    Int32 = 6,
    Int64 = 7,
    String = 8,
    Bool = 9,
    Double = 11,
}

/// <summary>A constant. Numbers of every type are kept as doubles, which hold float, int32 and integers up to 2^53 exactly.</summary>
internal sealed record OnnxTensor(string Name, OnnxType Type, long[] Dims, double[] Numbers, string[] Strings);

/// <summary>A node's attribute; only the field of its type is set.</summary>
internal sealed record OnnxAttribute(string Name)
{
    public float? Float { get; init; }

    public long? Int { get; init; }

    public string? String { get; init; }

    public OnnxTensor? Tensor { get; init; }

    public float[] Floats { get; init; } = [];

    public long[] Ints { get; init; } = [];

    public string[] Strings { get; init; } = [];
}

/// <summary>One operation.</summary>
internal sealed record OnnxNode(string OpType, string Domain, string Name, string[] Inputs, string[] Outputs, IReadOnlyDictionary<string, OnnxAttribute> Attributes)
{
    public string Place => $"Node '{(Name.Length > 0 ? Name : Outputs.FirstOrDefault() ?? "")}' ({OpType})";

    public float Float(string name, float otherwise) => Attributes.TryGetValue(name, out OnnxAttribute? a) ? a.Float ?? otherwise : otherwise;

    public long Int(string name, long otherwise) => Attributes.TryGetValue(name, out OnnxAttribute? a) ? a.Int ?? otherwise : otherwise;

    public string String(string name, string otherwise) => Attributes.TryGetValue(name, out OnnxAttribute? a) ? a.String ?? otherwise : otherwise;

    public float[] Floats(string name) => Attributes.TryGetValue(name, out OnnxAttribute? a) ? a.Floats : [];

    public long[] Ints(string name) => Attributes.TryGetValue(name, out OnnxAttribute? a) ? a.Ints : [];

    public string[] Strings(string name) => Attributes.TryGetValue(name, out OnnxAttribute? a) ? a.Strings : [];
}

/// <summary>An input or output of a graph. Unknown dimensions are -1; <see cref="Type"/> is null for sequences and maps.</summary>
internal sealed record OnnxValue(string Name, OnnxType? Type, long[] Dims);

/// <summary>What a model file says, before it is judged.</summary>
internal sealed record OnnxFile(
    List<OnnxNode> Nodes, List<OnnxTensor> Initializers, List<OnnxValue> Inputs, List<OnnxValue> Outputs, Dictionary<string, string> Metadata);
