using System.Globalization;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Profiling;

namespace ServerlessMlops.Core.Datasets;

/// <summary>Tells in words how one profile differs from another: what a person would want to know of a new upload.</summary>
public static class ProfileDifference
{
    /// <summary>A change of the median, relative to the distance between the quartiles before, that is worth saying.</summary>
    public const double ShiftOfQuartiles = 0.25;

    /// <summary>A change of a share (missing values, a name) that is worth saying.</summary>
    public const double ShareChange = 0.05;

    /// <summary>The differences worth saying, in the order of the columns; empty if there is none.</summary>
    /// <param name="before">What is known.</param>
    /// <param name="after">What is new.</param>
    /// <param name="spec">Values of the columns that it calls sensitive are not told; null calls none so.</param>
    public static IReadOnlyList<string> Describe(DatasetProfile before, DatasetProfile after, PipelineSpec? spec = null)
    {
        bool Withheld(string column) => spec is not null && spec.Columns.TryGetValue(column, out var said) && said.Sensitive;
        var lines = new List<string>();
        CompareRows(before, after, after.Target is { } target && Withheld(target), lines);
        foreach (var column in before.Columns.Where(c => after.Find(c.Name) is null))
        {
            lines.Add($"{column.Name}: gone");
        }

        foreach (var now in after.Columns)
        {
            var then = before.Find(now.Name);
            if (then is null)
            {
                lines.Add($"{now.Name}: new");
            }
            else if (then.Type != now.Type)
            {
                lines.Add($"{now.Name}: type {Name(then.Type)} -> {Name(now.Type)}");
            }
            else
            {
                Compare(then, now, Withheld(now.Name), lines);
            }
        }

        return lines;
    }

    private static void CompareRows(DatasetProfile before, DatasetProfile after, bool withheld, List<string> lines)
    {
        if (before.Rows > 0 && after.Rows > 0 && before.DuplicateRows / (double)before.Rows is { } then && after.DuplicateRows / (double)after.Rows is { } now
            && Math.Abs(then - now) >= ShareChange)
        {
            lines.Add($"repeated rows: {Percent(then)} -> {Percent(now)}");
        }

        // Classes written as numbers; those written as names are told with their column.
        if (!withheld && before.ClassBalance is { } balance && after.ClassBalance is { } balanceNow && before.Target == after.Target && after.Find(after.Target!) is { Type: ColumnType.Integer } target
            && before.Find(target.Name) is { } targetThen)
        {
            CompareNames(target.Name, targetThen, target, balance, balanceNow, lines);
        }
    }

    private static void Compare(ColumnProfile then, ColumnProfile now, bool withheld, List<string> lines)
    {
        if (Math.Abs(then.MissingShare() - now.MissingShare()) >= ShareChange)
        {
            lines.Add($"{now.Name}: missing {Percent(then.MissingShare())} -> {Percent(now.MissingShare())}");
        }

        if (withheld)
        {
            return;
        }

        if (then.Quantiles is { Count: 7 } q && now.Quantiles is { Count: 7 } r)
        {
            double spread = q[4] - q[2];
            double median = Math.Abs(r[3] - q[3]);
            if (spread > 0 ? median >= ShiftOfQuartiles * spread : r[3] != q[3])
            {
                lines.Add($"{now.Name}: median {Value(now.Type, q[3])} -> {Value(now.Type, r[3])}");
            }
            else if (spread > 0 && (r[4] - r[2] > 1.5 * spread || r[4] - r[2] < spread / 1.5))
            {
                lines.Add($"{now.Name}: middle half {Value(now.Type, q[2])}..{Value(now.Type, q[4])} -> {Value(now.Type, r[2])}..{Value(now.Type, r[4])}");
            }
        }

        if (then.Top is { } top && now.Top is { } topNow)
        {
            CompareNames(now.Name, then, now, top, topNow, lines);
        }
    }

    private static void CompareNames(string column, ColumnProfile then, ColumnProfile now, IReadOnlyList<ValueCount> top, IReadOnlyList<ValueCount> topNow, List<string> lines)
    {
        double values = Math.Max(1, then.Rows - then.Missing), valuesNow = Math.Max(1, now.Rows - now.Missing);
        var shares = top.ToDictionary(t => t.Value, t => t.Count / values);
        var sharesNow = topNow.ToDictionary(t => t.Value, t => t.Count / valuesNow);
        var changes = shares.Keys.Union(sharesNow.Keys)
            .Select(name => (Name: name, Then: shares.GetValueOrDefault(name), Now: sharesNow.GetValueOrDefault(name)))
            .Where(c => Math.Abs(c.Then - c.Now) >= ShareChange)
            .OrderByDescending(c => Math.Abs(c.Then - c.Now)).ThenBy(c => c.Name, StringComparer.Ordinal).Take(3)
            .Select(c => $"'{c.Name}' {Percent(c.Then)} -> {Percent(c.Now)}").ToList();
        if (changes.Count > 0)
        {
            lines.Add($"{column}: {string.Join(", ", changes)}");
        }
    }

    private static string Value(ColumnType type, double value) =>
        type == ColumnType.Timestamp ? TimestampColumn.Format((long)value) : value.ToString("0.####", CultureInfo.InvariantCulture);

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.#}%");

    private static string Name(ColumnType type) => type.ToString().ToLowerInvariant();
}
