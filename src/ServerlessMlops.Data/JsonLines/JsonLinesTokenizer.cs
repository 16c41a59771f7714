using System.Text;
using System.Text.Json;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Data.JsonLines;

/// <summary>
/// Cuts JSON Lines into fields: one object a line. Nested objects become columns named <c>outer.inner</c>; an array is kept as its JSON text;
/// of a repeated key the last value counts. Field bytes are gathered, unescaped, in a buffer of their own.
/// </summary>
internal sealed class JsonLinesTokenizer : IRowTokenizer
{
    private readonly CategoryDictionary _columns = new();
    private readonly int _columnCount;
    private readonly ReadLimits _limits;
    private byte[] _chunk = [];
    private byte[] _values = new byte[64 * 1024];
    private byte[] _path = new byte[256];
    private int _used;
    private int _position;
    private int _end;

    public JsonLinesTokenizer(IReadOnlyList<string> columns, ReadLimits limits)
    {
        _columnCount = columns.Count;
        _limits = limits;
        foreach (string column in columns)
        {
            _columns.GetOrAdd(Encoding.UTF8.GetBytes(column));
        }
    }

    /// <summary>Values whose key is no column.</summary>
    public long UnknownKeys { get; private set; }

    /// <inheritdoc/>
    public void Begin(Chunk chunk)
    {
        _chunk = chunk.Buffer;
        _position = chunk.Start;
        _end = chunk.Length;
    }

    /// <inheritdoc/>
    public bool Next(FieldBatch batch)
    {
        _used = 0;
        int row = 0;
        while (row < batch.Capacity && _position < _end)
        {
            int start = _position;
            int length = _chunk.AsSpan(start, _end - start).IndexOf((byte)'\n');
            length = length < 0 ? _end - start : length;
            _position = start + length + 1;
            var line = _chunk.AsSpan(start, length);
            if (line.IndexOfAnyExcept(" \t\r"u8) < 0)
            {
                continue;
            }

            batch.RowStarts[row] = start;
            batch.FieldCounts[row] = _columnCount;
            for (int c = 0; c < _columnCount; c++)
            {
                batch.Fields[c * batch.Capacity + row] = default;
            }

            batch.Faults[row] = ReadObject(line, batch, row);
            row++;
        }

        batch.Buffer = _values;
        batch.RowCount = row;
        return row > 0;
    }

    private RowFault ReadObject(ReadOnlySpan<byte> line, FieldBatch batch, int row)
    {
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = _limits.MaxDepth, CommentHandling = JsonCommentHandling.Disallow });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return RowFault.Json;
            }

            var fault = ReadMembers(ref reader, line, 0, batch, row);
            return reader.Read() ? RowFault.Json : fault;
        }
        catch (JsonException)
        {
            return reader.CurrentDepth >= _limits.MaxDepth ? RowFault.Depth : RowFault.Json;
        }
        catch (InvalidOperationException)
        {
            // A string with half of a surrogate pair cannot be unescaped.
            return RowFault.Json;
        }
    }

    private RowFault ReadMembers(ref Utf8JsonReader reader, ReadOnlySpan<byte> line, int prefix, FieldBatch batch, int row)
    {
        var fault = RowFault.None;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int size = reader.ValueSpan.Length;
            if (_path.Length < prefix + size + 1)
            {
                Array.Resize(ref _path, Math.Max(_path.Length * 2, prefix + size + 1));
            }

            int end = prefix + reader.CopyString(_path.AsSpan(prefix));
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                _path[end] = (byte)'.';
                var inner = ReadMembers(ref reader, line, end + 1, batch, row);
                fault = inner == RowFault.None ? fault : inner;
                continue;
            }

            int column = _columns.Find(_path.AsSpan(0, end));
            if (column < 0)
            {
                UnknownKeys++;
                reader.Skip();
                continue;
            }

            var field = Gather(ref reader, line);
            batch.Fields[column * batch.Capacity + row] = field;
            fault = field.Length > _limits.MaxFieldBytes ? RowFault.FieldLength : fault;
        }

        return fault;
    }

    private Field Gather(ref Utf8JsonReader reader, ReadOnlySpan<byte> line)
    {
        int start = _used, length;
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return default;
            case JsonTokenType.String:
                Reserve(reader.ValueSpan.Length);
                length = reader.CopyString(_values.AsSpan(start));
                break;
            case JsonTokenType.StartArray:
                int from = (int)reader.TokenStartIndex;
                reader.Skip();
                length = (int)reader.BytesConsumed - from;
                Reserve(length);
                line.Slice(from, length).CopyTo(_values.AsSpan(start));
                break;
            default:
                length = reader.ValueSpan.Length;
                Reserve(length);
                reader.ValueSpan.CopyTo(_values.AsSpan(start));
                break;
        }

        _used += length;
        return new Field(start, length);
    }

    private void Reserve(int count)
    {
        if (_values.Length < _used + count)
        {
            Array.Resize(ref _values, Math.Max(_values.Length * 2, _used + count));
        }
    }
}
