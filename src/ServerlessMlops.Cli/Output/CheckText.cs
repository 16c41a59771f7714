using System.Globalization;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Profiling;
using Spectre.Console;

namespace ServerlessMlops.Cli.Output;

/// <summary>What <c>mlops check</c> found, for a person.</summary>
internal sealed class CheckText(Reporter reporter)
{
    private const int ListedRejections = 10;
    private const int MaxValueLength = 24;

    /// <summary>Reasons that the type itself tells.</summary>
    private static readonly string[] Obvious = ["whole numbers", "numbers", "times, year first", "words for true and false", "names that repeat", "as in earlier uploads"];

    /// <summary>What the file is, what becomes of it, and everything that was found.</summary>
    public void Verdict(string path, BatchResult result, double seconds, string? guessedTarget)
    {
        string rate = seconds > 0 && result.Bytes >= 1_000_000 ? string.Create(CultureInfo.InvariantCulture, $", {result.Bytes / seconds / 1e6:0} MB/s") : "";
        string format = result.Format.Length > 0 ? $"{Markup.Escape(result.Format)}, {Format.Bytes(result.Bytes)}" : Format.Bytes(new FileInfo(path).Length);
        reporter.Say($"{Markup.Escape(Path.GetFileName(path))}: {format}, {Format.Duration(TimeSpan.FromSeconds(seconds))}{rate}");
        reporter.Say(result switch
        {
            { Verdict: BatchVerdict.Accepted } => Count($"[green]accepted[/]: {result.RowsKept:N0} rows kept, {result.RowsRejected:N0} rejected; batch {Format.Id(result.BatchId)}"),
            { Profile: null } => "[red]rejected[/]: its rows were not read",
            _ => Count($"[red]rejected[/]: {result.RowsKept:N0} rows could be kept, {result.RowsRejected:N0} not"),
        });
        if (guessedTarget is not null && result.Schema is not null)
        {
            reporter.Say($"[grey]no --spec: '{Markup.Escape(guessedTarget)}' counts as the target[/]");
        }

        foreach (DataFinding finding in result.Findings)
        {
            string color = finding.Severity switch { FindingSeverity.Error => "red", FindingSeverity.Warning => "yellow", _ => "grey" };
            reporter.Say($"[{color}]{finding.Severity.ToString().ToLowerInvariant()}[/] {finding.Code}: {Markup.Escape(finding.Message)}");
        }
    }

    /// <summary>The first rejected rows.</summary>
    /// <param name="rows">Lines of <c>rejected.csv</c>, its header first.</param>
    /// <param name="file">Where they were written, if anywhere.</param>
    public void RejectedRows(string[] rows, string? file)
    {
        if (rows.Length < 2)
        {
            return;
        }

        string more = file is not null ? $"; all of them are in {file}" : rows.Length - 1 > ListedRejections ? "; --rejected FILE writes all" : "";
        reporter.Say(Count($"[grey]rejected rows ({Math.Min(ListedRejections, rows.Length - 1)} of {rows.Length - 1:N0} reasons{Markup.Escape(more)}): {rows[0]}[/]"));
        foreach (string line in rows.Skip(1).Take(ListedRejections))
        {
            reporter.Say($"  {Markup.Escape(line)}");
        }
    }

    /// <summary>Columns with types and statistics.</summary>
    public void Profile(BatchResult result)
    {
        if (result.Profile is not { } profile)
        {
            return;
        }

        reporter.Console.Write(ListingOf(profile, result.Evidence));
        if (profile.DuplicateRows is > 0 and var repeated)
        {
            reporter.Say(Count($"{repeated:N0} rows repeat an earlier one."));
        }

        if (profile.ClassBalance is { Count: > 0 } classes)
        {
            double labelled = Math.Max(1, classes.Sum(c => c.Count));
            string shares = string.Join(", ", classes.Take(5).Select(c => string.Create(CultureInfo.InvariantCulture, $"{Short(c.Value)} {c.Count / labelled * 100:0.##}%")));
            reporter.Say($"classes of {Markup.Escape(profile.Target!)}: {Markup.Escape(shares)}{(classes.Count > 5 ? ", ..." : "")}");
        }
    }

    /// <summary>How the file differs from another.</summary>
    public void Differences(IReadOnlyList<string>? differences, string? against)
    {
        if (differences is null)
        {
            return;
        }

        reporter.Say($"compared with {Markup.Escape(against!)}:{(differences.Count == 0 ? " no difference worth saying" : "")}");
        foreach (string line in differences)
        {
            reporter.Say($"  {Markup.Escape(line)}");
        }
    }

    private static Listing ListingOf(DatasetProfile profile, IReadOnlyDictionary<string, string> evidence)
    {
        var listing = new Listing(["Column", "Type", "Missing", "Distinct", "With target"], ["Values", "Type from"]);
        foreach (ColumnProfile column in profile.Columns)
        {
            listing.Add(
                Markup.Escape(column.Name),
                column.Type.ToString().ToLowerInvariant(),
                column.MissingShare() == 0 ? "" : Count($"{column.MissingShare() * 100:0.##}%"),
                column.Distinct.ToString("N0", CultureInfo.InvariantCulture),
                column.Name == profile.Target ? "target" : column.TargetAssociation?.ToString("0.00", CultureInfo.InvariantCulture) ?? "",
                Markup.Escape(Values(column)),
                evidence.TryGetValue(column.Name, out string? reason) && !Obvious.Contains(reason) ? Markup.Escape(reason) : "");
        }

        return listing;
    }

    /// <summary>The range and the middle of numbers and times, the most frequent of names.</summary>
    private static string Values(ColumnProfile column) => column is { Min: { } min, Max: { } max, Type: not ColumnType.Boolean }
        ? $"{Value(column, min)} to {Value(column, max)}, median {Value(column, column.Quantiles?[3])}{(column.Type == ColumnType.Timestamp ? "" : $", mean {Value(column, column.Mean)}")}"
        : string.Join(", ", (column.Top ?? []).Take(3).Select(t => Count($"{Short(t.Value)} {t.Count:N0}")));

    private static string Short(string value)
    {
        string line = value.ReplaceLineEndings(" ");
        return line.Length <= MaxValueLength ? line : string.Concat(line.AsSpan(0, MaxValueLength - 3), "...");
    }

    private static string Count(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Value(ColumnProfile column, double? value) => value is not { } number ? ""
        : column.Type == ColumnType.Timestamp ? TimestampColumn.Format((long)number)
        : number.ToString("0.####", CultureInfo.InvariantCulture);
}
