using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace ServerlessMlops.Data.Reading;

/// <summary>Text whose bytes are no UTF-8 in places: there U+FFFD stands for what cannot be told.</summary>
internal static class Utf8Repair
{
    /// <summary>The chunk in valid UTF-8, itself where it is, and how many places were replaced. A chunk that is replaced is given back.</summary>
    public static (Chunk Chunk, int Replaced) Of(Chunk chunk)
    {
        var text = chunk.Buffer.AsSpan(chunk.Start, chunk.Length - chunk.Start);
        if (Utf8.IsValid(text))
        {
            return (chunk, 0);
        }

        string repaired = Encoding.UTF8.GetString(text);
        int length = Encoding.UTF8.GetByteCount(repaired);
        var buffer = ArrayPool<byte>.Shared.Rent(chunk.Start + length + Chunk.Padding);
        chunk.Buffer.AsSpan(0, chunk.Start).CopyTo(buffer);
        Encoding.UTF8.GetBytes(repaired, buffer.AsSpan(chunk.Start));
        var whole = new Chunk { Buffer = buffer, Start = chunk.Start, Length = chunk.Start + length };
        ChunkReader.Return(chunk);
        return (whole, repaired.AsSpan().Count('\uFFFD'));
    }
}
