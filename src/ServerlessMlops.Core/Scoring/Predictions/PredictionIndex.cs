using System.Buffers;
using System.Buffers.Text;

namespace ServerlessMlops.Core.Scoring.Predictions;

/// <summary>
/// The index beside a file of the prediction log: a line per row, <c>{inferenceId}\t{offset}\t{length}</c>, sorted by the bytes of the id (the
/// same id: by offset), so that a row is found by halving.
/// </summary>
public static class PredictionIndex
{
    /// <summary>Writes the index.</summary>
    /// <param name="entries">Ids in UTF-8 and where their lines stand, in any order; sorted by this call.</param>
    /// <param name="buffer">Where to.</param>
    public static void Write(List<(ReadOnlyMemory<byte> Id, PredictionLine Line)> entries, IBufferWriter<byte> buffer)
    {
        entries.Sort(static (a, b) =>
        {
            int byId = a.Id.Span.SequenceCompareTo(b.Id.Span);
            return byId != 0 ? byId : a.Line.Offset.CompareTo(b.Line.Offset);
        });
        var text = new JsonText(buffer);
        foreach ((ReadOnlyMemory<byte> id, PredictionLine line) in entries)
        {
            text.Append(id.Span);
            text.Append("\t"u8);
            text.Append(line.Offset);
            text.Append("\t"u8);
            text.Append(line.Length);
            text.Append("\n"u8);
        }

        text.Flush();
    }

    /// <summary>Finds the line of an id; where a caller used the id more than once, the last of its lines. Null where it is not in the index.</summary>
    /// <exception cref="InvalidDataException">The bytes are not an index.</exception>
    public static PredictionLine? Find(ReadOnlySpan<byte> index, ReadOnlySpan<byte> id)
    {
        // The half-open stretch [low, high) begins and ends at line starts; everything before low is at most the id, from high on greater.
        int low = 0;
        int high = index.Length;
        PredictionLine? found = null;
        while (low < high)
        {
            int start = low + ((high - low) / 2);
            start = index[low..start].LastIndexOf((byte)'\n') is var before and >= 0 ? low + before + 1 : low;
            int length = index[start..].IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = length < 0 ? index[start..] : index.Slice(start, length);
            int end = start + line.Length + 1;
            int tab = line.IndexOf((byte)'\t');
            if (tab < 0)
            {
                throw new InvalidDataException($"The prediction index is damaged at byte {start}: no tab in the line. The file beside it can still be searched line by line.");
            }

            int order = line[..tab].SequenceCompareTo(id);
            if (order > 0)
            {
                high = start;
            }
            else
            {
                if (order == 0)
                {
                    found = Parse(line[(tab + 1)..], start);
                }

                low = Math.Min(end, index.Length);
            }
        }

        return found;
    }

    private static PredictionLine Parse(ReadOnlySpan<byte> place, int at) =>
        Utf8Parser.TryParse(place, out long offset, out int used) && used + 1 < place.Length && place[used] == '\t' &&
        Utf8Parser.TryParse(place[(used + 1)..], out int length, out int rest) && used + 1 + rest == place.Length
            ? new PredictionLine(offset, length)
            : throw new InvalidDataException($"The prediction index is damaged at byte {at}: no offset and length. The file beside it can still be searched line by line.");
}
