using Google.Protobuf;

namespace ServerlessMlops.Learners.Onnx;

/// <summary>One protocol-buffers message; fields are written in the order of the calls, so the same calls give the same bytes.</summary>
internal sealed class ProtoMessage
{
    private readonly record struct Field(int Number, WireFormat.WireType Type, long Bits, byte[] Bytes);

    private readonly List<Field> _fields = [];

    public byte[] ToBytes()
    {
        using var buffer = new MemoryStream();
        using var stream = new CodedOutputStream(buffer, leaveOpen: true);
        foreach (Field field in _fields)
        {
            stream.WriteTag(field.Number, field.Type);
            switch (field.Type)
            {
                case WireFormat.WireType.Varint:
                    stream.WriteInt64(field.Bits);
                    break;
                case WireFormat.WireType.Fixed32:
                    stream.WriteFixed32((uint)field.Bits);
                    break;
                default:
                    stream.WriteBytes(UnsafeByteOperations.UnsafeWrap(field.Bytes));
                    break;
            }
        }

        stream.Flush();
        return buffer.ToArray();
    }

    public ProtoMessage Varint(int field, long value) => Add(field, WireFormat.WireType.Varint, value, []);

    public ProtoMessage Single(int field, float value) => Add(field, WireFormat.WireType.Fixed32, BitConverter.SingleToUInt32Bits(value), []);

    public ProtoMessage Text(int field, string value) => Bytes(field, System.Text.Encoding.UTF8.GetBytes(value));

    public ProtoMessage Bytes(int field, byte[] value) => Add(field, WireFormat.WireType.LengthDelimited, 0, value);

    public ProtoMessage Message(int field, ProtoMessage message) => Bytes(field, message.ToBytes());

    private ProtoMessage Add(int number, WireFormat.WireType type, long bits, byte[] bytes)
    {
        _fields.Add(new Field(number, type, bits, bytes));
        return this;
    }
}
