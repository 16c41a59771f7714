using System.Runtime.CompilerServices;
using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Data.Profiling;

/// <summary>Gathers the profile of a whole file from its chunks, in their order.</summary>
public sealed class ProfileAccumulator
{
    /// <summary>From this association on, a column is taken to tell the target alone.</summary>
    public const double LeakStrength = 0.98;

    private readonly TableSchema _schema;
    private readonly ColumnSketch[] _sketches;
    private readonly long[]?[] _counts;
    private readonly CategoryDictionary?[] _dictionaries;
    private readonly TargetLink?[] _links;
    private readonly LeakCheck?[] _leaks;
    private readonly DuplicateSketch _duplicates = new();
    private readonly ClassCounter _classes = new();
    private readonly int _target;
    private long[] _targetClasses = [];
    private double[] _x = [];
    private double[] _y = [];

    internal ProfileAccumulator(TableSchema schema, string? target)
    {
        _schema = schema;
        _sketches = [.. schema.Columns.Select(_ => new ColumnSketch())];
        _counts = [.. schema.Columns.Select(c => c.Type == ColumnType.Category ? Array.Empty<long>() : null)];
        _dictionaries = new CategoryDictionary?[schema.Columns.Count];
        _target = target is null ? -1 : schema.IndexOf(target);
        bool linked = _target >= 0 && IsLinkable(schema.Columns[_target].Type);
        _links = [.. schema.Columns.Select((c, i) => linked && i != _target && IsLinkable(c.Type) ? new TargetLink() : null)];
        bool classes = linked && schema.Columns[_target].Type is ColumnType.Category or ColumnType.Boolean or ColumnType.Integer;
        _leaks = [.. schema.Columns.Select((c, i) => classes && i != _target && IsLinkable(c.Type) && c.Type != ColumnType.Category ? new LeakCheck() : null)];
    }

    /// <summary>Profiles tables that are in memory.</summary>
    /// <param name="tables">Tables of one schema; category columns share one dictionary per column.</param>
    /// <param name="schema">Their schema.</param>
    /// <param name="target">The column to predict, if any.</param>
    public static DatasetProfile Of(IEnumerable<ColumnTable> tables, TableSchema schema, string? target)
    {
        var whole = new ProfileAccumulator(schema, target);
        var part = new TableProfiler(schema);
        int ordinal = 0;
        foreach (var table in tables)
        {
            part.Clear();
            part.Add(table, ordinal++);
            whole.Merge(part, table);
        }

        return whole.Build();
    }

    /// <summary>The profile of the rows so far.</summary>
    public DatasetProfile Build()
    {
        var columns = new ColumnProfile[_sketches.Length];
        for (int c = 0; c < columns.Length; c++)
        {
            var schema = _schema.Columns[c];
            IReadOnlyList<ValueCount>? top = null;
            long? distinct = null;
            if (schema.Type == ColumnType.Category)
            {
                (top, distinct) = DescribeCategories(c);
            }
            else if (schema.Type == ColumnType.Boolean)
            {
                long falses = _sketches[c].Values - _sketches[c].Trues;
                distinct = (_sketches[c].Trues > 0 ? 1 : 0) + (falses > 0 ? 1 : 0);
                top = ColumnProfileMerge.TopOf([new ValueCount("true", _sketches[c].Trues), new ValueCount("false", falses)]);
            }

            double? strength = _links[c]?.Strength();
            bool? alone = _leaks[c]?.Verdict();
            columns[c] = ColumnProfileMerge.Describe(schema, _sketches[c], top, distinct) with
            {
                TargetAssociation = strength,
                TargetCorrelation = _links[c]?.Correlation(),
                LikelyLeak = strength is null && alone is null ? null : strength >= LeakStrength || alone == true,
            };
        }

        var target = _target < 0 ? null : columns[_target];

        return new DatasetProfile
        {
            Rows = columns.Length == 0 ? 0 : _sketches[0].Rows,
            Target = target?.Name,
            ClassBalance = target?.Type == ColumnType.Integer ? _classes.Build() : target?.Top,
            DuplicateRows = _duplicates.Duplicates(),
            RowSample = _duplicates.ToSample(),
            Columns = columns,
        };
    }

