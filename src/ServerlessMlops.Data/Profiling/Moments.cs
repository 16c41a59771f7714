using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ServerlessMlops.Data.Profiling;

/// <summary>
/// Count, mean, spread and skew of numbers, gathered block by block: within a block around its own mean (two passes), then merged (Chan, Golub,
/// LeVeque 1979; third moment after Pébay 2008), so that large offsets such as times cost no digits.
/// </summary>
/// <param name="Count">Numbers.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="M2">Sum of squared deviations from the mean.</param>
/// <param name="M3">Sum of cubed deviations from the mean.</param>
/// <param name="Min">Smallest.</param>
/// <param name="Max">Largest.</param>
public readonly record struct Moments(long Count, double Mean, double M2, double M3, double Min, double Max)
{
    /// <summary>Of nothing.</summary>
    public static Moments None { get; } = new(0, 0, 0, 0, double.PositiveInfinity, double.NegativeInfinity);

    /// <summary>Standard deviation (divided by n - 1); NaN below two numbers.</summary>
    public double StandardDeviation => Count > 1 ? Math.Sqrt(M2 / (Count - 1)) : double.NaN;

    /// <summary>Skewness (population); NaN where there is no spread.</summary>
    public double Skewness => M2 > 0 ? Math.Sqrt(Count) * M3 / Math.Pow(M2, 1.5) : double.NaN;

    /// <summary>Of a block without NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Moments Of(ReadOnlySpan<double> values)
    {
        if (values.IsEmpty)
        {
            return None;
        }

        var vectors = MemoryMarshal.Cast<double, Vector<double>>(values);
        var tail = values[(vectors.Length * Vector<double>.Count)..];
        Vector<double> sums = Vector<double>.Zero, lows = new(values[0]), highs = lows;
        foreach (var v in vectors)
        {
            sums += v;
            lows = Vector.Min(lows, v);
            highs = Vector.Max(highs, v);
        }

        double sum = Vector.Sum(sums), min = values[0], max = values[0];
        for (int i = 0; i < Vector<double>.Count; i++)
        {
            min = Math.Min(min, lows[i]);
            max = Math.Max(max, highs[i]);
        }

        foreach (double x in tail)
        {
            sum += x;
            min = Math.Min(min, x);
            max = Math.Max(max, x);
        }

        double mean = sum / values.Length;
        var center = new Vector<double>(mean);
        Vector<double> squares = Vector<double>.Zero, cubes = Vector<double>.Zero;
        foreach (var v in vectors)
        {
            var d = v - center;
            var square = d * d;
            squares += square;
            cubes += square * d;
        }

        double m2 = Vector.Sum(squares), m3 = Vector.Sum(cubes);
        foreach (double x in tail)
        {
            double d = x - mean;
            m2 += d * d;
            m3 += d * d * d;
        }

        return new Moments(values.Length, mean, m2, m3, min, max);
    }

    /// <summary>Of both together.</summary>
    public static Moments operator +(Moments a, Moments b)
    {
        if (a.Count == 0 || b.Count == 0)
        {
            return a.Count == 0 ? b : a;
        }

        double n = a.Count + b.Count, delta = b.Mean - a.Mean;
        double mean = a.Mean + delta * b.Count / n;
        double m2 = a.M2 + b.M2 + delta * delta * a.Count * b.Count / n;
        double m3 = a.M3 + b.M3 + delta * delta * delta * a.Count * b.Count * ((double)a.Count - b.Count) / (n * n)
            + 3 * delta * (a.Count * b.M2 - b.Count * a.M2) / n;
        return new Moments(a.Count + b.Count, mean, m2, m3, Math.Min(a.Min, b.Min), Math.Max(a.Max, b.Max));
    }

    /// <summary>As the operator +.</summary>
    public static Moments Add(Moments left, Moments right) => left + right;
}
