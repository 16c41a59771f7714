using System.Buffers.Binary;
using Google.Protobuf;

namespace ServerlessMlops.Learners.Onnx;

/// <summary>Reads TensorProto, TypeProto and packed numbers.</summary>
internal static class OnnxTensorReader
{
    public static OnnxTensor Read(ByteString bytes)
    {
        var dims = new List<long>();
        var numbers = new List<double>();
        var strings = new List<string>();
        var (floats, ints) = (new List<float>(), new List<long>());
        ByteString? raw = null;
        string name = "";
        int type = 0;
        using CodedInputStream input = bytes.CreateCodedInput();
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag)
            {
                case 8:
                    dims.Add(input.ReadInt64());
                    break;
                case 10:
                    ReadPackedInts(input.ReadBytes(), dims);
                    break;
                case 16:
                    type = input.ReadInt32();
                    break;
                case 34:
                    ReadPackedFloats(input.ReadBytes(), floats);
                    break;
                case 37:
                    floats.Add(input.ReadFloat());
                    break;
                case 42 or 58:
                    ReadPackedInts(input.ReadBytes(), ints);
                    break;
                case 40 or 56:
                    ints.Add(input.ReadInt64());
                    break;
                case 50:
                    strings.Add(input.ReadBytes().ToStringUtf8());
                    break;
                case 66:
                    name = input.ReadString();
                    break;
                case 74:
                    raw = input.ReadBytes();
                    break;
                case 82:
                    ReadPackedDoubles(input.ReadBytes(), numbers);
                    break;
                case 106 or 112:
                    throw new OnnxFormatException($"Tensor '{name}' keeps its data in another file, which is not supported; export the model as one file.");
                default:
                    input.SkipLastField();
                    break;
            }
        }

        if (!Enum.IsDefined((OnnxType)type))
        {
            throw new OnnxFormatException($"Tensor '{name}' has element type {type}; supported are {string.Join(", ", Enum.GetNames<OnnxType>())}.");
        }

        numbers.AddRange(floats.Select(f => (double)f));
        numbers.AddRange(ints.Select(i => (double)i));
        if (raw is not null)
        {
            ReadRaw(raw.Span, (OnnxType)type, name, numbers);
        }

        int count = type == (int)OnnxType.String ? strings.Count : numbers.Count;
        if (!Fits(dims, count))
        {
            throw new OnnxFormatException($"Tensor '{name}' claims shape [{string.Join(", ", dims.Take(8))}] and holds {count} values; expected as many as the shape says.");
        }

        return new OnnxTensor(name, (OnnxType)type, [.. dims], [.. numbers], [.. strings]);
    }

    private static bool Fits(List<long> dims, int count)
    {
        if (dims.Count > 8 || dims.Any(d => d < 0))
        {
            return false;
        }

        System.Numerics.BigInteger product = System.Numerics.BigInteger.One;
        foreach (long dim in dims)
        {
            product *= dim;
        }

        return product == count;
    }

    private static void ReadRaw(ReadOnlySpan<byte> raw, OnnxType type, string name, List<double> numbers)
    {
        int size = type switch { OnnxType.Float or OnnxType.Int32 => 4, OnnxType.Int64 or OnnxType.Double => 8, OnnxType.Bool => 1, _ => 0 };
        if (size == 0 || raw.Length % size != 0)
        {
            throw new OnnxFormatException($"Tensor '{name}' of type {type} has {raw.Length} raw bytes; expected a multiple of {Math.Max(1, size)}, and none for strings.");
        }

        for (int at = 0; at < raw.Length; at += size)
        {
            ReadOnlySpan<byte> item = raw.Slice(at, size);
            numbers.Add(type switch
            {
                OnnxType.Float => BinaryPrimitives.ReadSingleLittleEndian(item),
                OnnxType.Double => BinaryPrimitives.ReadDoubleLittleEndian(item),
                OnnxType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(item),
                OnnxType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(item),
                _ => item[0],
            });
        }
    }

    public static void ReadPackedFloats(ByteString bytes, List<float> to)
    {
        using CodedInputStream input = bytes.CreateCodedInput();
        while (!input.IsAtEnd)
        {
            to.Add(input.ReadFloat());
        }
    }

    public static void ReadPackedInts(ByteString bytes, List<long> to)
    {
        using CodedInputStream input = bytes.CreateCodedInput();
        while (!input.IsAtEnd)
        {
            to.Add(input.ReadInt64());
        }
    }

    private static void ReadPackedDoubles(ByteString bytes, List<double> to)
    {
        using CodedInputStream input = bytes.CreateCodedInput();
        while (!input.IsAtEnd)
        {
            to.Add(input.ReadDouble());
        }
    }

    /// <summary>Type and shape of an input or output, out of a TypeProto.</summary>
    public static OnnxValue ReadType(ByteString bytes, OnnxValue value)
    {
        using CodedInputStream input = bytes.CreateCodedInput();
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (tag == 10)
            {
                value = ReadTensorType(input.ReadBytes(), value);
            }
            else
            {
                input.SkipLastField();
            }
        }

        return value;
    }

    private static OnnxValue ReadTensorType(ByteString bytes, OnnxValue value)
    {
        var dims = new List<long>();
        int type = 0;
        using CodedInputStream input = bytes.CreateCodedInput();
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag)
            {
                case 8:
                    type = input.ReadInt32();
                    break;
                case 18:
                    ReadShape(input.ReadBytes(), dims);
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        return value with { Type = Enum.IsDefined((OnnxType)type) ? (OnnxType)type : null, Dims = [.. dims] };
    }

    private static void ReadShape(ByteString bytes, List<long> dims)
    {
        using CodedInputStream input = bytes.CreateCodedInput();
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (tag != 10)
            {
                input.SkipLastField();
                continue;
            }

            long dim = -1;
            using CodedInputStream item = input.ReadBytes().CreateCodedInput();
            for (uint itemTag = item.ReadTag(); itemTag != 0; itemTag = item.ReadTag())
            {
                if (itemTag == 8)
                {
                    dim = item.ReadInt64();
                }
                else
                {
                    item.SkipLastField();
                }
            }

            dims.Add(dim);
        }
    }
}
