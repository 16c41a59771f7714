using System.Globalization;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Cli.Scoring;

/// <summary>Rows that were scored.</summary>
/// <param name="Version">The version that was serving when the rows were made ready.</param>
/// <param name="KeyName">The key column, or null where the model has none.</param>
/// <param name="Keys">One per row: its key, or its row number in the file.</param>
/// <param name="Answer">What the app said.</param>
internal sealed record ScoredRows(int Version, string? KeyName, IReadOnlyList<string> Keys, InvocationAnswer Answer);

/// <summary>Makes rows of a CSV file into what the live model takes, by its signature, and has them scored.</summary>
internal static class RowScorer
{
    /// <param name="client">The app.</param>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="asked">The version or alias that shall answer; null for what serves.</param>
    /// <param name="file">A CSV file with a header.</param>
    /// <param name="skip">Rows to leave out at the beginning.</param>
    /// <param name="count">Rows to send at most.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <exception cref="CliException">The file cannot be read or lacks a column; nothing serves; the app refused.</exception>
    public static async Task<ScoredRows> ScoreAsync(
        ControlPlaneClient client, string pipeline, string? asked, string file, int skip, int count, CancellationToken cancellation)
    {
        CsvRows csv = CsvRows.Read(file, skip, count);
        int version = asked is not null
            ? int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : await client.GetAliasAsync(pipeline, asked, cancellation)
            : (await client.GetDeploymentAsync(pipeline, cancellation)).Live?.Version ?? throw CliException.Failed(
            $"Pipeline '{pipeline}' has no model that serves yet. 'mlops runs --pipeline {pipeline}' tells how its training stands.");
        ModelCard card = await client.GetModelAsync(pipeline, version, cancellation);
        ScoringRows rows = Prepare(csv, card, file);
        int key = card.Key is null ? -1 : csv.IndexOf(card.Key);
        string[] keys = [.. csv.Rows.Select((row, index) => key >= 0 ? row[key] : (skip + index + 1).ToString(CultureInfo.InvariantCulture))];
        return new ScoredRows(version, key >= 0 ? card.Key : null, keys, await client.InvokeAsync(pipeline, asked, rows, cancellation));
    }

    /// <summary>The columns of the signature, typed by it: numbers as numbers, categories as text, empty as null; and the key, where there is one.</summary>
    internal static ScoringRows Prepare(CsvRows csv, ModelCard card, string file)
    {
        string[] missing = [.. card.Inputs.Select(input => input.Name).Where(name => csv.IndexOf(name) < 0)];
        if (missing.Length > 0)
        {
            throw CliException.Usage(
                $"'{file}' lacks {(missing.Length == 1 ? "column" : "columns")} {string.Join(", ", missing.Select(m => $"'{m}'"))}, which the model takes; " +
                $"it has {string.Join(", ", csv.Header.Select(h => $"'{h}'"))}.");
        }

        var columns = new List<(string Name, int Index, bool Number)>();
        if (card.Key is { } key && csv.IndexOf(key) >= 0)
        {
            columns.Add((key, csv.IndexOf(key), false));
        }

        columns.AddRange(card.Inputs.Select(input => (input.Name, csv.IndexOf(input.Name), input.Kind == FeatureKind.Number)));
        return new ScoringRows(
            [.. columns.Select(column => column.Name)],
            [.. csv.Rows.Select(row => (IReadOnlyList<object?>)[.. columns.Select(column => Value(row[column.Index], column.Number))])]);
    }

    /// <summary>A text that is no number stays text, so that the app can say what is wrong with it.</summary>
    private static object? Value(string text, bool number) =>
        text.Length == 0 ? null
        : number && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value
        : text;
}
