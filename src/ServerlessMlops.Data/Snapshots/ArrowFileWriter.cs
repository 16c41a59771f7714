using System.Buffers.Binary;
using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Data.Snapshots;

/// <summary>
/// Writes tables as one Arrow IPC file, which pandas, Polars, DuckDB and others open. Numbers are float64, integers int64, times
/// timestamp[us, UTC], booleans bool, categories dictionary&lt;int32, utf8&gt;, text utf8. Row groups become record batches as they come; the stream
/// need not be seekable.
/// </summary>
public sealed class ArrowFileWriter
{
    private readonly Stream _stream;
    private readonly TableSchema _schema;
    private readonly CategoryDictionary?[] _dictionaries;
    private readonly List<long> _batches = [];
    private readonly List<long> _dictionaryBlocks = [];
    private readonly ArrowBody _body = new();
    private long _position;
    private bool _finished;

    /// <summary>Begins a file. The stream stays the caller's to dispose.</summary>
    public ArrowFileWriter(Stream stream, TableSchema schema)
    {
        _stream = stream;
        _schema = schema;
        _dictionaries = new CategoryDictionary?[schema.Columns.Count];
        Put(ArrowFormat.Magic);
        Put([0, 0]);
        var writer = new FlatWriter();
        WriteMessage(Message(writer, ArrowFormat.SchemaHeader, ArrowFormat.WriteSchema(writer, schema), 0), null);
    }

    /// <summary>Rows written.</summary>
    public long RowCount { get; private set; }

    /// <summary>Writes rows. Tables of one file share one dictionary per category column.</summary>
    public void Write(ColumnTable table)
    {
        if (!table.Schema.Columns.Select(c => (c.Name, c.Type)).SequenceEqual(_schema.Columns.Select(c => (c.Name, c.Type))))
        {
            throw new ArgumentException("The table has other columns than the file.", nameof(table));
        }

        if (table.RowCount == 0)
        {
            return;
        }

        _body.Clear();
        for (int c = 0; c < table.Columns.Count; c++)
        {
            if (table.Columns[c] is CategoryColumn categories)
            {
                if (_dictionaries[c] is { } known && known != categories.Dictionary)
                {
                    throw new ArgumentException($"Column '{categories.Schema.Name}' comes with another dictionary than before; the tables of one file share one.", nameof(table));
                }

                _dictionaries[c] = categories.Dictionary;
            }

            _body.Add(table.Columns[c]);
        }

        var writer = new FlatWriter();
        int record = Record(writer, table.RowCount);
        WriteBlock(Message(writer, ArrowFormat.RecordHeader, record, _body.Length), _batches);
        RowCount += table.RowCount;
    }

    /// <summary>Writes dictionaries and footer. The file is whole after this.</summary>
    public void Finish()
    {
        if (_finished)
        {
            return;
        }

        _finished = true;
        for (int c = 0; c < _schema.Columns.Count; c++)
        {
            if (_schema.Columns[c].Type == ColumnType.Category)
            {
                _body.Clear();
                var names = _dictionaries[c] ?? new CategoryDictionary();
                _body.Add(names);
                var data = new FlatWriter();
                int record = Record(data, names.Count);
                data.Begin(3);
                data.Reference(1, record);
                data.Long(0, c);
                WriteBlock(Message(data, ArrowFormat.DictionaryHeader, data.End(), _body.Length), _dictionaryBlocks);
            }
        }

        Put([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]);
        var writer = new FlatWriter();
        int schema = ArrowFormat.WriteSchema(writer, _schema);
        int dictionaries = writer.Words(_dictionaryBlocks, 3), batches = writer.Words(_batches, 3);
        writer.Begin(5);
        writer.Reference(1, schema);
        writer.Reference(2, dictionaries);
        writer.Reference(3, batches);
        writer.Short(0, ArrowFormat.MetadataV5);
        byte[] footer = writer.Finish(writer.End());
        Put(footer);
        Span<byte> size = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(size, footer.Length);
        Put(size);
        Put(ArrowFormat.Magic);
        _stream.Flush();
    }

    private int Record(FlatWriter writer, int rows)
    {
        int buffers = writer.Words(_body.Buffers, 2), nodes = writer.Words(_body.Nodes, 2);
        writer.Begin(4);
        writer.Reference(1, nodes);
        writer.Reference(2, buffers);
        writer.Long(0, rows);
        return writer.End();
    }

    private static byte[] Message(FlatWriter writer, byte kind, int header, long bodyLength)
    {
        writer.Begin(5);
        writer.Reference(2, header);
        writer.Long(3, bodyLength);
        writer.Short(0, ArrowFormat.MetadataV5);
        writer.Byte(1, kind);
        return writer.Finish(writer.End());
    }

    private void WriteBlock(byte[] metadata, List<long> blocks)
    {
        long start = _position;
        int length = WriteMessage(metadata, _body);
        blocks.AddRange([start, length, _body.Length]);
    }

    /// <summary>Writes mark, length, metadata and body; returns the bytes before the body.</summary>
    private int WriteMessage(byte[] metadata, ArrowBody? body)
    {
        int padded = (metadata.Length + 7) & ~7;
        Span<byte> prefix = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(prefix, -1);
        BinaryPrimitives.WriteInt32LittleEndian(prefix[4..], padded);
        Put(prefix);
        Put(metadata);
        Put(stackalloc byte[padded - metadata.Length]);
        if (body is not null)
        {
            Put(body.Bytes);
        }

        return 8 + padded;
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        _stream.Write(bytes);
        _position += bytes.Length;
    }
}
