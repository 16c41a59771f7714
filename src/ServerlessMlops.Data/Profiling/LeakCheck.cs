using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Data.Profiling;

/// <summary>
/// Whether one column of numbers tells the class of the target almost alone, whatever the form of the link: the numbers are cut into groups by the
/// quantiles of the first rows (missing is a group of its own, since that a value is missing may tell), and from the table of groups and
/// classes follows how much of the guessing the column takes away (Goodman and Kruskal's lambda, 1954). Each row is guessed from the others of its group,
/// so that groups of few rows prove nothing. Looks at the first rows only.
/// </summary>
internal sealed class LeakCheck
{
    /// <summary>Rows looked at.</summary>
    public const int MaxRows = 200_000;

    /// <summary>From this lambda on a column is taken to tell the target alone.</summary>
    public const double Threshold = 0.98;

    /// <summary>Fewest rows outside the most frequent class for a verdict: below, perfection comes by chance.</summary>
    public const int MinMinority = 30;

    private const int Groups = 64;
    private const int MaxClasses = 64;
    private readonly Dictionary<long, int> _classes = [];
    private readonly long[] _counts = new long[(Groups + 1) * MaxClasses];
    private double[]? _edges;
    private int _rows;
    private bool _tooMany;

    /// <summary>Adds rows: numbers (NaN is missing) and the target's class (<see cref="IntegerColumn.Missing"/> is missing).</summary>
    public void Add(ReadOnlySpan<double> values, ReadOnlySpan<long> classes)
    {
        if (_tooMany || _rows >= MaxRows)
        {
            return;
        }

        _edges ??= Edges(values);
        int rows = Math.Min(values.Length, MaxRows - _rows);
        _rows += rows;
        for (int row = 0; row < rows; row++)
        {
            if (classes[row] == IntegerColumn.Missing)
            {
                continue;
            }

            if (!_classes.TryGetValue(classes[row], out int number))
            {
                if (_classes.Count == MaxClasses)
                {
                    _tooMany = true;
                    return;
                }

                _classes[classes[row]] = number = _classes.Count;
            }

            int group = Groups;
            if (!double.IsNaN(values[row]))
            {
                group = Array.BinarySearch(_edges, values[row]);
                group = group < 0 ? ~group : group;
            }

            _counts[group * MaxClasses + number]++;
        }
    }

    /// <summary>Whether it does; null where too little was seen to tell.</summary>
    public bool? Verdict()
    {
        if (_tooMany || _classes.Count < 2)
        {
            return null;
        }

        var totals = new long[MaxClasses];
        for (int group = 0; group <= Groups; group++)
        {
            Sum(totals, group, group + 1);
        }

        long minority = totals.Sum() - totals.Max();
        if (minority < MinMinority)
        {
            return null;
        }

        // Where there are few rows, neighbouring groups are also taken together.
        return ((int[])[1, 2, 4, 8]).Any(width => (Hits(width, totals) - totals.Max()) / (double)minority >= Threshold);
    }

    /// <summary>Rows whose class is the most frequent one of the others in their group; of a row that is alone, the most frequent one of all.</summary>
    private long Hits(int width, long[] totals)
    {
        long hits = 0;
        int usual = Array.IndexOf(totals, totals.Max());
        var counts = new long[MaxClasses];
        for (int group = 0; group <= Groups; group += group < Groups ? width : 1)
        {
            Array.Clear(counts);
            Sum(counts, group, group < Groups ? Math.Min(group + width, Groups) : Groups + 1);
            int best = Array.IndexOf(counts, counts.Max());
            long second = counts.Where((_, c) => c != best).Max();
            hits += counts[best] - 1 > second ? counts[best] : counts[best] == 1 && second == 0 && best == usual ? 1 : 0;
        }

        return hits;
    }

    private void Sum(long[] into, int from, int to)
    {
        for (int group = from; group < to; group++)
        {
            for (int c = 0; c < MaxClasses; c++)
            {
                into[c] += _counts[group * MaxClasses + c];
            }
        }
    }

    /// <summary>Upper bounds of the groups: quantiles of the first rows, each once.</summary>
    private static double[] Edges(ReadOnlySpan<double> values)
    {
        var sample = new List<double>();
        int step = Math.Max(1, values.Length / 8192);
        for (int row = 0; row < values.Length; row += step)
        {
            if (!double.IsNaN(values[row]))
            {
                sample.Add(values[row]);
            }
        }

        sample.Sort();
        var edges = new SortedSet<double>();
        for (int i = 1; i < Groups && sample.Count > 0; i++)
        {
            edges.Add(sample[Math.Min(sample.Count - 1, i * sample.Count / Groups)]);
        }

        return [.. edges.Take(Groups - 1)];
    }
}
