using System.IO.Compression;
using System.Text;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Scoring.Bulk;

namespace ServerlessMlops.Functions.Scoring.Bulk;

/// <summary>The text of a file, in pieces of whole records: the same pieces however often and from whichever of their beginnings it is read.</summary>
internal sealed class BulkText : IAsyncDisposable
{
    /// <summary>Longest header line, in bytes.</summary>
    public const int MostHeaderBytes = 64 * 1024;

    private const int SkipBytes = 1 << 20;
    private static ReadOnlySpan<byte> Utf8Mark => [0xEF, 0xBB, 0xBF];

    private readonly BulkJob _job;
    private readonly int _pieceBytes;
    private readonly Stream _text;
    private byte[] _buffer;
    private int _held;
    private int _given;
    private bool _isEnd;

    /// <param name="job">The job.</param>
    /// <param name="content">The file from a record's beginning on; packed, from the file's.</param>
    /// <param name="pieceBytes">Most bytes of a piece, unless one record is longer.</param>
    public BulkText(BulkJob job, Stream content, int pieceBytes)
    {
        _job = job;
        _pieceBytes = pieceBytes;
        _text = job.IsPacked ? new GZipStream(content, CompressionMode.Decompress) : content;
        _buffer = new byte[pieceBytes + RecordSplitter.MostRecordBytes + 1];
    }

    /// <summary>Looks at the beginning of a file; null where it is gone.</summary>
    /// <exception cref="InvalidDataException">It is no CSV and no JSON lines in UTF-8.</exception>
    public static async Task<BulkJob?> OpenAsync(Upload file, int version, IBulkStore files, DateTimeOffset startedAt, CancellationToken cancellation)
    {
        byte[] head = new byte[MostHeaderBytes];
        await using Stream? content = await files.OpenAsync(file, 0, cancellation);
        if (content is null)
        {
            return null;
        }

        int length = await content.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellation);
        bool isPacked = length > 2 && head[0] == 0x1F && head[1] == 0x8B;
        if (isPacked)
        {
            await using Stream? again = await files.OpenAsync(file, 0, cancellation);
            if (again is null)
            {
                return null;
            }

            await using var unpacked = new GZipStream(again, CompressionMode.Decompress);
            length = await unpacked.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellation);
        }

        return Describe(file, version, head.AsSpan(0, length), isPacked, startedAt);
    }

    /// <summary>Reads and drops so many bytes of the text.</summary>
    public async Task SkipAsync(long bytes, CancellationToken cancellation)
    {
        byte[] dropped = new byte[SkipBytes];
        while (bytes > 0)
        {
            int read = await _text.ReadAsync(dropped.AsMemory(0, (int)Math.Min(bytes, dropped.Length)), cancellation);
            if (read == 0)
            {
                throw new InvalidDataException("The file ends before the place that an earlier reading had reached.");
            }

            bytes -= read;
        }
    }

    /// <summary>The next piece; empty at the end. Valid until the next call.</summary>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellation)
    {
        _buffer.AsSpan(_given, _held - _given).CopyTo(_buffer);
        _held -= _given;
        while (!_isEnd && _held < _buffer.Length)
        {
            int read = await _text.ReadAsync(_buffer.AsMemory(_held), cancellation);
            _isEnd = read == 0;
            _held += read;
        }

        _given = RecordSplitter.Cut(_buffer.AsSpan(0, _held), _pieceBytes, _job.Format, (byte)_job.Delimiter, _isEnd);
        if (_given == 0 && _held > 0)
        {
            // One record longer than the buffer: what is here of it is answered as one that cannot be read, and so is what follows up to its end.
            _given = _held;
        }

        return _buffer.AsMemory(0, _given);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _text.DisposeAsync();

    private static BulkJob Describe(Upload file, int version, ReadOnlySpan<byte> head, bool isPacked, DateTimeOffset startedAt)
    {
        int mark = head.StartsWith(Utf8Mark) ? Utf8Mark.Length : 0;
        ReadOnlySpan<byte> text = head[mark..];
        if (text.Contains((byte)0))
        {
            throw new InvalidDataException("it holds NUL bytes, as UTF-16 and files that are no text do; expected CSV or JSON lines in UTF-8, plain or as gzip.");
        }

        ReadOnlySpan<byte> begun = text.TrimStart(" \t\r\n"u8);
        if (begun.IsEmpty)
        {
            throw new InvalidDataException("it is empty; expected CSV with a header line, or JSON lines.");
        }

        if (begun[0] == '[')
        {
            throw new InvalidDataException("it is a JSON array; expected JSON lines, one object by column name a line, or CSV.");
        }

        if (begun[0] == '{')
        {
            return new BulkJob(file, version, BulkFormat.JsonLines, isPacked, "", ',', mark, startedAt);
        }

        int start = mark + (text.Length - begun.Length);
        ReadOnlySpan<byte> line = begun[..(begun.IndexOf((byte)'\n') is var end and >= 0 ? end : begun.Length)];
        byte delimiter = DelimiterOf(line);
        int length = RecordSplitter.Next(begun, BulkFormat.Csv, delimiter, isEnd: head.Length < MostHeaderBytes);
        if (length == 0)
        {
            throw new InvalidDataException($"its first line has more than {MostHeaderBytes} bytes; expected a header line with the column names.");
        }

        return new BulkJob(file, version, BulkFormat.Csv, isPacked, Encoding.UTF8.GetString(begun[..length].TrimEnd("\r\n"u8)), (char)delimiter, start + length, startedAt);
    }

    // The one that the header line has most of.
    private static byte DelimiterOf(ReadOnlySpan<byte> line)
    {
        byte best = (byte)',';
        foreach (byte other in ";\t"u8)
        {
            best = line.Count(other) > line.Count(best) ? other : best;
        }

        return best;
    }
}
