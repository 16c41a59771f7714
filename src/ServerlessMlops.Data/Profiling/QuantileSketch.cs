using System.Runtime.CompilerServices;

namespace ServerlessMlops.Data.Profiling;

/// <summary>
/// Quantiles of a stream in constant memory: KLL (Karnin, Lang, Liberty 2016). Level h holds values that stand for 2^h each; a full level is sorted
/// and every second value, beginning at a coin's toss, moves up. Rank error below 1% of n with 99% confidence; exact while few values were added.
/// Merging adds up levels and keeps the bound. Tosses come from the sketch's own state, so the same input gives the same sketch.
/// </summary>
public sealed class QuantileSketch
{
    /// <summary>Capacity of the top level; lower ones shrink by 2/3 each.</summary>
    private const int TopCapacity = 512;

    private const int LeastCapacity = 16;

    /// <summary>Largest distance, as a share of n, between the rank asked for and the rank answered, with 99% confidence.</summary>
    public const double RankError = 0.01;

    private readonly List<double[]> _levels = [];
    private readonly List<int> _sizes = [];
    private uint _coin = 0x9E3779B9;

    /// <summary>Values added, by weight.</summary>
    public long Count { get; private set; }

    /// <summary>Adds a value that stands for 2^<paramref name="level"/> values. NaN is not allowed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(double value, int level = 0)
    {
        while (_levels.Count <= level)
        {
            _levels.Add(new double[TopCapacity]);
            _sizes.Add(0);
        }

        _levels[level][_sizes[level]++] = value;
        Count += 1L << level;
        if (_sizes[level] >= Capacity(level))
        {
            Compact(level);
        }
    }

    /// <summary>Adds what another sketch has seen.</summary>
    public void Merge(QuantileSketch other)
    {
        for (int level = 0; level < other._levels.Count; level++)
        {
            foreach (double value in other._levels[level].AsSpan(0, other._sizes[level]))
            {
                Add(value, level);
            }
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        for (int level = 0; level < _sizes.Count; level++)
        {
            _sizes[level] = 0;
        }

        Count = 0;
        _coin = 0x9E3779B9;
    }

    /// <summary>The value at each share (0 to 1, ascending) of the sorted stream; NaN if it is empty.</summary>
    public double[] Quantiles(ReadOnlySpan<double> shares)
    {
        var result = new double[shares.Length];
        var (values, weights) = Sorted();
        if (values.Length == 0)
        {
            Array.Fill(result, double.NaN);
            return result;
        }

        long total = weights.Sum(), below = 0;
        int at = 0;
        for (int i = 0; i < shares.Length; i++)
        {
            double wanted = shares[i] * (total - 1);
            while (at < values.Length - 1 && below + weights[at] <= wanted)
            {
                below += weights[at++];
            }

            result[i] = values[at];
        }

        return result;
    }

    /// <summary>The share of values that are at most each of the ascending <paramref name="points"/>.</summary>
    public double[] Ranks(ReadOnlySpan<double> points)
    {
        var result = new double[points.Length];
        var (values, weights) = Sorted();
        long total = Math.Max(1, weights.Sum()), below = 0;
        int at = 0;
        for (int i = 0; i < points.Length; i++)
        {
            while (at < values.Length && values[at] <= points[i])
            {
                below += weights[at++];
            }

            result[i] = below / (double)total;
        }

        return result;
    }

    /// <summary>Values by level, for storing.</summary>
    public IReadOnlyList<double[]> ToLevels() => [.. _levels.Select((values, level) => values[.._sizes[level]])];

    /// <summary>A sketch from stored levels.</summary>
    public static QuantileSketch FromLevels(IReadOnlyList<double[]> levels)
    {
        if (levels.Count > 50)
        {
            throw new InvalidDataException($"A stored quantile sketch has {levels.Count} levels; expected at most 50.");
        }

        var sketch = new QuantileSketch();
        for (int level = 0; level < levels.Count; level++)
        {
            foreach (double value in levels[level])
            {
                sketch.Add(value, level);
            }
        }

        return sketch;
    }

    private int Capacity(int level)
    {
        double capacity = TopCapacity;
        for (int h = level; h < _levels.Count - 1 && capacity > LeastCapacity; h++)
        {
            capacity *= 2.0 / 3;
        }

        return Math.Max(LeastCapacity, (int)capacity);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Compact(int level)
    {
        if (level + 1 == _levels.Count)
        {
            _levels.Add(new double[TopCapacity]);
            _sizes.Add(0);
        }

        var values = _levels[level].AsSpan(0, _sizes[level]);
        values.Sort();

        // An odd one out stays, so that weights add up to n.
        int pairs = values.Length / 2;
        _coin ^= _coin << 13;
        _coin ^= _coin >> 17;
        _coin ^= _coin << 5;
        int offset = (int)(_coin >> 16 & 1);
        double rest = values[^1];
        bool odd = (values.Length & 1) != 0;
        var kept = new double[pairs];
        for (int i = 0; i < pairs; i++)
        {
            kept[i] = values[2 * i + offset];
        }

        _sizes[level] = 0;
        if (odd)
        {
            _levels[level][_sizes[level]++] = rest;
        }

        var above = _levels[level + 1];
        foreach (double value in kept)
        {
            above[_sizes[level + 1]++] = value;
            if (_sizes[level + 1] >= Capacity(level + 1))
            {
                Compact(level + 1);
            }
        }
    }

    private (double[] Values, long[] Weights) Sorted()
    {
        int size = _sizes.Sum();
        var values = new double[size];
        var weights = new long[size];
        int at = 0;
        for (int level = 0; level < _levels.Count; level++)
        {
            for (int i = 0; i < _sizes[level]; i++)
            {
                values[at] = _levels[level][i];
                weights[at++] = 1L << level;
            }
        }

        Array.Sort(values, weights);
        return (values, weights);
    }
}
