namespace ServerlessMlops.Learners.Onnx;

/// <summary>Collects nodes, constants, inputs and outputs of a graph and writes a ModelProto. Field numbers are those of onnx.proto (ONNX IR 8).</summary>
internal sealed class OnnxGraphBuilder
{
    public const string MlDomain = "ai.onnx.ml";

    private const int IrVersion = 8;
    private const int Opset = 15;
    private const int MlOpset = 3;

    private readonly List<ProtoMessage> _nodes = [];
    private readonly List<ProtoMessage> _initializers = [];
    private readonly List<ProtoMessage> _inputs = [];
    private readonly List<ProtoMessage> _outputs = [];
    private readonly List<KeyValuePair<string, string>> _metadata = [];
    private int _values;

    /// <summary>A value name that nothing else has.</summary>
    public string NewName(string stem) => $"{stem}_{_values++}";

    /// <summary>Adds a node with one output of a new name; returns that name.</summary>
    public string Node(string opType, string domain, string[] from, params ProtoMessage[] attributes) =>
        Node(opType, domain, from, NewName(opType.ToLowerInvariant()), attributes);

    /// <summary>Adds a node with one output; returns its name.</summary>
    public string Node(string opType, string domain, string[] from, string to, params ProtoMessage[] attributes)
    {
        AddNode(opType, domain, from, [to], attributes);
        return to;
    }

    /// <summary>Adds a node with a label and a score output, as classifiers have.</summary>
    public void NodeOfTwo(string opType, string domain, string from, string label, string scores, params ProtoMessage[] attributes) =>
        AddNode(opType, domain, [from], [label, scores], attributes);

    private void AddNode(string opType, string domain, string[] from, string[] to, ProtoMessage[] attributes)
    {
        var node = new ProtoMessage();
        foreach (string input in from)
        {
            node.Text(1, input);
        }

        foreach (string output in to)
        {
            node.Text(2, output);
        }

        node.Text(3, to[0]).Text(4, opType);
        foreach (ProtoMessage attribute in attributes)
        {
            node.Message(5, attribute);
        }

        _nodes.Add(domain.Length > 0 ? node.Text(7, domain) : node);
    }

    public void Input(string name, OnnxType type, params long[] dims) => _inputs.Add(Value(name, type, dims));

    public void Output(string name, OnnxType type, params long[] dims) => _outputs.Add(Value(name, type, dims));

    public void Metadata(string key, string value) => _metadata.Add(new(key, value));

    /// <summary>Adds a float constant; returns its name.</summary>
    public string Constant(float[] numbers, params long[] dims)
    {
        var tensor = Tensor(OnnxType.Float, dims, out string name);
        var raw = new byte[numbers.Length * sizeof(float)];
        for (int i = 0; i < numbers.Length; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteSingleLittleEndian(raw.AsSpan(i * sizeof(float)), numbers[i]);
        }

        _initializers.Add(tensor.Text(8, name).Bytes(9, raw));
        return name;
    }

    /// <summary>Adds a constant of truth values; returns its name.</summary>
    public string Constant(bool[] values, params long[] dims)
    {
        var tensor = Tensor(OnnxType.Bool, dims, out string name);
        _initializers.Add(tensor.Text(8, name).Bytes(9, Array.ConvertAll(values, v => (byte)(v ? 1 : 0))));
        return name;
    }

    /// <summary>Adds a constant of strings; returns its name.</summary>
    public string Constant(IReadOnlyList<string> strings)
    {
        var tensor = Tensor(OnnxType.String, [strings.Count], out string name);
        foreach (string s in strings)
        {
            tensor.Text(6, s);
        }

        _initializers.Add(tensor.Text(8, name));
        return name;
    }

    public static ProtoMessage Attribute(string name, float value) => new ProtoMessage().Text(1, name).Single(2, value).Varint(20, 1);

    public static ProtoMessage Attribute(string name, long value) => new ProtoMessage().Text(1, name).Varint(3, value).Varint(20, 2);

    public static ProtoMessage Attribute(string name, string value) => new ProtoMessage().Text(1, name).Text(4, value).Varint(20, 3);

    public static ProtoMessage Attribute(string name, IEnumerable<float> values)
    {
        var attribute = new ProtoMessage().Text(1, name);
        foreach (float value in values)
        {
            attribute.Single(7, value);
        }

        return attribute.Varint(20, 6);
    }

    public static ProtoMessage Attribute(string name, IEnumerable<long> values)
    {
        var attribute = new ProtoMessage().Text(1, name);
        foreach (long value in values)
        {
            attribute.Varint(8, value);
        }

        return attribute.Varint(20, 7);
    }

    public static ProtoMessage Attribute(string name, IEnumerable<string> values)
    {
        var attribute = new ProtoMessage().Text(1, name);
        foreach (string value in values)
        {
            attribute.Text(9, value);
        }

        return attribute.Varint(20, 8);
    }

    public byte[] ToBytes(string graphName)
    {
        var graph = new ProtoMessage();
        Each(1, _nodes);
        graph.Text(2, graphName);
        Each(5, _initializers);
        Each(11, _inputs);
        Each(12, _outputs);
        var model = new ProtoMessage()
            .Varint(1, IrVersion)
            .Text(2, "ServerlessMlops")
            .Message(7, graph)
            .Message(8, new ProtoMessage().Text(1, "").Varint(2, Opset))
            .Message(8, new ProtoMessage().Text(1, MlDomain).Varint(2, MlOpset));
        foreach ((string key, string value) in _metadata)
        {
            model.Message(14, new ProtoMessage().Text(1, key).Text(2, value));
        }

        return model.ToBytes();

        void Each(int field, List<ProtoMessage> messages)
        {
            foreach (ProtoMessage message in messages)
            {
                graph.Message(field, message);
            }
        }
    }

    private ProtoMessage Tensor(OnnxType type, long[] dims, out string name)
    {
        name = NewName("constant");
        var tensor = new ProtoMessage();
        foreach (long dim in dims)
        {
            tensor.Varint(1, dim);
        }

        return tensor.Varint(2, (int)type);
    }

    /// <summary>A dimension of -1 is the batch, named N.</summary>
    private static ProtoMessage Value(string name, OnnxType type, long[] dims)
    {
        var shape = new ProtoMessage();
        foreach (long dim in dims)
        {
            shape.Message(1, dim < 0 ? new ProtoMessage().Text(2, "N") : new ProtoMessage().Varint(1, dim));
        }

        var tensor = new ProtoMessage().Varint(1, (int)type).Message(2, shape);
        return new ProtoMessage().Text(1, name).Message(2, new ProtoMessage().Message(1, tensor));
    }
}
