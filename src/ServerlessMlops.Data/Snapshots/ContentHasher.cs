using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Data.Snapshots;

/// <summary>
/// The content address of a table: SHA-256 over its schema, its parser's version and its values, column by column, so that it does not depend on how
/// rows were grouped. Categories count by code and name; codes must be numbered by first appearance, as <see cref="Reading.TableReader"/> does.
/// </summary>
public sealed class ContentHasher : IDisposable
{
    /// <summary>Version of what parsing makes of bytes. Raise it when the same file may give other values.</summary>
    public const int ParserVersion = 1;

    private readonly TableSchema _schema;
    private readonly IncrementalHash[] _columns;
    private readonly CategoryDictionary?[] _dictionaries;
    private long _rows;
    private byte[] _lengths = [];

    /// <summary>Begins with no rows.</summary>
    public ContentHasher(TableSchema schema)
    {
        _schema = schema;
        _columns = [.. schema.Columns.Select(_ => IncrementalHash.CreateHash(HashAlgorithmName.SHA256))];
        _dictionaries = new CategoryDictionary?[schema.Columns.Count];
    }

    /// <summary>Adds rows.</summary>
    public void Add(ColumnTable table)
    {
        _rows += table.RowCount;
        for (int c = 0; c < _columns.Length; c++)
        {
            int n = table.RowCount;
            switch (table.Columns[c])
            {
                case NumberColumn column:
                    _columns[c].AppendData(MemoryMarshal.AsBytes(column.Values.AsSpan(0, n)));
                    break;
                case IntegerColumn column:
                    _columns[c].AppendData(MemoryMarshal.AsBytes(column.Values.AsSpan(0, n)));
                    break;
                case TimestampColumn column:
                    _columns[c].AppendData(MemoryMarshal.AsBytes(column.Values.AsSpan(0, n)));
                    break;
                case BooleanColumn column:
                    _columns[c].AppendData(column.Values.AsSpan(0, n));
                    break;
                case CategoryColumn column:
                    _dictionaries[c] = column.Dictionary;
                    _columns[c].AppendData(MemoryMarshal.AsBytes(column.Codes.AsSpan(0, n)));
                    break;
                case TextColumn column:
                    AddTexts(_columns[c], column);
                    break;
            }
        }
    }

    /// <summary>The id: 64 lower-case hexadecimal characters.</summary>
    public string Finish()
    {
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        whole.AppendData(Encoding.UTF8.GetBytes($"table v1 parser {ParserVersion} rows {_rows} columns {_columns.Length}\n"));
        for (int c = 0; c < _columns.Length; c++)
        {
            var column = _schema.Columns[c];
            byte[] name = Encoding.UTF8.GetBytes(column.Name);
            whole.AppendData(Encoding.UTF8.GetBytes($"{column.Type} {name.Length} "));
            whole.AppendData(name);
            whole.AppendData(_columns[c].GetHashAndReset());
            if (_dictionaries[c] is { } dictionary)
            {
                for (int code = 0; code < dictionary.Count; code++)
                {
                    whole.AppendData(BitConverter.GetBytes(dictionary.Utf8Of(code).Length));
                    whole.AppendData(dictionary.Utf8Of(code));
                }
            }
        }

        return Convert.ToHexStringLower(whole.GetHashAndReset());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var column in _columns)
        {
            column.Dispose();
        }
    }

    /// <summary>Texts as length and bytes, in turn per row: not all lengths and then all bytes, which would depend on the grouping of rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddTexts(IncrementalHash hash, TextColumn column)
    {
        int total = column.Offsets[column.Length] - column.Offsets[0] + column.Length * 4;
        if (_lengths.Length < total)
        {
            _lengths = new byte[total];
        }

        int at = 0;
        for (int row = 0; row < column.Length; row++)
        {
            var text = column.Utf8At(row);
            BinaryPrimitives.WriteInt32LittleEndian(_lengths.AsSpan(at), text.Length);
            text.CopyTo(_lengths.AsSpan(at + 4));
            at += 4 + text.Length;
        }

        hash.AppendData(_lengths.AsSpan(0, at));
    }
}
