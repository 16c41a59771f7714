using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ServerlessMlops.Learners.Boosting;

/// <summary>
/// Cuts a float column into at most 255 bins of about equal weight. Bin b holds <c>Edges[b - 1] &lt; x &lt;= Edges[b]</c>; a split after bin b is the exact
/// float32 test <c>x &lt;= Edges[b]</c>, so that training on bins and predicting on floats agree for every row.
/// </summary>
internal sealed class Binner
{
    private const int SampleRows = 200_000;
    private const int Fan = 16;

    private readonly float[] _padded;
    private readonly float[] _pivots;

    private Binner(float[] edges, int categories = 0)
    {
        Edges = edges;
        Categories = categories;
        _padded = new float[Fan * Fan];
        Array.Fill(_padded, float.PositiveInfinity);
        edges.CopyTo(_padded, 0);
        _pivots = new float[Fan];
        for (int i = 0; i < Fan; i++)
        {
            _pivots[i] = _padded[(Fan * i) + Fan - 1];
        }
    }

    /// <summary>Ascending; one fewer than there are bins of values.</summary>
    public float[] Edges { get; }

    /// <summary>Codes of a column of categories, each a bin of its own; 0 for a column of numbers.</summary>
    public int Categories { get; }

    /// <summary>Bins of values; the bin of this number is that of missing values.</summary>
    public int ValueBins => Categories > 0 ? Categories : Edges.Length + 1;

    /// <summary>Bins that are category codes; no value is missing.</summary>
    public static Binner OfCategories(int count) => new([], count);

    /// <summary>Finds the edges from all rows, or from an even sample of 200,000.</summary>
    public static unsafe Binner Fit(ReadOnlySpan<float> column, int maxBins)
    {
        // Native memory goes back at once: garbage of this size would still be there when the trees need theirs.
        int take = Math.Min(column.Length, SampleRows);
        uint* scratch = (uint*)NativeMemory.Alloc((nuint)Math.Max(1, take), 2 * sizeof(uint));
        try
        {
            return Fit(column, maxBins, new Span<uint>(scratch, take), new Span<uint>(scratch + take, take));
        }
        finally
        {
            NativeMemory.Free(scratch);
        }
    }

    private static Binner Fit(ReadOnlySpan<float> column, int maxBins, Span<uint> keys, Span<uint> sorting)
    {
        int kept = 0, take = keys.Length;
        for (int i = 0; i < take; i++)
        {
            // The stratum's row is picked by a hash, lest a period in the data meets the step of the sample.
            long from = (long)i * column.Length / take, to = (long)(i + 1) * column.Length / take;
            float x = column[(int)(from + ((to - from) * (Hash.Of((uint)i) >> 8) >> 24))];
            if (!float.IsNaN(x))
            {
                // Adding 0 makes -0 the same key as 0.
                keys[kept++] = SortableFloats.ToKey(x + 0f);
            }
        }

        keys = keys[..kept];
        SortableFloats.Sort(keys, sorting[..kept]);

        // What sorting needed serves the counts.
        Span<int> counts = MemoryMarshal.Cast<uint, int>(sorting);
        int distinct = Distinct(keys, counts);
        return new Binner(FindEdges(keys[..distinct], counts, kept, maxBins));
    }

    /// <summary>The bins of a column: 0 ... <see cref="ValueBins"/> - 1, or <see cref="ValueBins"/> where it is missing. Returns whether any is.</summary>
    public bool Transform(ReadOnlySpan<float> column, Span<byte> bins)
    {
        bool anyMissing = false;
        if (Categories > 0)
        {
            Number(column, bins);
            return false;
        }

        for (int row = 0; row < column.Length; row++)
        {
            float x = column[row];
            if (float.IsNaN(x))
            {
                bins[row] = (byte)ValueBins;
                anyMissing = true;
            }
            else
            {
                int coarse = CountBelow(_pivots, x) * Fan;
                bins[row] = (byte)(coarse + CountBelow(_padded.AsSpan(coarse, Fan), x));
            }
        }

        return anyMissing;
    }

    private void Number(ReadOnlySpan<float> codes, Span<byte> bins)
    {
        for (int row = 0; row < codes.Length; row++)
        {
            float code = codes[row];
            bins[row] = code >= 0 && code < Categories && float.IsInteger(code)
                ? (byte)code
                : throw new ArgumentException($"Row {row} has category code {code}; expected a whole number from 0 to {Categories - 1}, missing and unknown categories included.", nameof(codes));
        }
    }

    /// <summary>How many of 16 ascending numbers are below x.</summary>
    private static int CountBelow(ReadOnlySpan<float> sixteen, float x)
    {
        var value = Vector256.Create(x);
        uint low = Vector256.LessThan(Vector256.Create(sixteen[..8]), value).ExtractMostSignificantBits();
        uint high = Vector256.LessThan(Vector256.Create(sixteen.Slice(8, 8)), value).ExtractMostSignificantBits();
        return BitOperations.PopCount(low | (high << 8));
    }

    /// <summary>
    /// Walks the distinct values and closes a bin when it has its share of what was left when it opened; a value that has a share of its own
    /// gets its own bin.
    /// </summary>
    private static float[] FindEdges(ReadOnlySpan<uint> keys, ReadOnlySpan<int> counts, int rows, int maxBins)
    {
        var edges = new List<float>();
        long left = rows, inBin = 0;
        for (int i = 0; i + 1 < keys.Length && edges.Count < maxBins - 1; i++)
        {
            inBin += counts[i];
            int binsLeft = maxBins - edges.Count;
            double share = (double)left / binsLeft;
            bool room = keys.Length - i <= binsLeft;
            if (room || inBin >= share || (counts[i + 1] >= share && inBin >= share / 2))
            {
                edges.Add(Between(SortableFloats.FromKey(keys[i]), SortableFloats.FromKey(keys[i + 1])));
                left -= inBin;
                inBin = 0;
            }
        }

        return [.. edges];
    }

    /// <summary>Moves the distinct keys of a sorted list to its front and counts each; returns how many there are.</summary>
    private static int Distinct(Span<uint> sorted, Span<int> counts)
    {
        int last = -1;
        foreach (uint key in sorted)
        {
            if (last < 0 || sorted[last] != key)
            {
                sorted[++last] = key;
                counts[last] = 0;
            }

            counts[last]++;
        }

        return last + 1;
    }

    /// <summary>A float m with a &lt;= m &lt; b, halfway if there is one.</summary>
    private static float Between(float a, float b)
    {
        float middle = (float)((a * 0.5) + (b * 0.5));
        return middle >= a && middle < b ? middle : a;
    }
}
