using System.CommandLine;
using System.Globalization;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Profiling;
using Spectre.Console;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops check FILE [--spec S]</c>: what ingestion would make of a file, without any service.</summary>
internal static class CheckCommand
{
    private const int ListedRejections = 10;

    public static Command Create(GlobalOptions options, CliContext context)
    {
        var file = new Argument<string>("file") { Description = "The file: CSV, TSV or JSON Lines, plain or in gzip or zip." };
        var spec = new Option<string?>("--spec") { Description = "The pipeline's spec. Without it the file's last column counts as the target." };
        var command = new Command("check", "Read a local file as ingestion would: columns, types, statistics, rejected rows with reasons.") { file, spec };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            string path = Path.Combine(context.WorkingDirectory, parsed.GetValue(file)!);
            if (!File.Exists(path))
            {
                throw CliException.Usage($"there is no file '{path}'.");
            }

            PipelineSpec pipeline = parsed.GetValue(spec) is { } named
                ? ReadSpec(Path.Combine(context.WorkingDirectory, named))
                : await GuessSpecAsync(path, cancellation);
            long started = context.Time.GetTimestamp();
            (BatchResult result, string[] rejected) = await ReadAsync(path, pipeline, context.Time.GetUtcNow(), cancellation);
            double seconds = context.Time.GetElapsedTime(started).TotalSeconds;
            if (reporter.IsJson)
            {
                reporter.Facts(new { File = path, Seconds = seconds, Result = result with { Profile = WithoutState(result.Profile) } });
            }
            else
            {
                Show(reporter, path, result, rejected, seconds);
            }

            return result.Verdict == BatchVerdict.Accepted ? ExitCode.Success : ExitCode.Failed;
        });
        return command;
    }

    internal static PipelineSpec ReadSpec(string path)
    {
        if (!File.Exists(path))
        {
            throw CliException.Usage($"there is no spec '{path}'.");
        }

        PipelineSpecResult parsed = PipelineSpecParser.Parse(File.ReadAllText(path));
        return parsed.Spec ?? throw CliException.Failed($"the spec '{path}' has faults:\n" + string.Join('\n', parsed.Findings.Select(f => $"  {f}")));
    }

    private static async Task<PipelineSpec> GuessSpecAsync(string path, CancellationToken cancellation)
    {
        try
        {
            await using FileStream source = File.OpenRead(path);
            await using var reader = await Data.Reading.TableReader.OpenAsync(source, new Data.Reading.TableReaderOptions { Name = Path.GetFileName(path) }, cancellation);
            return new PipelineSpec { Target = reader.Columns[^1].Schema.Name };
        }
        catch (Data.Reading.UnreadableFileException)
        {
            // Reading says what is wrong, with everything else.
            return new PipelineSpec { Target = "target" };
        }
    }

    private static async Task<(BatchResult Result, string[] Rejected)> ReadAsync(string path, PipelineSpec spec, DateTimeOffset now, CancellationToken cancellation)
    {
        string folder = Directory.CreateTempSubdirectory("mlops-check-").FullName;
        try
        {
            string rejectedPath = Path.Combine(folder, "rejected.csv");
            BatchResult result;
            await using (FileStream arrow = File.Create(Path.Combine(folder, "part.arrow")))
            await using (FileStream rejected = File.Create(rejectedPath))
            {
                result = await Ingest.RunAsync(
                    new IngestRequest
                    {
                        Open = _ => ValueTask.FromResult<Stream>(File.OpenRead(path)),
                        Name = Path.GetFileName(path),
                        Spec = spec,
                        Arrow = arrow,
                        Rejected = rejected,
                        AsOf = now,
                    },
                    cancellation);
            }

            return (result, [.. File.ReadLines(rejectedPath).Skip(1).Take(ListedRejections)]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static DatasetProfile? WithoutState(DatasetProfile? profile) =>
        profile is null ? null : profile with { RowSample = null, Columns = [.. profile.Columns.Select(c => c with { State = null })] };

    private static void Show(Reporter reporter, string path, BatchResult result, string[] rejected, double seconds)
    {
        string rate = seconds > 0 ? string.Create(CultureInfo.InvariantCulture, $", {result.Bytes / seconds / 1e6:0} MB/s") : "";
        reporter.Say($"{Markup.Escape(Path.GetFileName(path))}: {Markup.Escape(result.Format)}, {Format.Bytes(result.Bytes)}, {Format.Duration(TimeSpan.FromSeconds(seconds))}{rate}");
        reporter.Say(result.Verdict == BatchVerdict.Accepted
            ? $"[green]accepted[/]: {result.RowsKept:N0} rows kept, {result.RowsRejected:N0} rejected; batch {Format.Id(result.BatchId)}"
            : $"[red]rejected[/]: {result.RowsKept:N0} rows could be kept, {result.RowsRejected:N0} not");
        foreach (DataFinding finding in result.Findings)
        {
            string color = finding.Severity switch { FindingSeverity.Error => "red", FindingSeverity.Warning => "yellow", _ => "grey" };
            reporter.Say($"[{color}]{finding.Severity.ToString().ToLowerInvariant()}[/] {finding.Code}: {Markup.Escape(finding.Message)}");
        }

        if (rejected.Length > 0)
        {
            reporter.Say("[grey]rejected rows (line,column,rule,value,expected):[/]");
            foreach (string line in rejected)
            {
                reporter.Say($"  {Markup.Escape(line)}");
            }
        }

        if (result.Profile is { } profile)
        {
            reporter.Console.Write(TableOf(profile));
            if (profile.DuplicateRows is > 0 and var repeated)
            {
                reporter.Say(string.Create(CultureInfo.InvariantCulture, $"{repeated:N0} rows repeat an earlier one."));
            }

            if (profile.ClassBalance is { } classes)
            {
                double labelled = Math.Max(1, classes.Sum(c => c.Count));
                string shares = string.Join(", ", classes.Take(5).Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Value} {c.Count / labelled * 100:0.##}%")));
                reporter.Say($"classes of {Markup.Escape(profile.Target!)}: {Markup.Escape(shares)}{(classes.Count > 5 ? ", ..." : "")}");
            }
        }
    }

    private static Table TableOf(DatasetProfile profile)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (string column in (string[])["Column", "Type", "Missing", "Distinct", "Min", "Median", "Max", "Mean", "Most frequent", "With target"])
        {
            table.AddColumn(column);
        }

        foreach (ColumnProfile column in profile.Columns)
        {
            table.AddRow(
                Markup.Escape(column.Name),
                column.Type.ToString().ToLowerInvariant(),
                column.MissingShare() == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{column.MissingShare() * 100:0.##}%"),
                column.Distinct.ToString("N0", CultureInfo.InvariantCulture),
                Value(column, column.Min),
                Value(column, column.Quantiles?[3]),
                Value(column, column.Max),
                column.Type == ColumnType.Timestamp ? "" : Value(column, column.Mean),
                Markup.Escape(string.Join(", ", (column.Top ?? []).Take(3).Select(t => $"{t.Value} {t.Count:N0}"))),
                column.Name == profile.Target ? "target" : column.TargetAssociation?.ToString("0.00", CultureInfo.InvariantCulture) ?? "");
        }

        return table;
    }

    private static string Value(ColumnProfile column, double? value) => value is not { } number ? ""
        : column.Type == ColumnType.Timestamp ? TimestampColumn.Format((long)number)
        : number.ToString("0.####", CultureInfo.InvariantCulture);
}
