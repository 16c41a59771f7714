using System.IO.Compression;
using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Data.Profiling;

/// <summary>Makes column profiles out of sketches, and sketches out of stored profiles.</summary>
internal static class ColumnProfileMerge
{
    private const int HistogramParts = 20;

    public static ColumnProfile Describe(ColumnSchema schema, ColumnSketch sketch, IReadOnlyList<ValueCount>? top, long? exactDistinct)
    {
        var moments = sketch.Moments;
        bool numeric = schema.Type is ColumnType.Number or ColumnType.Integer or ColumnType.Timestamp;
        bool any = numeric && moments.Count > 0;
        bool text = schema.Type is ColumnType.Text or ColumnType.Identifier;
        return new ColumnProfile
        {
            Name = schema.Name,
            Type = schema.Type,
            Rows = sketch.Rows,
            Missing = sketch.Rows - sketch.Values,
            Distinct = exactDistinct ?? Math.Min(sketch.Values, (long)Math.Round(sketch.Distinct.Estimate())),
            Min = any ? moments.Min : null,
            Max = any ? moments.Max : null,
            Mean = any ? moments.Mean : schema.Type == ColumnType.Boolean && sketch.Values > 0 ? sketch.Trues / (double)sketch.Values : null,
            StandardDeviation = any && moments.Count > 1 ? moments.StandardDeviation : null,
            Skewness = any && moments.M2 > 0 ? moments.Skewness : null,
            Quantiles = any ? [.. sketch.Quantiles.Quantiles([.. ColumnProfile.QuantileShares]).Select(q => Math.Clamp(q, moments.Min, moments.Max))] : null,
            Histogram = any ? Histogram(sketch.Quantiles, moments) : null,
            Top = top,
            ShortestText = text && sketch.Values > 0 ? sketch.ShortestText : null,
            LongestText = text && sketch.Values > 0 ? sketch.LongestText : null,
            State = new SketchState(Pack(sketch.Distinct.Registers), numeric ? sketch.Quantiles.ToLevels() : null, moments.M2, moments.M3),
        };
    }

    public static ColumnProfile Merge(ColumnProfile a, ColumnProfile b)
    {
        var sketch = Restore(a);
        sketch.Merge(Restore(b));
        IReadOnlyList<ValueCount>? top = a.Top is null || b.Top is null ? null : MergeTop(a.Top, b.Top);
        long? distinct = a.Type switch
        {
            ColumnType.Boolean => Math.Max(a.Distinct, b.Distinct),
            // While both lists are whole, so is their union.
            ColumnType.Category when top is not null && a.Top!.Count == a.Distinct && b.Top!.Count == b.Distinct => UnionCount(a.Top, b.Top),
            _ => null,
        };
        var merged = Describe(new ColumnSchema(a.Name, a.Type), sketch, top, distinct);
        long rows = a.Rows + b.Rows;
        double? Weighted(double? x, double? y) => x is null || y is null || rows == 0 ? x ?? y : (x * a.Rows + y * b.Rows) / rows;
        return merged with
        {
            TargetAssociation = Weighted(a.TargetAssociation, b.TargetAssociation),
            TargetCorrelation = Weighted(a.TargetCorrelation, b.TargetCorrelation),
            LikelyLeak = a.LikelyLeak is null && b.LikelyLeak is null ? null : (a.LikelyLeak ?? true) && (b.LikelyLeak ?? true),
        };
    }

    /// <summary>The most frequent names first; ties by name, so that the list is the same whatever the order of counting.</summary>
    public static IReadOnlyList<ValueCount> TopOf(IEnumerable<ValueCount> counts) =>
        [.. counts.Where(c => c.Count > 0).OrderByDescending(c => c.Count).ThenBy(c => c.Value, StringComparer.Ordinal).Take(ColumnProfile.TopCount)];

    public static IReadOnlyList<ValueCount> MergeTop(IReadOnlyList<ValueCount> a, IReadOnlyList<ValueCount> b) =>
        TopOf(a.Concat(b).GroupBy(c => c.Value).Select(g => new ValueCount(g.Key, g.Sum(c => c.Count))));

    private static long UnionCount(IReadOnlyList<ValueCount> a, IReadOnlyList<ValueCount> b) => a.Concat(b).Select(c => c.Value).Distinct().LongCount();

    private static ColumnSketch Restore(ColumnProfile profile)
    {
        var state = profile.State ?? throw new InvalidDataException($"The profile of column '{profile.Name}' has no state and cannot be merged.");
        long values = profile.Rows - profile.Missing;
        var sketch = new ColumnSketch
        {
            Rows = profile.Rows,
            Values = values,
            Trues = profile.Type == ColumnType.Boolean ? (long)Math.Round(values * (profile.Mean ?? 0)) : 0,
            ShortestText = profile.ShortestText ?? int.MaxValue,
            LongestText = profile.LongestText ?? 0,
        };
        if (profile is { Min: { } min, Max: { } max, Mean: { } mean } && profile.Type != ColumnType.Boolean)
        {
            sketch.Moments = new Moments(values, mean, state.M2, state.M3, min, max);
        }

        sketch.Distinct.Merge(HyperLogLog.FromRegisters(Unpack(state.Registers)));
        if (state.Levels is { } levels)
        {
            sketch.Quantiles.Merge(QuantileSketch.FromLevels(levels));
        }

        return sketch;
    }

    private static long[] Histogram(QuantileSketch quantiles, Moments moments)
    {
        double width = (moments.Max - moments.Min) / HistogramParts;
        var points = Enumerable.Range(1, HistogramParts).Select(i => i == HistogramParts ? moments.Max : moments.Min + i * width).ToArray();
        var ranks = quantiles.Ranks(points);
        var counts = new long[HistogramParts];
        long below = 0;
        for (int i = 0; i < HistogramParts; i++)
        {
            long upTo = i == HistogramParts - 1 ? moments.Count : (long)Math.Round(ranks[i] * moments.Count);
            counts[i] = Math.Max(0, upTo - below);
            below = Math.Max(below, upTo);
        }

        return counts;
    }

    private static string Pack(ReadOnlySpan<byte> registers)
    {
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(registers);
        }

        return Convert.ToBase64String(packed.GetBuffer(), 0, (int)packed.Length);
    }

    private static byte[] Unpack(string packed)
    {
        using var deflate = new DeflateStream(new MemoryStream(Convert.FromBase64String(packed)), CompressionMode.Decompress);
        var registers = new byte[4096];
        int filled = deflate.ReadAtLeast(registers, registers.Length, throwOnEndOfStream: false);
        return registers[..filled];
    }
}
