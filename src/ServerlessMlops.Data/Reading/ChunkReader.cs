using System.Buffers;
using ServerlessMlops.Data.Csv;

namespace ServerlessMlops.Data.Reading;

/// <summary>
/// Cuts the decoded file into chunks of whole rows. The cuts depend on the content alone, not on how the source delivers its bytes nor on
/// the number of cores, so everything that is made of chunks is reproducible.
/// </summary>
internal sealed class ChunkReader(SourceDecoder source, ReadLimits limits, int chunkBytes)
{
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(chunkBytes + Chunk.Padding);
    private int _filled;
    private bool _ended;
    private CsvDialect _dialect = CsvDialect.Default;
    private bool _quotes = true;
    private long _cut;

    /// <summary>The file's beginning: up to one chunk, before any is cut.</summary>
    public ReadOnlySpan<byte> Head => _buffer.AsSpan(0, _filled);

    /// <summary>Whether <see cref="Head"/> is the whole file.</summary>
    public bool HeadIsAll => _ended;

    public async ValueTask FillHeadAsync(CancellationToken cancellationToken) => await FillAsync(chunkBytes, cancellationToken);

    /// <summary>Says how lines and quotes are written, before the first chunk.</summary>
    public void Use(CsvDialect dialect, bool quotes) => (_dialect, _quotes) = (dialect, quotes);

    /// <summary>The next chunk, or null at the end. Give it back with <see cref="Return"/>.</summary>
    public async ValueTask<Chunk?> NextAsync(CancellationToken cancellationToken)
    {
        int wanted = chunkBytes;
        while (true)
        {
            await FillAsync(wanted, cancellationToken);
            if (_filled == 0)
            {
                return null;
            }

            bool open = false;
            int end = _quotes
                ? CsvBoundary.FindLast(_buffer.AsSpan(0, _filled), _dialect, out open)
                : _buffer.AsSpan(0, _filled).LastIndexOf((byte)'\n') + 1;
            if (end > 0 && !(_ended && !open))
            {
                return Cut(end, brokenRow: false);
            }

            if (_ended && !open)
            {
                if (_buffer[_filled - 1] != _dialect.LineEnd)
                {
                    _buffer[_filled++] = _dialect.LineEnd;
                }

                return Cut(_filled, brokenRow: false);
            }

            if (_ended || wanted >= limits.MaxRowBytes)
            {
                // A quote that is never closed, or only after more than a row may hold: the row ends where its first line ends.
                int line = open ? _buffer.AsSpan(0, _filled).IndexOf(_dialect.LineEnd) : -1;
                if (line < 0 && !_ended)
                {
                    throw new UnreadableFileException(FileFaults.Limit, $"the row that begins at byte {_cut:N0} has more than {limits.MaxRowBytes:N0} bytes without a line end; at most so many are read. Is this a table?");
                }

                return Cut(line < 0 ? EndLine() : line + 1, brokenRow: true);
            }

            wanted = Math.Min(wanted * 2, Math.Max(limits.MaxRowBytes, chunkBytes));
        }
    }

    public static void Return(Chunk chunk) => ArrayPool<byte>.Shared.Return(chunk.Buffer);

    private int EndLine()
    {
        _buffer[_filled++] = _dialect.LineEnd;
        return _filled;
    }

    private Chunk Cut(int end, bool brokenRow)
    {
        var next = ArrayPool<byte>.Shared.Rent(Math.Max(chunkBytes, _filled - end) + Chunk.Padding);
        _buffer.AsSpan(end, _filled - end).CopyTo(next);
        var chunk = new Chunk { Buffer = _buffer, Length = end, IsBrokenRow = brokenRow };
        _filled -= end;
        _cut += end;
        _buffer = next;
        return chunk;
    }

    private async ValueTask FillAsync(int wanted, CancellationToken cancellationToken)
    {
        if (_buffer.Length < wanted + Chunk.Padding)
        {
            var larger = ArrayPool<byte>.Shared.Rent(wanted + Chunk.Padding);
            _buffer.AsSpan(0, _filled).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        if (!_ended && _filled < wanted)
        {
            int got = await source.ReadAsync(_buffer.AsMemory(_filled, wanted - _filled), cancellationToken);
            _filled += got;
            _ended = _filled < wanted;
        }
    }
}
