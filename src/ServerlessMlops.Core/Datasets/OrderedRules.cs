using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Parsing;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Core.Datasets;

/// <summary>A rule that looks back on earlier rows of the upload: no value twice, or values that never decrease.</summary>
internal sealed class OrderedRule(Expectation expectation) : IChunkCheck
{
    /// <summary>Values remembered at most, so that memory stays bounded.</summary>
    public const int MaxRemembered = 4_000_000;

    private readonly HashSet<ulong> _seen = [];
    private double _last = double.NegativeInfinity;

    public Expectation Expectation => expectation;

    public string Rule => ExpectationNames.Rule(expectation);

    public string Expected => expectation.Unique == true ? "no value twice" : "no value below the one before";

    /// <summary>Values judged.</summary>
    public long Values { get; private set; }

    /// <summary>Values that break the rule.</summary>
    public long Broken { get; private set; }

    /// <summary>Whether there were more values than can be remembered.</summary>
    public bool Overflowed { get; private set; }

    public static bool Is(Expectation e) => e.Unique == true || e.Increasing == true;

    /// <summary>Why the rule cannot be applied to columns of these types, or null if it can.</summary>
    public string? Unfit(TableSchema schema) =>
        expectation.Increasing == true && schema.Find(expectation.Column!) is { } column && !RowRule.IsOrdered(column.Type) ? "'increasing' needs numbers or times" : null;

    public void Check(ColumnTable table, ChunkFaults faults)
    {
        int index = table.Schema.IndexOf(expectation.Column!);
        if (index < 0)
        {
            return;
        }

        var column = table.Columns[index];
        for (int row = 0; row < table.RowCount; row++)
        {
            if (column.IsMissing(row))
            {
                continue;
            }

            Values++;
            if (expectation.Unique == true ? IsRepeated(column, row) : IsDecreasing(column, row))
            {
                Broken++;
                if (expectation.Severity == ExpectationSeverity.Error)
                {
                    faults.Add(row, expectation.Column!, Rule, column.TextAt(row), Expected);
                }
            }
        }
    }

    private bool IsRepeated(Column column, int row)
    {
        ulong hash = RowHash.OfValue(column, row);
        if (_seen.Count >= MaxRemembered)
        {
            Overflowed = true;
            return _seen.Contains(hash);
        }

        return !_seen.Add(hash);
    }

    private bool IsDecreasing(Column column, int row)
    {
        double value = column switch
        {
            NumberColumn numbers => numbers.Values[row],
            IntegerColumn integers => integers.Values[row],
            TimestampColumn times => times.Values[row],
            _ => double.PositiveInfinity,
        };
        bool decreasing = value < _last;
        _last = decreasing ? _last : value;
        return decreasing;
    }
}
