using System.Buffers;
using System.Globalization;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace ServerlessMlops.Storage;

/// <summary>
/// One version of a blob as a seekable stream. Reads are ranges that each insist on the version's ETag. How much a range takes follows how the stream is used:
/// read from end to end it grows to <see cref="LargestRead"/>, and after a leap it is what was asked for, at least <see cref="SmallestRead"/>. So reading a few columns
/// of a file fetches little more than those columns. The first range also tells length and time of writing: opening costs no request of its own.
/// </summary>
internal sealed class RangeReadStream : Stream
{
    /// <summary>Bytes of the smallest range: below it a request costs more than its bytes.</summary>
    public const int SmallestRead = 64 * 1024;

    /// <summary>Bytes of the largest range, and of the buffer.</summary>
    public const int LargestRead = 4 * 1024 * 1024;

    private readonly BlobClient _blob;
    private ETag? _version;
    private byte[] _buffer = [];
    private long _start;
    private int _filled;
    private int _ahead;
    private long _length;
    private long _position;

    private RangeReadStream(BlobClient blob, ETag? version, int firstRead) => (_blob, _version, _ahead) = (blob, version, firstRead);

    /// <summary>When this version was written.</summary>
    public DateTimeOffset LastModified { get; private set; }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => true;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => _length;

    /// <inheritdoc/>
    public override long Position
    {
        get => _position;
        set => _position = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A position is 0 or more.");
    }

    /// <summary>Opens a blob.</summary>
    /// <param name="blob">The blob.</param>
    /// <param name="version">The version that is wanted, or null for the one that stands.</param>
    /// <param name="firstRead">Bytes of the first range: much for files that are read from end to end, little for those of which parts are wanted.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <param name="from">Where reading begins.</param>
    /// <exception cref="RequestFailedException">404: there is no such blob; 412: another version stands.</exception>
    public static async Task<RangeReadStream> OpenAsync(BlobClient blob, ETag? version, int firstRead, CancellationToken cancellation, long from = 0)
    {
        var stream = new RangeReadStream(blob, version, firstRead);
        try
        {
            BlobDownloadStreamingResult found = await blob.DownloadStreamingAsync(stream.Range(from, firstRead), cancellation);
            await stream.FillAsync(found, from, cancellation);
        }
        catch (RequestFailedException e) when (e.Status == 416)
        {
            // Nothing is there from that place on: of an empty blob, from its beginning.
            BlobProperties properties = await blob.GetPropertiesAsync(stream.Conditions, cancellation);
            (stream._version, stream.LastModified, stream._length) = (properties.ETag, properties.LastModified, properties.ContentLength);
        }

        stream._position = from;
        return stream;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (NextRange(buffer.Length) is { } range)
        {
            using BlobDownloadStreamingResult found = _blob.DownloadStreaming(range, CancellationToken.None);
            int count = Note(found, _position);
            _filled = found.Content.ReadAtLeast(_buffer.AsSpan(0, count), count, throwOnEndOfStream: true);
        }

        return Take(buffer);
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (NextRange(buffer.Length) is { } range)
        {
            BlobDownloadStreamingResult found = await _blob.DownloadStreamingAsync(range, cancellationToken);
            await FillAsync(found, _position, cancellationToken);
        }

        return Take(buffer.Span);
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => _length + offset,
    };

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException("The stream is read only.");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("The stream is read only.");

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            (_buffer, _filled) = ([], 0);
        }

        base.Dispose(disposing);
    }

    private BlobRequestConditions? Conditions => _version is { } version ? new BlobRequestConditions { IfMatch = version } : null;

    /// <summary>The range to fetch before so many bytes can be read; null where some are in the buffer, or the blob ends.</summary>
    private BlobDownloadOptions? NextRange(int wanted)
    {
        if (wanted == 0 || _position >= _length || (_position >= _start && _position < _start + _filled))
        {
            return null;
        }

        _ahead = _position == _start + _filled ? Math.Min(LargestRead, _ahead * 2) : SmallestRead;
        return Range(_position, (int)Math.Min(Math.Max(_ahead, Math.Min(wanted, LargestRead)), _length - _position));
    }

    private BlobDownloadOptions Range(long from, int count) => new() { Range = new HttpRange(from, count), Conditions = Conditions };

    private async ValueTask FillAsync(BlobDownloadStreamingResult found, long from, CancellationToken cancellation)
    {
        using (found)
        {
            int count = Note(found, from);
            _filled = await found.Content.ReadAtLeastAsync(_buffer.AsMemory(0, count), count, throwOnEndOfStream: true, cancellation);
        }
    }

    /// <summary>Takes down what a range's answer tells, and makes room for its bytes. Returns how many there are.</summary>
    private int Note(BlobDownloadStreamingResult found, long from)
    {
        int count = checked((int)found.Details.ContentLength);
        (_version, LastModified) = (found.Details.ETag, found.Details.LastModified);

        // "bytes 0-99/1234"; absent where the answer is the whole blob.
        string? range = found.Details.ContentRange;
        _length = range is null ? from + count : long.Parse(range.AsSpan(range.LastIndexOf('/') + 1), NumberStyles.None, CultureInfo.InvariantCulture);
        if (_buffer.Length < count)
        {
            if (_buffer.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
            }

            _buffer = ArrayPool<byte>.Shared.Rent(count);
        }

        (_start, _filled) = (from, 0);
        return count;
    }

    private int Take(Span<byte> buffer)
    {
        if (_position >= _length)
        {
            return 0;
        }

        int at = (int)(_position - _start);
        int count = Math.Min(buffer.Length, _filled - at);
        _buffer.AsSpan(at, count).CopyTo(buffer);
        _position += count;
        return count;
    }
}
