using System.Buffers.Binary;
using ServerlessMlops.Core.Monitoring;

namespace ServerlessMlops.Storage.Windows;

/// <summary>
/// The bytes of a window: a format version, then each array as its length and its numbers. Counts are LEB128 variable-length integers (most
/// are below 128: one byte), sums are 8-byte doubles, little endian. Twenty features with twenty groups take about 600 bytes.
/// </summary>
internal static class WindowCodec
{
    private const byte Format = 2;

    // Without the groups of keys; rows of older builds stay readable.
    private const byte FormatWithoutKeys = 1;

    /// <summary>No array of a window is longer; what claims to be is not one of ours.</summary>
    private const int MaxLength = 100_000;

    public static byte[] Encode(WindowSums sums)
    {
        using var stream = new MemoryStream(1024);
        stream.WriteByte(Format);
        Write(stream, sums.Features.Length);
        foreach (long[] counts in sums.Features)
        {
            Write(stream, counts);
        }

        Write(stream, sums.OutOfRange);
        Write(stream, sums.Unknown);
        Write(stream, sums.Outputs);
        Write(stream, sums.OutputSums.Length);
        foreach (double sum in sums.OutputSums)
        {
            Write(stream, sum);
        }

        Write(stream, sums.Positives);
        Write(stream, sums.PositiveSum);
        Write(stream, sums.Statuses);
        Write(stream, sums.Latencies);
        Write(stream, sums.KeyRows);
        for (int group = 0; group < sums.KeyRows.Length; group++)
        {
            if (sums.KeyRows[group] > 0)
            {
                Write(stream, sums.KeySums[group]);
            }
        }

        return stream.ToArray();
    }

    /// <exception cref="InvalidDataException">The bytes are no window of a format that is known.</exception>
    public static WindowSums Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == 0 || bytes[0] is not (Format or FormatWithoutKeys))
        {
            throw new InvalidDataException(
                $"A window row has format {(bytes.Length == 0 ? "(none)" : bytes[0])}; this build reads formats {FormatWithoutKeys} and {Format}. A newer build wrote it, or the row is damaged.");
        }

        bool hasKeys = bytes[0] == Format;
        bytes = bytes[1..];
        var features = new long[ReadLength(ref bytes)][];
        for (int i = 0; i < features.Length; i++)
        {
            features[i] = ReadCounts(ref bytes);
        }

        long[] outOfRange = ReadCounts(ref bytes);
        long[] unknown = ReadCounts(ref bytes);
        long[] outputs = ReadCounts(ref bytes);
        var outputSums = new double[ReadLength(ref bytes)];
        for (int i = 0; i < outputSums.Length; i++)
        {
            outputSums[i] = ReadDouble(ref bytes);
        }

        var sums = new WindowSums
        {
            Features = features,
            OutOfRange = outOfRange,
            Unknown = unknown,
            Outputs = outputs,
            OutputSums = outputSums,
            Positives = ReadCount(ref bytes),
            PositiveSum = ReadDouble(ref bytes),
            Statuses = ReadCounts(ref bytes),
            Latencies = ReadCounts(ref bytes),
        };
        if (hasKeys)
        {
            long[] keyRows = ReadCounts(ref bytes);
            if (keyRows.Length != sums.KeyRows.Length)
            {
                throw new InvalidDataException($"A window row has {keyRows.Length} groups of keys, expected {sums.KeyRows.Length}; it is damaged.");
            }

            keyRows.CopyTo(sums.KeyRows, 0);
            for (int group = 0; group < keyRows.Length; group++)
            {
                sums.KeySums[group] = keyRows[group] > 0 ? ReadDouble(ref bytes) : 0;
            }
        }

        return sums;
    }

    private static void Write(MemoryStream stream, long[] counts)
    {
        Write(stream, counts.Length);
        foreach (long count in counts)
        {
            Write(stream, count);
        }
    }

    private static void Write(MemoryStream stream, long count)
    {
        ulong rest = (ulong)count;
        for (; rest >= 0x80; rest >>= 7)
        {
            stream.WriteByte((byte)(rest | 0x80));
        }

        stream.WriteByte((byte)rest);
    }

    private static void Write(MemoryStream stream, double value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static long[] ReadCounts(ref ReadOnlySpan<byte> bytes)
    {
        var counts = new long[ReadLength(ref bytes)];
        for (int i = 0; i < counts.Length; i++)
        {
            counts[i] = ReadCount(ref bytes);
        }

        return counts;
    }

    private static int ReadLength(ref ReadOnlySpan<byte> bytes) => ReadCount(ref bytes) is >= 0 and <= MaxLength and var length
        ? (int)length
        : throw new InvalidDataException($"A window row claims an array of more than {MaxLength} numbers; it is damaged.");

    private static long ReadCount(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (bytes.Length == 0)
            {
                break;
            }

            byte next = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return (long)value;
            }
        }

        throw new InvalidDataException("A window row ends within a number; it is damaged.");
    }

    private static double ReadDouble(ref ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < sizeof(double))
        {
            throw new InvalidDataException("A window row ends within a number; it is damaged.");
        }

        double value = BinaryPrimitives.ReadDoubleLittleEndian(bytes);
        bytes = bytes[sizeof(double)..];
        return value;
    }
}
