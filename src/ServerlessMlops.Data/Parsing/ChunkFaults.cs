using System.Runtime.InteropServices;
using System.Text;

namespace ServerlessMlops.Data.Parsing;

/// <summary>
/// The rows of a chunk that are set aside, with reasons. Row numbers are those of the chunk before anything was set aside. Checks that run
/// after parsing add to it too.
/// </summary>
public sealed class ChunkFaults
{
    /// <summary>Reasons kept of one chunk: beyond this, rows are still set aside and counted, but not listed.</summary>
    public const int MaxListed = 10_000;

    private readonly List<RowFaultNote> _notes = [];
    private readonly HashSet<int> _rows = [];
    private HashSet<int>? _unread;
    private readonly Dictionary<(string Column, string Rule), long> _counts = [];
    private readonly Dictionary<string, long> _numberLike = [];

    /// <summary>Number of rows set aside.</summary>
    public int RowCount => _rows.Count;

    /// <summary>The reasons that are listed.</summary>
    public IReadOnlyList<RowFaultNote> Notes => _notes;

    /// <summary>Reasons by column and rule, all of them.</summary>
    public IReadOnlyDictionary<(string Column, string Rule), long> Counts => _counts;

    /// <summary>Integer columns with values that are numbers, but not whole ones, and how many.</summary>
    internal IReadOnlyDictionary<string, long> NumberLike => _numberLike;

    /// <summary>Whether a row is set aside.</summary>
    public bool Contains(int row) => _rows.Contains(row);

    /// <summary>Whether a row was set aside by reading, so that its values are not all there for checks to judge.</summary>
    public bool IsUnread(int row) => _unread is not null && _unread.Contains(row);

    /// <summary>Ends reading: what comes now are checks.</summary>
    internal void EndReading() => _unread = _rows.Count > 0 ? [.. _rows] : null;

    /// <summary>Sets a row aside.</summary>
    /// <param name="row">Row of the chunk.</param>
    /// <param name="column">Column at fault; empty for the row as a whole.</param>
    /// <param name="rule">The rule it breaks.</param>
    /// <param name="value">What was found.</param>
    /// <param name="expected">What was expected, in words.</param>
    public void Add(int row, string column, string rule, string value, string expected)
    {
        _rows.Add(row);
        Count(column, rule);
        if (_notes.Count < MaxListed)
        {
            _notes.Add(new RowFaultNote(row, column, rule, value, expected));
        }
    }

    internal void Add(int row, string column, string rule, ReadOnlySpan<byte> value, string expected)
    {
        string text = _notes.Count < MaxListed ? Encoding.UTF8.GetString(value.Length > 800 ? value[..800] : value) : "";
        Add(row, column, rule, text, expected);
    }

    /// <summary>Sets a row aside whose reasons are counted elsewhere.</summary>
    internal void AddUnlisted(int row) => _rows.Add(row);

    internal void NoteNumber(string column) => CollectionsMarshal.GetValueRefOrAddDefault(_numberLike, column, out _)++;

    internal void Clear()
    {
        _notes.Clear();
        _rows.Clear();
        _unread = null;
        _counts.Clear();
        _numberLike.Clear();
    }

    private void Count(string column, string rule) => CollectionsMarshal.GetValueRefOrAddDefault(_counts, (column, rule), out _)++;
}

/// <summary>Why a row of a chunk is set aside.</summary>
/// <param name="Row">Row of the chunk.</param>
/// <param name="Column">Column at fault; empty for the row as a whole.</param>
/// <param name="Rule">The rule it breaks.</param>
/// <param name="Value">What was found.</param>
/// <param name="Expected">What was expected, in words.</param>
public sealed record RowFaultNote(int Row, string Column, string Rule, string Value, string Expected);
