using System.Buffers;
using System.Buffers.Text;
using System.Runtime.CompilerServices;

namespace ServerlessMlops.Core.Scoring;

/// <summary>
/// Appends pieces of JSON that are known to be right (literals, encoded names, numbers) to a buffer: for the rows of an answer or a log, where
/// a checking writer costs more than the model. Whatever comes from a caller goes through <see cref="System.Text.Json.Utf8JsonWriter"/> instead.
/// </summary>
internal ref struct JsonText(IBufferWriter<byte> buffer)
{
    private const int LongestNumber = 32;
    private readonly IBufferWriter<byte> _buffer = buffer;
    private Span<byte> _span;
    private int _used;

    /// <summary>Appends bytes as they are.</summary>
    public void Append(ReadOnlySpan<byte> json)
    {
        Reserve(json.Length);
        json.CopyTo(_span[_used..]);
        _used += json.Length;
    }

    /// <summary>Appends the shortest number that reads back as the same float; null where it is not finite, which JSON cannot say.</summary>
    public void Append(float number)
    {
        Reserve(LongestNumber);
        if (!float.IsFinite(number))
        {
            Append("null"u8);
        }
        else
        {
            // "R" of a float: up to 9 digits, with an exponent where it is large or small; both are JSON.
            number.TryFormat(_span[_used..], out int written);
            _used += written;
        }
    }

    /// <summary>Appends an integer.</summary>
    public void Append(long number)
    {
        Reserve(LongestNumber);
        Utf8Formatter.TryFormat(number, _span[_used..], out int written);
        _used += written;
    }

    /// <summary>Room for at least so many bytes, to be written by the caller and then added by <see cref="Advance"/>.</summary>
    public Span<byte> Room(int bytes)
    {
        Reserve(bytes);
        return _span[_used..];
    }

    /// <summary>Adds what was written into <see cref="Room"/>.</summary>
    public void Advance(int bytes) => _used += bytes;

    /// <summary>Hands everything to the buffer; called once, at the end, or before another writes to the buffer.</summary>
    public void Flush()
    {
        HandOver();
        _span = default;
        _used = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reserve(int bytes)
    {
        if (_span.Length - _used < bytes)
        {
            Grow(bytes);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(int bytes)
    {
        HandOver();
        _used = 0;
        _span = _buffer.GetSpan(Math.Max(bytes, 512));
    }

    // A response that nothing was asked of yet takes no advance, not even of nothing.
    private readonly void HandOver()
    {
        if (_used > 0)
        {
            _buffer.Advance(_used);
        }
    }
}
