using System.Globalization;
using System.Text;
using System.Text.Json;
using ServerlessMlops.Core.Pipelines;

namespace ServerlessMlops.Core.Labelling;

/// <summary>
/// A file of rows to label: CSV that, with its last column filled in, is a file of labels (<see cref="Feedback.LabelFile"/>). What the file adds to the model's inputs has
/// names with a dot before them (<c>why.</c>, <c>in.</c>), so that no input can be taken for the label's id or time.
/// </summary>
public static class LabelRequestFile
{
    /// <summary>Name of a day's file, without extension.</summary>
    public static string NameOf(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>Writes the rows.</summary>
    /// <param name="picks">The rows.</param>
    /// <param name="spec">Names the target and the key.</param>
    /// <param name="segment">The drifted segment, or null.</param>
    public static string Write(IReadOnlyList<LabelPick> picks, PipelineSpec spec, DriftedSegment? segment)
    {
        ArgumentNullException.ThrowIfNull(picks);
        ArgumentNullException.ThrowIfNull(spec);
        string[] inputs = [.. picks.SelectMany(pick => pick.Row.Features.EnumerateObject().Select(f => f.Name)).Distinct(StringComparer.Ordinal)];
        var text = new StringBuilder();
        text.AppendJoin(',', ["inferenceId", .. KeyOf(spec), "why.reason", "why.measure", "why.weight", "row.at", "row.version", "row.decision", "row.score", .. inputs.Select(i => CsvField.Quote($"in.{i}")), CsvField.Quote(spec.Target)]);
        text.Append("\r\n");
        foreach (LabelPick pick in picks)
        {
            LoggedPrediction row = pick.Row;
            text.AppendJoin(',', [
                row.InferenceId,
                .. KeyOf(spec).Select(_ => CsvField.QuoteForeign(row.Key ?? "")),
                pick.Reason switch { LabelReason.Uncertain => "uncertain", LabelReason.CloseCall => "close call", LabelReason.DriftedSegment => "drifted segment", LabelReason.Review => "review", _ => "random" },
                CsvField.QuoteForeign(Measure(pick, segment)),
                pick.Weight.ToString("0.####", CultureInfo.InvariantCulture),
                row.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
                row.Version.ToString(CultureInfo.InvariantCulture),
                CsvField.QuoteForeign(row.Decision ?? ""),
                string.Join(' ', row.Outputs.Select(o => o.ToString("G6", CultureInfo.InvariantCulture))),
                .. inputs.Select(name => Value(row.Features, name)),
                "",
            ]);
            text.Append("\r\n");
        }

        return text.ToString();
    }

    /// <summary>What comes with the file: how to fill it in, and the pipeline's own guideline.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="spec">Its spec.</param>
    /// <param name="classes">The classes of the model; none for a regression.</param>
    /// <param name="name">Name of the file.</param>
    /// <param name="guideline">The pipeline's annotation guideline (Markdown), or null where it has none.</param>
    public static string Guide(string pipeline, PipelineSpec spec, IReadOnlyList<string> classes, string name, string? guideline)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(classes);
        string allowed = classes.Count == 0 ? "the true value, a number" : $"one of: {string.Join(", ", classes.Select(c => $"`{c}`"))}";
        return $"""
            # Rows to label: {pipeline}, {name}

            Fill in the last column, `{spec.Target}`, with {allowed}. Leave it empty where you cannot tell. Do not change `inferenceId`. Then drop the file under
            `labels/{pipeline}/` (for example `labels/{pipeline}/answers/{name}.csv`), or overwrite it where it stands. Rows may be answered in any order, in several files.

            `why.reason` says why a row was picked, `why.weight` how many of the day's rows it stands for: averages over labelled rows need that weight.

            ## Guideline

            {guideline ?? $"This pipeline has no annotation guideline yet. Write one (Markdown) to `pipelines/{pipeline}.labelling.md`: what each value of `{spec.Target}` means, examples, and what to do in doubt."}

            """;
    }

    private static IEnumerable<string> KeyOf(PipelineSpec spec) => spec.Key is { } key && key != spec.Target ? [CsvField.Quote(key)] : [];

    private static string Measure(LabelPick pick, DriftedSegment? segment) => pick switch
    {
        { Reason: LabelReason.Uncertain, Usefulness: { } u } => string.Create(CultureInfo.InvariantCulture, $"uncertainty {u.Entropy:0.###} of 1"),
        { Reason: LabelReason.CloseCall or LabelReason.Review, Usefulness: { } u } => string.Create(CultureInfo.InvariantCulture, $"margin {u.Margin:0.###}"),
        { Reason: LabelReason.DriftedSegment } => segment?.Description ?? "",
        _ => "",
    };

    private static string Value(JsonElement features, string name) => !features.TryGetProperty(name, out JsonElement value) ? "" : value.ValueKind switch
    {
        JsonValueKind.Null => "",
        JsonValueKind.String => CsvField.QuoteForeign(value.GetString()!),
        _ => CsvField.Quote(value.GetRawText()),
    };
}
