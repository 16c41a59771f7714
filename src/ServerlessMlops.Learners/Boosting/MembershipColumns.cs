using System.Runtime.Intrinsics;

namespace ServerlessMlops.Learners.Boosting;

/// <summary>
/// Turns one row's category codes into columns that say for each set of an ensemble whether it holds the code, so that a walk tests sets as it tests numbers:
/// <c>x &lt;= 0</c> holds for a member, whose column is 0, and fails for others, whose column is NaN.
/// </summary>
/// <remarks>
/// <code>
/// bits by code     set 0 1 2 3 4 5 6 7 | 8 ...        1: not a member
///   code 0             0 1 1 0 0 0 1 1 | ...    -> eight floats a byte: 0 NaN NaN 0 0 0 NaN NaN
///   code 1             ...
///   no code            1 1 1 1 1 1 1 1 | ...
/// </code>
/// A code's bits for all sets stand side by side: a thousand sets are 128 bytes, read in sequence.
/// </remarks>
internal sealed class MembershipColumns
{
    private static readonly Vector256<uint> BitOfLane = Vector256.Create(1u, 2, 4, 8, 16, 32, 64, 128);

    private readonly Group[] _groups;
    private readonly Dictionary<(int Column, CategorySet Set), int> _places = [];

    /// <param name="trees">The ensemble; equal sets of a column share a place.</param>
    public MembershipColumns(IReadOnlyList<DecisionTree> trees)
    {
        var built = new List<Group>();
        foreach (var byColumn in trees.SelectMany(t => t.Nodes).Where(n => n.Set is not null).GroupBy(n => n.Column, n => n.Set!))
        {
            CategorySet[] sets = [.. byColumn.Distinct()];
            var group = new Group(byColumn.Key, Count, sets);
            for (int i = 0; i < sets.Length; i++)
            {
                _places[(byColumn.Key, sets[i])] = Count + i;
            }

            Count += group.Width;
            built.Add(group);
        }

        _groups = [.. built];
    }

    /// <summary>Columns made; 0 for an ensemble without sets.</summary>
    public int Count { get; }

    /// <summary>The column of a set.</summary>
    public int this[int column, CategorySet set] => _places[(column, set)];

    /// <summary>Writes <see cref="Count"/> columns of one row of a block.</summary>
    public void Fill(ReadOnlySpan<float> columns, int stride, int row, Span<float> to)
    {
        foreach (Group group in _groups)
        {
            group.Fill(columns[(group.Column * stride) + row], to);
        }
    }

    /// <summary>The sets of one column.</summary>
    private sealed class Group
    {
        private readonly int _first;
        private readonly int _bytes;
        private readonly byte[] _bits;

        public Group(int column, int first, CategorySet[] sets)
        {
            Column = column;
            _first = first;
            _bytes = (sets.Length + 7) / 8;
            _bits = new byte[(CategorySet.MaxCodes + 1) * _bytes];
            for (int code = 0; code <= CategorySet.MaxCodes; code++)
            {
                for (int i = 0; i < sets.Length; i++)
                {
                    _bits[(code * _bytes) + (i / 8)] |= (byte)(sets[i].Contains(code) ? 0 : 1 << (i % 8));
                }
            }
        }

        public int Column { get; }

        public int Width => _bytes * 8;

        public void Fill(float code, Span<float> to)
        {
            int row = code is > -1 and < CategorySet.MaxCodes ? (int)code : CategorySet.MaxCodes;
            ReadOnlySpan<byte> own = _bits.AsSpan(row * _bytes, _bytes);
            to = to.Slice(_first, own.Length * 8);
            for (int i = 0; i < own.Length; i++)
            {
                // All bits set is a NaN.
                Vector256.Equals(Vector256.Create((uint)own[i]) & BitOfLane, BitOfLane).AsSingle().CopyTo(to[(i * 8)..]);
            }
        }
    }
}
