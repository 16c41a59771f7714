using System.Runtime.CompilerServices;

namespace ServerlessMlops.Data.Profiling;

/// <summary>
/// How closely one column goes with the target, from sums gathered in one pass: Pearson's correlation for two numeric columns, the correlation
/// ratio (adjusted for the number of groups) for a category and a number, Cramér's V for two categories.
/// </summary>
internal sealed class TargetLink
{
    private const int MaxCells = 1 << 20;
    private readonly Dictionary<int, (long Count, double Sum)> _groups = [];
    private readonly Dictionary<long, long> _cells = [];
    private double _shiftX = double.NaN;
    private double _shiftY = double.NaN;
    private double _x;
    private double _y;
    private double _xx;
    private double _yy;
    private double _xy;
    private long _count;

    /// <summary>Adds rows: numbers (NaN is missing) or codes (-1 is missing) on either side.</summary>
    public void Add(ReadOnlySpan<double> xs, ReadOnlySpan<int> xCodes, ReadOnlySpan<double> ys, ReadOnlySpan<int> yCodes)
    {
        if (!xs.IsEmpty && !ys.IsEmpty)
        {
            AddPairs(xs, ys);
        }
        else if (!xs.IsEmpty)
        {
            AddGrouped(xs, yCodes);
        }
        else if (!ys.IsEmpty)
        {
            AddGrouped(ys, xCodes);
        }
        else
        {
            AddCells(xCodes, yCodes);
        }
    }

    /// <summary>The association, 0 to 1; null where too little was seen to tell.</summary>
    public double? Strength()
    {
        if (_count < 10)
        {
            return null;
        }

        if (_cells.Count > 0)
        {
            return CramersV();
        }

        double vx = _xx - _x * _x / _count;
        if (_groups.Count > 0)
        {
            double between = _groups.Values.Sum(g => g.Sum * g.Sum / g.Count) - _x * _x / _count;
            int free = (int)Math.Min(int.MaxValue, _count - _groups.Count);
            double unexplained = free > 0 && vx > 0 ? (1 - Math.Min(1, between / vx)) * (_count - 1) / free : 1;
            return Math.Sqrt(Math.Clamp(1 - unexplained, 0, 1));
        }

        return Math.Abs(Correlation() ?? 0);
    }

    /// <summary>Pearson's correlation, -1 to 1, of two columns of numbers; null for others, and where too little was seen to tell.</summary>
    public double? Correlation()
    {
        if (_count < 10 || _cells.Count > 0 || _groups.Count > 0)
        {
            return null;
        }

        double vx = _xx - _x * _x / _count, vy = _yy - _y * _y / _count;
        return vx > 0 && vy > 0 ? Math.Clamp((_xy - _x * _y / _count) / Math.Sqrt(vx * vy), -1, 1) : 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddPairs(ReadOnlySpan<double> xs, ReadOnlySpan<double> ys)
    {
        for (int i = 0; i < xs.Length; i++)
        {
            double x = xs[i], y = ys[i];
            if (double.IsNaN(x) || double.IsNaN(y))
            {
                continue;
            }

            if (_count == 0)
            {
                (_shiftX, _shiftY) = (x, y);
            }

            x -= _shiftX;
            y -= _shiftY;
            _count++;
            _x += x;
            _y += y;
            _xx += x * x;
            _yy += y * y;
            _xy += x * y;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddGrouped(ReadOnlySpan<double> values, ReadOnlySpan<int> codes)
    {
        for (int i = 0; i < values.Length; i++)
        {
            double value = values[i];
            if (codes[i] < 0 || double.IsNaN(value))
            {
                continue;
            }

            if (_count == 0)
            {
                _shiftX = value;
            }

            value -= _shiftX;
            _count++;
            _x += value;
            _xx += value * value;
            ref var group = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_groups, codes[i], out _);
            group = (group.Count + 1, group.Sum + value);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddCells(ReadOnlySpan<int> xs, ReadOnlySpan<int> ys)
    {
        for (int i = 0; i < xs.Length && _cells.Count < MaxCells; i++)
        {
            if (xs[i] >= 0 && ys[i] >= 0)
            {
                _count++;
                System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_cells, ((long)xs[i] << 32) | (uint)ys[i], out _)++;
            }
        }
    }

    /// <summary>Cramér's V with Bergsma's correction (2013) for tables that are large beside their number of rows.</summary>
    private double? CramersV()
    {
        if (_cells.Count >= MaxCells)
        {
            return null;
        }

        var rows = _cells.GroupBy(c => c.Key >> 32).ToDictionary(g => g.Key, g => g.Sum(c => c.Value));
        var columns = _cells.GroupBy(c => c.Key & uint.MaxValue).ToDictionary(g => g.Key, g => g.Sum(c => c.Value));
        double n = _count, chi = -n;
        foreach (var (cell, count) in _cells)
        {
            chi += (double)count * count * n / ((double)rows[cell >> 32] * columns[cell & uint.MaxValue]);
        }

        double r = rows.Count, k = columns.Count;
        double phi = Math.Max(0, chi / n - (k - 1) * (r - 1) / (n - 1));
        double rr = r - (r - 1) * (r - 1) / (n - 1), kk = k - (k - 1) * (k - 1) / (n - 1);
        double least = Math.Min(rr, kk) - 1;
        return least <= 0 ? 0 : Math.Min(1, Math.Sqrt(phi / least));
    }
}