    /// <summary>Adds a chunk.</summary>
    /// <param name="part">Its sketches.</param>
    /// <param name="table">Its rows, with the category codes of the whole file.</param>
    internal void Merge(TableProfiler part, ColumnTable table)
    {
        for (int c = 0; c < _sketches.Length; c++)
        {
            _sketches[c].Merge(part.Columns[c]);
            if (table.Columns[c] is CategoryColumn categories)
            {
                CountCategories(c, categories);
            }
        }

        _duplicates.Add(part.RowHashes);
        if (_target >= 0)
        {
            if (table.Columns[_target] is IntegerColumn classes)
            {
                _classes.Add(classes);
            }

            Link(table);
        }
    }

    private static bool IsLinkable(ColumnType type) => type is not (ColumnType.Text or ColumnType.Identifier);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void CountCategories(int c, CategoryColumn column)
    {
        _dictionaries[c] = column.Dictionary;
        var counts = _counts[c]!;
        if (counts.Length < column.Dictionary.Count)
        {
            Array.Resize(ref counts, Math.Max(column.Dictionary.Count, counts.Length * 2));
            _counts[c] = counts;
        }

        long missing = 0;
        foreach (int code in column.Codes.AsSpan(0, column.Length))
        {
            if (code >= 0)
            {
                counts[code]++;
            }
            else
            {
                missing++;
            }
        }

        _sketches[c].Values += column.Length - missing;
    }

    private (IReadOnlyList<ValueCount> Top, long Distinct) DescribeCategories(int c)
    {
        var sketch = _sketches[c];
        sketch.Distinct.Clear();
        long distinct = 0;
        var counts = _counts[c]!;
        var dictionary = _dictionaries[c];
        if (dictionary is null)
        {
            return ([], 0);
        }

        for (int code = 0; code < dictionary.Count; code++)
        {
            if (code < counts.Length && counts[code] > 0)
            {
                distinct++;
                sketch.Distinct.Add(dictionary.HashOf(code));
            }
        }

        // Names are made for those that can be in the list, not for a million others.
        long least = counts.OrderDescending().Skip(ColumnProfile.TopCount - 1).FirstOrDefault();
        var candidates = Enumerable.Range(0, dictionary.Count).Where(code => code < counts.Length && counts[code] > 0 && counts[code] >= least);
        return (ColumnProfileMerge.TopOf(candidates.Take(100_000).Select(code => new ValueCount(dictionary.NameOf(code), counts[code]))), distinct);
    }

    private void Link(ColumnTable table)
    {
        if (!IsLinkable(table.Columns[_target].Schema.Type))
        {
            return;
        }

        var (ys, yCodes) = Sides(table.Columns[_target], ref _y);
        bool leaks = _leaks.Any(l => l is not null) && _sketches[0].Rows <= LeakCheck.MaxRows + table.RowCount;
        if (leaks)
        {
            ListClasses(table.Columns[_target]);
        }

        for (int c = 0; c < _links.Length; c++)
        {
            if (_links[c] is { } link)
            {
                var (xs, xCodes) = Sides(table.Columns[c], ref _x);
                link.Add(xs.Span, xCodes.Span, ys.Span, yCodes.Span);
                if (leaks)
                {
                    _leaks[c]?.Add(xs.Span, _targetClasses.AsSpan(0, table.RowCount));
                }
            }
        }
    }

    private void ListClasses(Column target)
    {
        if (_targetClasses.Length < target.Length)
        {
            _targetClasses = new long[target.Length];
        }

        for (int row = 0; row < target.Length; row++)
        {
            _targetClasses[row] = target.IsMissing(row) ? IntegerColumn.Missing : target switch
            {
                IntegerColumn integers => integers.Values[row],
                CategoryColumn categories => categories.Codes[row],
                BooleanColumn booleans => booleans.Values[row],
                _ => IntegerColumn.Missing,
            };
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (Memory<double> Numbers, Memory<int> Codes) Sides(Column column, ref double[] scratch)
    {
        if (column is CategoryColumn categories)
        {
            return (default, categories.Codes.AsMemory(0, column.Length));
        }

        if (column is NumberColumn numbers)
        {
            return (numbers.Values.AsMemory(0, column.Length), default);
        }

        if (scratch.Length < column.Length)
        {
            scratch = new double[Math.Max(column.Length, scratch.Length * 2)];
        }

        for (int row = 0; row < column.Length; row++)
        {
            scratch[row] = column switch
            {
                _ when column.IsMissing(row) => double.NaN,
                IntegerColumn integers => integers.Values[row],
                TimestampColumn times => times.Values[row],
                BooleanColumn booleans => booleans.Values[row],
                _ => double.NaN,
            };
        }

        return (scratch.AsMemory(0, column.Length), default);
    }
}
