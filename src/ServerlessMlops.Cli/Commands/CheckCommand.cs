using System.CommandLine;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Profiling;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops check FILE [--spec S] [--against OTHER] [--rejected OUT]</c>: what ingestion would make of a file, without any service.</summary>
internal static class CheckCommand
{
    public static Command Create(GlobalOptions options, CliContext context)
    {
        var file = new Argument<string>("file") { Description = "The file: CSV, TSV or JSON Lines, plain or in gzip or zip; or a pipeline's spec (.yaml)." };
        var spec = new Option<string?>("--spec") { Description = "The pipeline's spec. Without it the last column that has values counts as the target." };
        var against = new Option<string?>("--against") { Description = "An earlier file: columns are held to its types, and what differs is said in words." };
        var rejected = new Option<string?>("--rejected") { Description = "Write all rejected rows there, as rejected.csv would have them." };
        var command = new Command("check", "Read a local file as ingestion would: columns, types, statistics, rejected rows with reasons. Of a spec, all its faults.") { file, spec, against, rejected };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            string path = NamedFile.Existing(context, parsed.GetValue(file)!);
            if (Path.GetExtension(path) is ".yaml" or ".yml")
            {
                return SpecCheck.Run(path, reporter);
            }

            string? rejectedPath = parsed.GetValue(rejected) is { } destination ? NamedFile.Writable(context, destination, "--rejected") : null;
            PipelineSpec? named = parsed.GetValue(spec) is { } specPath ? ReadSpec(Path.Combine(context.WorkingDirectory, specPath)) : null;
            PipelineSpec pipeline = named ?? await GuessSpecAsync(path, cancellation);
            BatchResult? earlier = parsed.GetValue(against) is { } other ? await ReadEarlierAsync(NamedFile.Existing(context, other), pipeline, context, cancellation) : null;

            long started = context.Time.GetTimestamp();
            (BatchResult result, string[] rows) = await ReadAsync(path, pipeline, earlier, context.Time.GetUtcNow(), cancellation);
            double seconds = context.Time.GetElapsedTime(started).TotalSeconds;
            IReadOnlyList<string>? differences = earlier?.Profile is { } before && result.Profile is { } after ? ProfileDifference.Describe(before, after) : null;
            if (rejectedPath is not null)
            {
                await File.WriteAllLinesAsync(rejectedPath, rows, cancellation);
            }

            if (reporter.IsJson)
            {
                reporter.Facts(new { File = path, Seconds = seconds, Result = result with { Profile = WithoutState(result.Profile) }, Differences = differences });
            }
            else
            {
                var text = new CheckText(reporter);
                text.Verdict(path, result, seconds, named is null ? pipeline.Target : null);
                text.RejectedRows(rows, parsed.GetValue(rejected));
                text.Profile(result);
                text.Differences(differences, parsed.GetValue(against));
            }

            return result.Verdict == BatchVerdict.Accepted ? ExitCode.Success : ExitCode.Failed;
        });
        return command;
    }

    internal static PipelineSpec ReadSpec(string path)
    {
        NamedFile.Require(path);
        PipelineSpecResult parsed = PipelineSpecParser.Parse(File.ReadAllText(path));
        return parsed.Spec ?? throw CliException.Failed($"the spec '{path}' has faults:\n" + string.Join('\n', parsed.Findings.Select(f => $"  {f}")));
    }

    /// <summary>Without a spec the last column counts as the target, unless it is all but empty, as after a comma at the end of each line.</summary>
    private static async Task<PipelineSpec> GuessSpecAsync(string path, CancellationToken cancellation)
    {
        try
        {
            await using FileStream source = File.OpenRead(path);
            await using var reader = await TableReader.OpenAsync(source, new TableReaderOptions { Name = Path.GetFileName(path) }, cancellation);
            return new PipelineSpec { Target = (reader.Columns.LastOrDefault(c => c.Values > c.Missing) ?? reader.Columns[^1]).Schema.Name };
        }
        catch (UnreadableFileException)
        {
            // Reading says what is wrong, with everything else.
            return new PipelineSpec { Target = "target" };
        }
    }

    private static async Task<BatchResult> ReadEarlierAsync(string path, PipelineSpec spec, CliContext context, CancellationToken cancellation)
    {
        (BatchResult result, _) = await ReadAsync(path, spec, null, context.Time.GetUtcNow(), cancellation);
        return result is { Profile: not null, Schema: not null } ? result : throw CliException.Failed($"the file to compare with, '{path}', cannot be read: {result.Reason}");
    }

    private static async Task<(BatchResult Result, string[] Rejected)> ReadAsync(string path, PipelineSpec spec, BatchResult? earlier, DateTimeOffset now, CancellationToken cancellation)
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
                        Expected = earlier?.Schema,
                        Reference = earlier?.Profile,
                        Arrow = arrow,
                        Rejected = rejected,
                        AsOf = now,
                    },
                    cancellation);
            }

            return (result, await File.ReadAllLinesAsync(rejectedPath, cancellation));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static DatasetProfile? WithoutState(DatasetProfile? profile) =>
        profile is null ? null : profile with { RowSample = null, Columns = [.. profile.Columns.Select(c => c with { State = null })] };
}
