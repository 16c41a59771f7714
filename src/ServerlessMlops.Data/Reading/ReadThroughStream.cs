namespace ServerlessMlops.Data.Reading;

/// <summary>
/// A read-only view of another stream, which stays open when the view is disposed. What derives from it sees every read: it may look at the bytes, or
/// tell a fault in its own words.
/// </summary>
public class ReadThroughStream(Stream inner) : Stream
{
    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => inner.CanSeek;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => inner.Length;

    /// <inheritdoc/>
    public override long Position
    {
        get => inner.Position;
        set => inner.Position = value;
    }

    /// <summary>The stream underneath.</summary>
    protected Stream Inner => inner;

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        try
        {
            int count = inner.Read(buffer);
            OnRead(buffer[..count]);
            return count;
        }
        catch (Exception fault) when (Translate(fault) is { } told)
        {
            throw told;
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            int count = await inner.ReadAsync(buffer, cancellationToken);
            OnRead(buffer.Span[..count]);
            return count;
        }
        catch (Exception fault) when (Translate(fault) is { } told)
        {
            throw told;
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException("The stream is read only.");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("The stream is read only.");

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <summary>Sees the bytes of each read.</summary>
    protected virtual void OnRead(ReadOnlySpan<byte> bytes)
    {
    }

    /// <summary>A fault of the stream underneath in other words; null lets it pass.</summary>
    protected virtual Exception? Translate(Exception fault) => null;
}
