using System.Globalization;
using System.Text;
using System.Text.Json;
using ServerlessMlops.Core.Labelling;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Feedback;

/// <summary>A prediction whose label has come.</summary>
/// <param name="Row">As it was logged: the inputs that the model saw.</param>
/// <param name="Label">Its label: the class's name, or the value.</param>
public sealed record LabelledPrediction(LoggedPrediction Row, string Label)
{
    /// <summary>The text of a label as <see cref="OutcomeTally.Understand"/> gave it.</summary>
    public static string TextOf(double label, ModelCard card)
    {
        ArgumentNullException.ThrowIfNull(card);
        return card.Task == LearningTask.Regression ? label.ToString("R", CultureInfo.InvariantCulture) : card.Classes[(int)label];
    }
}

/// <summary>
/// Labelled predictions as an upload: <c>uploads/{pipeline}/labelled/{number}.csv</c>, with the columns that earlier uploads have. What the log does not keep (a text that no
/// model takes as input) is missing in it; the time of a row is when it was scored.
/// </summary>
public static class LabelledFile
{
    private const string Folder = "labelled";

    /// <summary>Path of a file below the container <c>uploads</c>.</summary>
    public static string PathOf(string pipeline, long number) => string.Create(CultureInfo.InvariantCulture, $"{pipeline}/{Folder}/{number:000000}.csv");

    /// <summary>Whether the path is one of such a file.</summary>
    public static bool IsPath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.Split('/') is [_, Folder, var name] && name.EndsWith(".csv", StringComparison.Ordinal) && name.Length >= 10 && name[..^4].All(char.IsAsciiDigit);
    }

    /// <summary>Why labelled predictions of a model cannot be learned from, or null.</summary>
    /// <param name="spec">The pipeline's spec.</param>
    /// <param name="card">The model that serves.</param>
    /// <param name="schema">Columns of the newest upload; null where there is none.</param>
    public static string? Obstacle(PipelineSpec spec, ModelCard card, TableSchema? schema)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(card);
        string[] kept = [.. card.Inputs.Select(input => input.Name).Where(name => spec.Scoring.Columns.GetValueOrDefault(name) is { Log: not LogForm.Full })];
        if (kept.Length > 0)
        {
            return $"the prediction log does not keep {Names(kept)} in full (scoring.columns: log), so labelled predictions are no rows to learn from. Upload rows with their outcome, or log in full.";
        }

        if (spec.Time is { } time && schema?.Columns.FirstOrDefault(column => column.Name == time) is { Type: not ColumnType.Timestamp } column)
        {
            return $"the time column '{time}' holds no times ({column.Type}), and of a prediction only the time is known when it was scored. Upload rows with their outcome.";
        }

        return null;
    }

    /// <summary>Writes the rows, those first that were scored first, so that of one key the newest counts.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="spec">Names target, key and time.</param>
    /// <param name="schema">Columns of the newest upload; null: those of the rows.</param>
    /// <param name="leftOut">How many were left out, because the log keeps one of their inputs as a hash or not at all.</param>
    public static byte[] Write(IEnumerable<LabelledPrediction> rows, PipelineSpec spec, TableSchema? schema, out int leftOut)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(spec);
        LabelledPrediction[] ordered = [.. rows.OrderBy(row => row.Row.At).ThenBy(row => row.Row.InferenceId, StringComparer.Ordinal)];
        LabelledPrediction[] whole = [.. ordered.Where(row => row.Row.Features.EnumerateObject().All(feature => feature.Value.ValueKind != JsonValueKind.Object))];
        string[] columns =
        [
            .. (schema?.Columns.Select(column => column.Name) ?? whole.SelectMany(row => row.Row.Features.EnumerateObject().Select(feature => feature.Name)))
                .Concat(new[] { spec.Key, spec.Time, spec.Target }.OfType<string>())
                .Distinct(StringComparer.Ordinal)
                .Where(name => spec.Columns.GetValueOrDefault(name) is not { Ignore: true }),
        ];
        leftOut = ordered.Length - whole.Length;
        var text = new StringBuilder();
        text.AppendJoin(',', columns.Select(CsvField.Quote)).Append("\r\n");
        foreach (LabelledPrediction row in whole)
        {
            text.AppendJoin(',', columns.Select(column => Value(row, column, spec))).Append("\r\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static string Value(LabelledPrediction row, string column, PipelineSpec spec)
    {
        if (column == spec.Target)
        {
            return CsvField.Quote(row.Label);
        }

        if (column == spec.Key)
        {
            return CsvField.Quote(row.Row.Key ?? "");
        }

        if (column == spec.Time)
        {
            return row.Row.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        }

        return !row.Row.Features.TryGetProperty(column, out JsonElement value) ? "" : value.ValueKind switch
        {
            JsonValueKind.Null => "",
            JsonValueKind.String => CsvField.Quote(value.GetString()!),
            _ => value.GetRawText(),
        };
    }

    private static string Names(IReadOnlyCollection<string> names) => $"{string.Join(", ", names.Take(5).Select(name => $"'{name}'"))}{(names.Count > 5 ? $" and {names.Count - 5} more" : "")}";
}
