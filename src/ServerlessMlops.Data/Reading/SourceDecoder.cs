using System.IO.Compression;
using System.Text;

namespace ServerlessMlops.Data.Reading;

/// <summary>
/// Turns a file's bytes into UTF-8 text by what they are, not by the file's name: gzip and zip are unpacked, UTF-16 with a byte order mark is
/// transcoded, a UTF-8 byte order mark is dropped. What is no text is told from its first bytes.
/// </summary>
internal sealed class SourceDecoder : IAsyncDisposable
{
    private const int SniffBytes = 4096;
    private readonly ReadLimits _limits;
    private readonly List<Stream> _owned = [];
    private readonly CountingStream _raw;
    private Stream _text;
    private byte[] _ahead = [];
    private int _aheadUsed;
    private string _packing = "";
    private int _byteOrderMark;
    private bool _checked;

    private SourceDecoder(Stream raw, ReadLimits limits)
    {
        _raw = new CountingStream(raw);
        _text = _raw;
        _limits = limits;
    }

    /// <summary>How the file is packed and encoded, in words: <c>gzip</c>, <c>UTF-16</c>; empty for plain UTF-8.</summary>
    public string Packing => _packing;

    /// <summary>Decoded bytes handed out.</summary>
    public long DecodedBytes { get; private set; }

    /// <summary>Opens a source; it stays the caller's to dispose.</summary>
    public static async ValueTask<SourceDecoder> OpenAsync(Stream source, ReadLimits limits, CancellationToken cancellationToken)
    {
        var decoder = new SourceDecoder(source, limits);
        try
        {
            await decoder.UnpackAsync(cancellationToken);
            return decoder;
        }
        catch (InvalidDataException fault)
        {
            throw decoder.Damaged(fault);
        }
    }

    /// <summary>Fills the buffer as far as the file goes; fewer bytes mean its end.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int filled = 0;
        try
        {
            while (filled < buffer.Length)
            {
                int got = await ReadTextAsync(buffer[filled..], cancellationToken);
                if (got == 0)
                {
                    break;
                }

                filled += got;
            }
        }
        catch (InvalidDataException fault)
        {
            throw Damaged(fault);
        }

        DecodedBytes += filled;
        if (filled < buffer.Length)
        {
            await CheckGzipEndAsync(cancellationToken);
        }

        if (_packing.Length > 0 && DecodedBytes > 64 << 20 && DecodedBytes / Math.Max(1, _raw.BytesRead) > _limits.MaxExpansion)
        {
            throw new UnreadableFileException(FileFaults.Limit, $"the {_packing} data grows to more than {_limits.MaxExpansion} times its size "
                + $"({DecodedBytes:N0} bytes from {_raw.BytesRead:N0}), which real tables do not. Upload the file unpacked if it is meant.");
        }

