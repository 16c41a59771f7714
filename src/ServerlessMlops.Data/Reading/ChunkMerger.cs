using System.Runtime.CompilerServices;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Profiling;

namespace ServerlessMlops.Data.Reading;

/// <summary>Joins chunks in the file's order: gives categories the codes of the whole file and gathers the profile.</summary>
internal sealed class ChunkMerger
{
    private readonly CategoryDictionary?[] _dictionaries;
    private readonly ReadLimits _limits;
    private int[] _map = [];

    public ChunkMerger(ReadPlan plan, ReadLimits limits)
    {
        _limits = limits;
        _dictionaries = [.. plan.Schema.Columns.Select(c => c.Type == ColumnType.Category ? new CategoryDictionary() : null)];
        Profile = plan.Profile ? new ProfileAccumulator(plan.Schema, plan.Target) : null;
    }

    public ProfileAccumulator? Profile { get; }

    public ColumnTable Merge(ChunkWorker done)
    {
        var columns = new Column[done.Table.Columns.Count];
        for (int c = 0; c < columns.Length; c++)
        {
            columns[c] = done.Table.Columns[c] is CategoryColumn categories ? Recode(categories, _dictionaries[c]!) : done.Table.Columns[c];
        }

        var table = new ColumnTable(columns, done.Table.RowCount);
        if (Profile is not null)
        {
            Profile.Merge(done.Profiler!, table);
        }

        return table;
    }

    /// <summary>Replaces the chunk's codes by those of the whole file. A name enters by the first kept row that has it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private CategoryColumn Recode(CategoryColumn column, CategoryDictionary whole)
    {
        var part = column.Dictionary;
        if (_map.Length < part.Count)
        {
            _map = new int[Math.Max(part.Count, _map.Length * 2)];
        }

        var map = _map.AsSpan(0, part.Count);
        map.Fill(-1);
        var codes = column.Codes.AsSpan(0, column.Length);
        for (int row = 0; row < codes.Length; row++)
        {
            int code = codes[row];
            if (code >= 0)
            {
                ref int mapped = ref map[code];
                if (mapped < 0)
                {
                    mapped = whole.GetOrAdd(part.Utf8Of(code), part.HashOf(code));
                }

                codes[row] = mapped;
            }
        }

        if (whole.Count > _limits.MaxCategories || whole.ByteCount > _limits.MaxCategoryBytes)
        {
            throw new UnreadableFileException(FileFaults.Limit, $"column '{column.Schema.Name}' is read as a category and has more than "
                + (whole.Count > _limits.MaxCategories ? $"{_limits.MaxCategories:N0} different values" : $"{_limits.MaxCategoryBytes:N0} bytes of different values")
                + $"; at most so many are kept. Say 'columns: {{ {column.Schema.Name}: identifier }}' (or text, or ignore) in the spec.");
        }

        return new CategoryColumn(column.Schema, column.Codes, whole, column.Length);
    }
}
