namespace ServerlessMlops.Data.Reading;

/// <summary>Counts the bytes read from a stream that it does not own.</summary>
internal sealed class CountingStream(Stream inner) : Stream
{
    private ulong _tail;

    public long BytesRead { get; private set; }

    /// <summary>The last 4 bytes read, as a little-endian number: of a gzip member, the size of its content modulo 2^32.</summary>
    public uint Tail => (uint)(_tail >> 32);

    /// <summary>Places after the first byte that look like the beginning of a gzip member.</summary>
    public int GzipHeaders { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => inner.CanSeek;

    public override bool CanWrite => false;

    public override long Length => inner.Length;

    public override long Position
    {
        get => inner.Position;
        set => inner.Position = value;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int count = inner.Read(buffer);
        Look(buffer[..count]);
        return count;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        await CountAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private async ValueTask<int> CountAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int count = await inner.ReadAsync(buffer, cancellationToken);
        Look(buffer.Span[..count]);
        return count;
    }

    private void Look(ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            int at = bytes[i..].IndexOf((ReadOnlySpan<byte>)[0x1F, 0x8B, 0x08]);
            if (at < 0)
            {
                break;
            }

            // Flags, extra flags and system of a member's header have few values; content that looks like one by chance is rare.
            i += at;
            if (BytesRead + i > 0 && i + 10 <= bytes.Length && bytes[i + 3] < 32 && bytes[i + 8] is 0 or 2 or 4 && bytes[i + 9] is < 14 or 255)
            {
                GzipHeaders++;
            }
        }

        foreach (byte b in bytes.Length > 8 ? bytes[^8..] : bytes)
        {
            _tail = (_tail >> 8) | ((ulong)b << 56);
        }

        BytesRead += bytes.Length;
    }
}

/// <summary>Some bytes, then a stream that it does not own.</summary>
internal sealed class PrefixedStream(byte[] prefix, Stream rest) : Stream
{
    private int _used;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        int count = FromPrefix(buffer);
        return count > 0 ? count : rest.Read(buffer);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = FromPrefix(buffer.Span);
        return count > 0 ? ValueTask.FromResult(count) : rest.ReadAsync(buffer, cancellationToken);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int FromPrefix(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, prefix.Length - _used);
        prefix.AsSpan(_used, count).CopyTo(buffer);
        _used += count;
        return count;
    }
}