        return filled;
    }

    /// <summary>
    /// The framework's decompressor takes a stream that is cut off for one that ends. A gzip member ends with the size of its content, which tells: for a
    /// file of several members the last one is unpacked again, from where it may begin.
    /// </summary>
    private async ValueTask CheckGzipEndAsync(CancellationToken cancellationToken)
    {
        if (!_packing.StartsWith("gzip", StringComparison.Ordinal) || _checked)
        {
            return;
        }

        _checked = true;
        if (_raw.GzipHeaders.Count == 0)
        {
            // What is transcoded has another size than what was packed.
            if (_packing == "gzip" && _raw.Tail != (uint)(DecodedBytes + _byteOrderMark))
            {
                throw Damaged(new InvalidDataException("its end is missing"));
            }

            return;
        }

        uint size = _raw.Tail;
        if (_packing == "gzip" && size == (uint)(DecodedBytes + _byteOrderMark))
        {
            return;
        }

        foreach (long begin in _raw.CanSeek ? _raw.GzipHeaders.Reverse().ToArray() : [])
        {
            if (await CountMemberAsync(begin, cancellationToken) == size)
            {
                return;
            }
        }

        if (_raw.CanSeek)
        {
            throw Damaged(new InvalidDataException("the end of its last member is missing"));
        }
    }

    /// <summary>How many bytes what begins there unpacks to, modulo 2^32; null if it is no gzip data.</summary>
    private async ValueTask<uint?> CountMemberAsync(long begin, CancellationToken cancellationToken)
    {
        _raw.Seek(begin, SeekOrigin.Begin);
        var buffer = new byte[1 << 16];
        long count = 0;
        try
        {
            await using var member = new GZipStream(new ReadThroughStream(_raw), CompressionMode.Decompress);
            for (int got; (got = await member.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                count += got;
            }

            return (uint)count;
        }
        catch (InvalidDataException)
        {
            // Packed data that looks like a header by chance.
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            await _owned[i].DisposeAsync();
        }
    }

    private async ValueTask<int> ReadTextAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_aheadUsed < _ahead.Length)
        {
            int count = Math.Min(buffer.Length, _ahead.Length - _aheadUsed);
            _ahead.AsMemory(_aheadUsed, count).CopyTo(buffer);
            _aheadUsed += count;
            return count;
        }

        return await _text.ReadAsync(buffer, cancellationToken);
    }

    private async ValueTask UnpackAsync(CancellationToken cancellationToken)
    {
        var head = await PeekAsync(cancellationToken);
        if (head.Length == 0)
        {
            throw new UnreadableFileException(FileFaults.Empty, "the file is empty (0 bytes). Upload a file with a header and rows.");
        }

        if (StartsWith(head, [0x1F, 0x8B]))
        {
            _packing = "gzip";
            Push(new GZipStream(Rewound(head), CompressionMode.Decompress, leaveOpen: true));
            head = await PeekAsync(cancellationToken);
        }
        else if (StartsWith(head, "PK"u8) && head.Length > 3 && head[2] == 3)
        {
            Push(await OpenZipEntryAsync(cancellationToken));
            _packing = "zip";
            head = await PeekAsync(cancellationToken);
        }

        if (FileKinds.Foreign(head) is { } kind)
        {
            throw new UnreadableFileException(FileFaults.Unsupported, $"the file is {kind}{(kind.Contains("Zstandard", StringComparison.Ordinal) ? ", which .NET 10 cannot unpack" : "")}. CSV, TSV and JSON Lines are read, plain or in gzip or zip: convert it to one of them.");
        }

        if (StartsWith(head, [0xFF, 0xFE]) || StartsWith(head, [0xFE, 0xFF]))
        {
            var encoding = head[0] == 0xFF ? Encoding.Unicode : Encoding.BigEndianUnicode;
            _packing = _packing.Length > 0 ? _packing + ", UTF-16" : "UTF-16";
            _aheadUsed = 2;
            Push(Encoding.CreateTranscodingStream(Rewound(_ahead.AsSpan(_aheadUsed).ToArray()), encoding, new UTF8Encoding(false), leaveOpen: true));
            head = await PeekAsync(cancellationToken);
        }
        else if (StartsWith(head, [0xEF, 0xBB, 0xBF]))
        {
            _aheadUsed = 3;
            _byteOrderMark = 3;
            head = head[3..];
        }

        if (FileKinds.IsBinary(head))
        {
            throw new UnreadableFileException(FileFaults.Binary, FileKinds.LooksUtf16(head)
                ? "the file looks like UTF-16 without a byte order mark. Save it as UTF-8, or with the mark."
                : "the file is not text: its first bytes hold NUL or control characters. "
                + "CSV, TSV and JSON Lines in UTF-8 (or UTF-16 with a byte order mark) are read, plain or in gzip or zip.");
        }
    }

    /// <summary>Reads the first bytes of the current layer and keeps them to be read again.</summary>
    private async ValueTask<byte[]> PeekAsync(CancellationToken cancellationToken)
    {
        var head = new byte[SniffBytes];
        int filled = await _text.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken);
        _ahead = head[..filled];
        _aheadUsed = 0;
        return _ahead;
    }

    private PrefixedStream Rewound(byte[] head)
    {
        _ahead = [];
        _aheadUsed = 0;
        return new PrefixedStream(head, _text);
    }

    private void Push(Stream layer)
    {
        _owned.Add(layer);
        _text = layer;
    }

    private async ValueTask<Stream> OpenZipEntryAsync(CancellationToken cancellationToken)
    {
        _ahead = [];
        _aheadUsed = 0;
        if (!_raw.CanSeek)
        {
            throw new UnreadableFileException(FileFaults.Unsupported, "the file is a zip archive and comes as a stream that cannot be sought. Use gzip, or upload the file unpacked.");
        }

        _raw.Seek(0, SeekOrigin.Begin);
        var archive = await ZipArchive.CreateAsync(_raw, ZipArchiveMode.Read, leaveOpen: true, entryNameEncoding: null, cancellationToken);
        var entries = archive.Entries.Where(e => !e.FullName.EndsWith('/') && !e.FullName.StartsWith("__MACOSX/", StringComparison.Ordinal)).ToList();
        if (entries.Any(e => e.FullName == "[Content_Types].xml"))
        {
            throw new UnreadableFileException(FileFaults.Unsupported, "the file is an Office document (such as an Excel workbook). Save the sheet as CSV (UTF-8) and upload that.");
        }

        if (entries.Count != 1)
        {
            throw new UnreadableFileException(FileFaults.Unsupported, $"the zip archive holds {entries.Count} files; exactly one is expected. Upload each as a file of its own.");
        }

        return await entries[0].OpenAsync(cancellationToken);
    }

    private UnreadableFileException Damaged(Exception fault) => new(FileFaults.Damaged,
        $"the {(_packing.Length > 0 ? _packing : "compressed")} data is cut off or damaged after {DecodedBytes:N0} decoded bytes ({fault.Message.TrimEnd('.')}). Upload it again; check it with 'gzip -t' first.", fault);

    private static bool StartsWith(byte[] head, ReadOnlySpan<byte> prefix) => head.AsSpan().StartsWith(prefix);
}
