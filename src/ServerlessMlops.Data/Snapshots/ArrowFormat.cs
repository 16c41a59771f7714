using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Data.Snapshots;

/// <summary>
/// The parts of the Arrow columnar format (version 1.5, metadata V5) that snapshots use. Layout of a file:
/// <code>
/// ARROW1 00 00 | schema | record batch 0 .. n | dictionary of each category column | end mark | footer | its length | ARROW1
/// </code>
/// Dictionaries stand last, since they are whole only then; the file format allows it, and readers of files find them by the footer.
/// </summary>
internal static class ArrowFormat
{
    public const short MetadataV5 = 4;
    public const byte SchemaHeader = 1;
    public const byte DictionaryHeader = 2;
    public const byte RecordHeader = 3;
    public const byte TypeInt = 2;
    public const byte TypeFloatingPoint = 3;
    public const byte TypeUtf8 = 5;
    public const byte TypeBool = 6;
    public const byte TypeTimestamp = 10;
    public const short DoublePrecision = 2;
    public const short Microseconds = 2;
    public const string TypeKey = "mlops.type";

    public static ReadOnlySpan<byte> Magic => "ARROW1"u8;

    /// <summary>Writes a schema's table and returns its offset.</summary>
    public static int WriteSchema(FlatWriter writer, TableSchema schema)
    {
        var fields = new int[schema.Columns.Count];
        for (int i = 0; i < fields.Length; i++)
        {
            fields[i] = WriteField(writer, schema.Columns[i], i);
        }

        int all = writer.Offsets(fields);
        writer.Begin(4);
        writer.Reference(1, all);
        return writer.End();
    }

    /// <summary>Reads a schema's table.</summary>
    public static TableSchema ReadSchema(FlatTable schema) => new([.. schema.Tables(1).Select(ReadField)]);

    private static int WriteField(FlatWriter writer, ColumnSchema column, int index)
    {
        int name = writer.Text(column.Name);
        int key = writer.Text(TypeKey), value = writer.Text(column.Type.ToString());
        writer.Begin(2);
        writer.Reference(0, key);
        writer.Reference(1, value);
        int metadata = writer.Offsets([writer.End()]);
        int children = writer.Offsets([]);
        byte kind;
        switch (column.Type)
        {
            case ColumnType.Integer:
                kind = TypeInt;
                writer.Begin(2);
                writer.Int(0, 64);
                writer.Byte(1, 1);
                break;
            case ColumnType.Number:
                kind = TypeFloatingPoint;
                writer.Begin(1);
                writer.Short(0, DoublePrecision);
                break;
            case ColumnType.Timestamp:
                kind = TypeTimestamp;
                int zone = writer.Text("UTC");
                writer.Begin(2);
                writer.Short(0, Microseconds);
                writer.Reference(1, zone);
                break;
            case ColumnType.Boolean:
                kind = TypeBool;
                writer.Begin(0);
                break;
            default:
                kind = TypeUtf8;
                writer.Begin(0);
                break;
        }

        int type = writer.End(), dictionary = 0;
        if (column.Type == ColumnType.Category)
        {
            writer.Begin(2);
            writer.Int(0, 32);
            writer.Byte(1, 1);
            int codes = writer.End();
            writer.Begin(4);
            writer.Long(0, index);
            writer.Reference(1, codes);
            dictionary = writer.End();
        }

        writer.Begin(7);
        writer.Reference(0, name);
        writer.Reference(3, type);
        if (dictionary != 0)
        {
            writer.Reference(4, dictionary);
        }

        writer.Reference(5, children);
        writer.Reference(6, metadata);
        writer.Byte(1, 1);
        writer.Byte(2, kind);
        return writer.End();
    }

    private static ColumnSchema ReadField(FlatTable field)
    {
        string name = field.Text(0);
        string? type = field.Tables(6).Where(m => m.Text(0) == TypeKey).Select(m => m.Text(1)).FirstOrDefault();
        return Enum.TryParse(type, out ColumnType known)
            ? new ColumnSchema(name, known)
            : throw new InvalidDataException($"The Arrow column '{name}' does not say its type under '{TypeKey}'; only snapshots written by this product are read.");
    }
}
