using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Inference;

namespace ServerlessMlops.Core.Datasets;

/// <summary>The columns to read of a file, and what speaks against them.</summary>
/// <param name="Schema">Columns in the order of the batch: those known from before first, then new ones.</param>
/// <param name="Inferred">Names of the columns whose type comes from this file alone and may be corrected after reading it.</param>
/// <param name="Findings">What differs from what was expected.</param>
public sealed record SchemaDecision(TableSchema Schema, IReadOnlySet<string> Inferred, IReadOnlyList<DataFinding> Findings);

/// <summary>
/// Decides how a file's columns are read: as the spec says, else as earlier uploads had them, else as they look. Columns may be added; a column
/// that goes missing or changes its type for good rejects the upload.
/// </summary>
public static class SchemaCheck
{
    /// <summary>Decides.</summary>
    /// <param name="file">The file's columns as inferred.</param>
    /// <param name="spec">The pipeline's spec.</param>
    /// <param name="expected">Schema of earlier uploads, or null for the first.</param>
    public static SchemaDecision Decide(IReadOnlyList<InferredColumn> file, PipelineSpec spec, TableSchema? expected)
    {
        var findings = new List<DataFinding>();
        var found = file.ToDictionary(c => c.Schema.Name, StringComparer.Ordinal);
        CheckMissing(found, spec, expected, findings);
        var known = (expected?.Columns ?? []).Where(c => found.ContainsKey(c.Name) && !IsIgnored(c.Name, spec)).Select(c => c.Name);
        var added = file.Select(c => c.Schema.Name).Where(n => expected?.Find(n) is null && !IsIgnored(n, spec));
        var columns = new List<ColumnSchema>();
        var inferred = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in known.Concat(added))
        {
            columns.Add(Choose(found[name], spec, expected?.Find(name), inferred, findings));
            if (expected is not null && expected.Find(name) is null)
            {
                findings.Add(new DataFinding(DataFindingCodes.NewColumn, FindingSeverity.Warning, name,
                    $"column '{name}' is new; it is read as {Word(columns[^1].Type)}, and earlier rows count as missing it."));
            }
        }

        if (spec.Time is { } time && columns.Find(c => c.Name == time) is { } column && column.Type is not (ColumnType.Timestamp or ColumnType.Integer or ColumnType.Number) && found[time].Values > 0)
        {
            findings.Add(new DataFinding(DataFindingCodes.OtherType, FindingSeverity.Error, time,
                $"the time column '{time}' is read as {Word(column.Type)}; expected times such as 2001-12-31T06:15:00, or numbers."));
        }

