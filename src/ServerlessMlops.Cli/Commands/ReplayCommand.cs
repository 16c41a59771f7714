using System.CommandLine;
using System.Globalization;
using ServerlessMlops.Cli.ControlPlane;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Cli.Scoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout.Replay;
using Spectre.Console;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops replay --version N --pipeline P</c>: logged requests scored again by a version, compared with what was answered. Touches no traffic.</summary>
internal static class ReplayCommand
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    public static Command Create(GlobalOptions options, CliContext context)
    {
        Option<string> pipeline = PipelineOption.Create();
        var version = new Option<int>("--version") { Description = "The version that scores again.", Required = true };
        var from = new Option<string>("--from") { Description = "Begin of the period: a time such as 2026-01-31T08:00:00Z, or how long ago, such as 6h or 2d.", DefaultValueFactory = _ => "24h" };
        var to = new Option<string?>("--to") { Description = "Its end, in the same form. Default: now. At most 7 days after its begin." };
        var labels = new Option<string?>("--labels") { Description = "A CSV file with the key and what came true, to compare accuracy and loss." };
        var command = new Command("replay", "Score logged requests again by any version, and compare.") { pipeline, version, from, to, labels };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            using ControlPlaneClient client = options.CreateClient(parsed, context);
            string name = parsed.GetValue(pipeline)!;
            int number = parsed.GetValue(version);
            DateTimeOffset now = context.Time.GetUtcNow();
            DateTimeOffset begin = TimeOf(parsed.GetValue(from)!, "--from", now);
            DateTimeOffset? end = parsed.GetValue(to) is { } text ? TimeOf(text, "--to", now) : null;
            string? labelled = parsed.GetValue(labels) is { } file ? NamedFile.Existing(context, file) : null;
            Dictionary<string, string>? known = labelled is not null ? Labels(labelled, await client.GetModelAsync(name, number, cancellation)) : null;
            ReplayStarted started = await client.StartReplayAsync(name, number, begin, end, known, cancellation);
            reporter.Say($"[grey]Run {Markup.Escape(started.RunId)}[/]");
            ReplayReport? report;
            while ((report = await client.GetReplayAsync(name, started.RunId, cancellation)) is null)
            {
                await Task.Delay(Interval, context.Time, cancellation);
            }

            if (reporter.IsJson)
            {
                reporter.Facts(report);
                return ExitCode.Success;
            }

            foreach (string sentence in report.Summary)
            {
                reporter.Say(Markup.Escape(sentence));
            }

            if (report.Sums.ByVersion.Count > 0)
            {
                reporter.Console.Write(TableOf(report));
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static Table TableOf(ReplayReport report)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (string column in (string[])["Answered by", "Rows", "Other decisions", "Mean difference"])
        {
            table.AddColumn(column);
        }

        foreach ((int version, ReplayedVersion rows) in report.Sums.ByVersion)
        {
            table.AddRow(
                $"version {version}", rows.Rows.ToString(CultureInfo.InvariantCulture), rows.Flipped.ToString(CultureInfo.InvariantCulture),
                (rows.Difference / rows.Rows).ToString("0.####", CultureInfo.InvariantCulture));
        }

        return table;
    }

    private static DateTimeOffset TimeOf(string text, string option, DateTimeOffset now) =>
        SpecDuration.TryParse(text, out TimeSpan ago) ? now - ago
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at) ? at
        : throw CliException.Usage($"{option} is '{text}'; expected a time such as 2026-01-31T08:00:00Z, or how long ago: {SpecDuration.Form}.");

    private static Dictionary<string, string> Labels(string file, ModelCard card)
    {
        string key = card.Key ?? throw CliException.Usage($"--labels needs a key to find rows by, and the spec of '{card.Pipeline}' names none ('key: <column>').");
        CsvRows rows = CsvRows.Read(file, 0, int.MaxValue);
        (int keyColumn, int label) = (rows.IndexOf(key), rows.IndexOf(card.Target));
        if (keyColumn < 0 || label < 0)
        {
            throw CliException.Usage($"'{file}' has the columns {string.Join(", ", rows.Header)}; expected the key '{key}' and what came true, '{card.Target}'.");
        }

        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (IReadOnlyList<string> row in rows.Rows)
        {
            labels[row[keyColumn]] = row[label];
        }

        return labels;
    }
}
