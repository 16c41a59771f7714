using System.Globalization;
using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Data.Profiling;

/// <summary>Counts the classes of a target of whole numbers, such as 0 and 1, as long as there are few. Names and true/false are counted anyway.</summary>
internal sealed class ClassCounter
{
    private readonly Dictionary<long, long> _counts = [];
    private bool _overflowed;

    public void Add(IntegerColumn column)
    {
        foreach (long value in column.Values.AsSpan(0, _overflowed ? 0 : column.Length))
        {
            if (value != IntegerColumn.Missing)
            {
                System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_counts, value, out _)++;
                if (_counts.Count > ColumnProfile.TopCount)
                {
                    _overflowed = true;
                    return;
                }
            }
        }
    }

    /// <summary>Values and how often each comes, the most frequent first; null where there are too many to be classes.</summary>
    public IReadOnlyList<ValueCount>? Build() => _overflowed || _counts.Count == 0
        ? null
        : ColumnProfileMerge.TopOf(_counts.Select(c => new ValueCount(c.Key.ToString(CultureInfo.InvariantCulture), c.Value)));
}
