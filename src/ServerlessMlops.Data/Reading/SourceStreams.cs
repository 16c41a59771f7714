namespace ServerlessMlops.Data.Reading;

/// <summary>Counts the bytes read from a stream that it does not own, and notes where members of a gzip file may begin.</summary>
internal sealed class CountingStream(Stream inner) : ReadThroughStream(inner)
{
    private const int HeaderBytes = 10;
    private const int MaxHeaders = 64;
    private readonly byte[] _seam = new byte[2 * HeaderBytes];
    private readonly Queue<long> _headers = [];
    private int _carried;
    private ulong _tail;

    public long BytesRead { get; private set; }

    /// <summary>The last 4 bytes read, as a little-endian number: of a gzip member, the size of its content modulo 2^32.</summary>
    public uint Tail => (uint)(_tail >> 32);

    /// <summary>Places after the first byte that look like the beginning of a gzip member; the last 64 of them.</summary>
    public IReadOnlyCollection<long> GzipHeaders => _headers;

    protected override void OnRead(ReadOnlySpan<byte> bytes)
    {
        // A header may lie across two reads: the end of the last one and the beginning of this one are looked at together.
        int more = Math.Min(bytes.Length, HeaderBytes - 1);
        bytes[..more].CopyTo(_seam.AsSpan(_carried));
        Look(_seam.AsSpan(0, _carried + more), BytesRead - _carried, _carried);
        Look(bytes, BytesRead, bytes.Length);
        Carry(bytes);
        foreach (byte b in bytes.Length > 8 ? bytes[^8..] : bytes)
        {
            _tail = (_tail >> 8) | ((ulong)b << 56);
        }

        BytesRead += bytes.Length;
    }

    /// <summary>Looks for headers that begin within the first so many bytes.</summary>
    private void Look(ReadOnlySpan<byte> bytes, long position, int within)
    {
        for (int i = 0; i < within; i++)
        {
            int at = bytes[i..].IndexOf((ReadOnlySpan<byte>)[0x1F, 0x8B, 0x08]);
            i += at;
            if (at < 0 || i >= within)
            {
                return;
            }

            // Flags, extra flags and system of a member's header have few values; content that looks like one by chance is rare.
            if (position + i > 0 && i + HeaderBytes <= bytes.Length && bytes[i + 3] < 32 && bytes[i + 8] is 0 or 2 or 4 && bytes[i + 9] is < 14 or 255)
            {
                _headers.Enqueue(position + i);
                if (_headers.Count > MaxHeaders)
                {
                    _headers.Dequeue();
                }
            }
        }
    }

    private void Carry(ReadOnlySpan<byte> bytes)
    {
        const int most = HeaderBytes - 1;
        if (bytes.Length >= most)
        {
            bytes[^most..].CopyTo(_seam);
            _carried = most;
            return;
        }

        int kept = Math.Min(_carried, most - bytes.Length);
        _seam.AsSpan(_carried - kept, kept).CopyTo(_seam);
        bytes.CopyTo(_seam.AsSpan(kept));
        _carried = kept + bytes.Length;
    }
}

/// <summary>Some bytes, then a stream that it does not own.</summary>
internal sealed class PrefixedStream(byte[] prefix, Stream rest) : ReadThroughStream(rest)
{
    private int _used;

    public override bool CanSeek => false;

    public override int Read(Span<byte> buffer)
    {
        int count = FromPrefix(buffer);
        return count > 0 ? count : base.Read(buffer);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = FromPrefix(buffer.Span);
        return count > 0 ? ValueTask.FromResult(count) : base.ReadAsync(buffer, cancellationToken);
    }

    private int FromPrefix(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, prefix.Length - _used);
        prefix.AsSpan(_used, count).CopyTo(buffer);
        _used += count;
        return count;
    }
}