        return new SchemaDecision(new TableSchema(columns), inferred, findings);
    }

    private static bool IsIgnored(string name, PipelineSpec spec) => spec.Columns.TryGetValue(name, out var column) && column.Ignore;

    private static void CheckMissing(Dictionary<string, InferredColumn> found, PipelineSpec spec, TableSchema? expected, List<DataFinding> findings)
    {
        var needed = new List<(string Name, string Why)> { (spec.Target, "it is the target") };
        if (spec.Key is not null)
        {
            needed.Add((spec.Key, "it is the key"));
        }

        if (spec.Time is not null)
        {
            needed.Add((spec.Time, "it is the time column"));
        }

        needed.AddRange(spec.Columns.Where(c => !c.Value.Ignore).Select(c => (c.Key, "the spec describes it")));
        needed.AddRange(spec.Expect.SelectMany(e => new[] { e.Column, e.AtMostColumn }).OfType<string>().Select(c => (c, "an expectation is about it")));
        needed.AddRange((expected?.Columns ?? []).Where(c => !IsIgnored(c.Name, spec)).Select(c => (c.Name, "earlier uploads have it")));
        var missing = needed.DistinctBy(n => n.Name).Where(n => !found.ContainsKey(n.Name)).ToList();
        if (missing.Count > 1 && found.Count == 1 && found.Keys.Single() is var header && missing.All(m => header.Contains(m.Name, StringComparison.OrdinalIgnoreCase)))
        {
            findings.Add(new DataFinding(DataFindingCodes.MissingColumn, FindingSeverity.Error, null,
                $"the file has one column, '{header}', whose name holds those of the {missing.Count} that are needed: something else than a comma, semicolon, tab or | separates its columns. Save it with commas."));
            return;
        }

        if (missing.Count > 1 && !needed.Exists(n => found.ContainsKey(n.Name)))
        {
            findings.Add(new DataFinding(DataFindingCodes.MissingColumn, FindingSeverity.Error, null,
                $"none of the columns that are needed ({Names(missing.Select(m => m.Name))}) is in the file, which has {Names(found.Keys)}. Is it another pipeline's file, or one without a header?"));
            return;
        }

        foreach (var (name, why) in missing)
        {
            string hint = Spelling.DidYouMean(name, found.Keys);
            findings.Add(new DataFinding(DataFindingCodes.MissingColumn, FindingSeverity.Error, name,
                $"column '{name}' is missing ({why}); the file has {Names(found.Keys)}.{hint} {Remedy(name, spec)}"));
        }
    }

    private static string Remedy(string name, PipelineSpec spec) =>
        name == spec.Target || name == spec.Key || name == spec.Time ? "Add the column, or name another in the spec."
        : spec.Expect.Any(e => e.Column == name || e.AtMostColumn == name) ? "Add the column, or take the expectation out of the spec."
        : $"Add the column, or say 'columns: {{ {name}: ignore }}' if it is gone for good.";

    private static ColumnSchema Choose(InferredColumn file, PipelineSpec spec, ColumnSchema? before, HashSet<string> inferred, List<DataFinding> findings)
    {
        string name = file.Schema.Name;
        var seen = file.Schema;
        if (spec.Columns.TryGetValue(name, out var said) && said.Type is { } type)
        {
            return type == seen.Type ? seen : new ColumnSchema(name, type) { DecimalComma = seen.DecimalComma, TimestampForm = seen.TimestampForm };
        }

        if (before is null)
        {
            inferred.Add(name);
            return name == spec.Key && seen.Type is ColumnType.Category or ColumnType.Text ? seen with { Type = ColumnType.Identifier }
                : name == spec.Target && seen.Type is ColumnType.Identifier or ColumnType.Text ? seen with { Type = ColumnType.Category }
                : seen;
        }

        if (before.Type == ColumnType.Integer && seen.Type == ColumnType.Number)
        {
            findings.Add(new DataFinding(DataFindingCodes.Widened, FindingSeverity.Warning, name,
                $"column '{name}' held whole numbers before and now has decimals; it is read as numbers from here on."));
            return seen;
        }

        if (file.Values > 0 && !Reads(before.Type, seen.Type))
        {
            bool text = seen.Type is ColumnType.Category or ColumnType.Text or ColumnType.Identifier;
            string code = before.Type switch
            {
                ColumnType.Integer when text => DataFindingCodes.NotInteger,
                ColumnType.Number when text => DataFindingCodes.NotNumber,
                ColumnType.Boolean when text => DataFindingCodes.NotBoolean,
                ColumnType.Boolean when seen.Type == ColumnType.Number => DataFindingCodes.BooleanNumber,
                _ => DataFindingCodes.OtherType,
            };
            findings.Add(new DataFinding(code, FindingSeverity.Error, name,
                $"column '{name}' was {Word(before.Type)} in earlier uploads and now looks like {Word(seen.Type)} ({file.Reason}). Correct the file, or say the type in the spec: 'columns: {{ {name}: category }}'."));
        }

        // What can be read either way is read as before.
        bool told = seen.Type == ColumnType.Timestamp && !(file.EitherForm && before is { Type: ColumnType.Timestamp, TimestampForm: not TimestampForm.Iso });
        return before with { DecimalComma = seen.DecimalComma, TimestampForm = told ? seen.TimestampForm : before.TimestampForm };
    }

    /// <summary>Whether values that look like <paramref name="seen"/> can be read as <paramref name="wanted"/>. Names and text take anything.</summary>
    private static bool Reads(ColumnType wanted, ColumnType seen) => wanted == seen || wanted switch
    {
        ColumnType.Number => seen is ColumnType.Integer,
        ColumnType.Boolean => seen is ColumnType.Integer,
        ColumnType.Category or ColumnType.Text or ColumnType.Identifier => true,
        _ => false,
    };

    private static string Names(IEnumerable<string> names)
    {
        var all = names.ToList();
        return string.Join(", ", all.Take(20)) + (all.Count > 20 ? $" and {all.Count - 20} more" : "");
    }

    private static string Word(ColumnType type) => type switch
    {
        ColumnType.Integer => "whole numbers",
        ColumnType.Number => "numbers",
        ColumnType.Boolean => "true or false",
        ColumnType.Timestamp => "times",
        ColumnType.Category => "a category",
        ColumnType.Identifier => "an identifier",
        _ => "text",
    };
}
