using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using ServerlessMlops.Cli.Output;
using ServerlessMlops.Cli.Training;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Learners;
using ServerlessMlops.Learners.Calibration;
using ServerlessMlops.Learners.Metrics;
using ServerlessMlops.Learners.Onnx;
using Spectre.Console;
using TrainingData = ServerlessMlops.Core.Training.TrainingData;

namespace ServerlessMlops.Cli.Commands;

/// <summary><c>mlops try FILE --target T</c>: what training would make of a file, without any service.</summary>
internal static class TryCommand
{
    private const int MaxThreads = 256;
    private const int MostInfluences = 8;

    public static Command Create(GlobalOptions options, CliContext context)
    {
        var file = new Argument<string>("file") { Description = "The file: CSV, TSV or JSON Lines, plain or in gzip or zip." };
        var target = new Option<string?>("--target") { Description = "The column to predict. Needed without --spec, and stronger than what that says." };
        var spec = new Option<string?>("--spec") { Description = "The pipeline's spec: columns, expectations, candidates, search, metric." };
        var test = new Option<string?>("--test") { Description = "A second file to judge on. Without it a fifth of the rows is held out, as the service does." };
        var threads = new Option<int>("--threads") { Description = "Threads to train on; they change the time, never the models.", DefaultValueFactory = _ => Environment.ProcessorCount };
        var modelOut = new Option<string?>("--model-out") { Description = "Where to write the winner, an ONNX file." };
        var command = new Command("try", "Train on a local file as the service would: candidates, metrics on held-out rows, seconds, memory.")
        {
            file, target, spec, test, threads, modelOut,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var reporter = new Reporter(context, parsed.GetValue(options.Json));
            string path = NamedFile.Existing(context, parsed.GetValue(file)!);
            string? testPath = parsed.GetValue(test) is { } second ? NamedFile.Existing(context, second) : null;
            if (parsed.GetValue(threads) is < 1 or > MaxThreads)
            {
                throw CliException.Usage($"--threads is {parsed.GetValue(threads)}; expected 1 to {MaxThreads}.");
            }

            PipelineSpec pipeline = SpecOf(context, parsed.GetValue(spec), parsed.GetValue(target));
            string? output = parsed.GetValue(modelOut) is { } to ? NamedFile.Writable(context, to, "--model-out") : null;

            string folder = Directory.CreateTempSubdirectory("mlops-try-").FullName;
            try
            {
                var training = new LocalTraining(pipeline, folder, parsed.GetValue(threads), context.Time);
                TryResult result = await RunAsync(training, pipeline, path, testPath, output, reporter, context.Time, cancellation);
                Show(reporter, result);
                return ExitCode.Success;
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        });
        return command;
    }

    private static PipelineSpec SpecOf(CliContext context, string? specPath, string? target)
    {
        if (specPath is null)
        {
            return new PipelineSpec { Target = target ?? throw CliException.Usage("what is to be predicted? Give --target COLUMN, or --spec FILE.") };
        }

        PipelineSpec spec = CheckCommand.ReadSpec(Path.Combine(context.WorkingDirectory, specPath));
        return target is null ? spec : spec with { Target = target };
    }

    private static async Task<TryResult> RunAsync(
        LocalTraining training, PipelineSpec spec, string path, string? testPath, string? output, Reporter reporter, TimeProvider time, CancellationToken cancellation)
    {
        var stages = new List<StageTime>();
        BatchResult batch = await Stage("ingest", async _ =>
        {
            BatchResult read = await training.IngestAsync(path, null, cancellation);
            return (read, $"{read.RowsKept:N0} rows kept, {read.RowsRejected:N0} rejected");
        });
        BatchResult? testBatch = testPath is null ? null : await Stage("ingest test file", async _ =>
        {
            BatchResult read = await training.IngestAsync(testPath, batch.Schema, cancellation);
            return (read, $"{read.RowsKept:N0} rows kept, {read.RowsRejected:N0} rejected");
        });
        TrainingData data = await Stage("prepare", async _ =>
        {
            ColumnTable rows = await training.ReadAsync(batch, cancellation);
            TrainingData ready = training.Prepare(rows, testBatch is null ? null : await training.ReadAsync(testBatch, cancellation));
            string classes = ready.Classes.Count > 0 ? $" of {ready.Classes.Count} classes" : "";
            return (ready, $"{ready.Task.ToString().ToLowerInvariant()}{classes}: {ready.Train.Labels.Length:N0} rows to learn from, {ready.Holdout.Labels.Length:N0} to judge on");
        });

        SearchRecord? search = null;
        if (SearchRecord.TrialsAskedFor(spec) > 0)
        {
            search = await Stage("search", async progress =>
            {
                SearchRecord record = await Task.Run(() => training.Search(data, progress.Stage, cancellation), cancellation);
                return (record, record.Describe());
            });
        }

        Metric metric = Candidates.MetricOf(spec, data.Task);
        var candidates = new List<TriedCandidate>();
        (TriedCandidate Candidate, TrainedModel Model)? winner = null;
        foreach (string name in (IEnumerable<string>)[.. spec.Train.Candidates, .. search?.Tuned() is null ? Array.Empty<string>() : [Candidates.Tuned]])
        {
            (TriedCandidate Candidate, TrainedModel Model) tried = await Stage($"train {name}", async _ =>
            {
                (TriedCandidate Candidate, TrainedModel Model) trained = await Task.Run(() => training.Train(name, search, data, cancellation), cancellation);
                return (trained, Describe(trained.Candidate, metric));
            });
            candidates.Add(tried.Candidate);
            winner = winner is { } best && !IsBetter(metric, tried.Candidate, best.Candidate) ? best : tried;
        }

        if (winner is not { } won)
        {
            throw CliException.Failed("the spec names no candidates (train.candidates).");
        }

        ModelInsight insight = await Stage("explain", async _ =>
        {
            ModelInsight told = await Task.Run(() => training.Explain(won.Model, data, metric), cancellation);
            return (told, told.Influences.Count > 0 ? $"{won.Candidate.Name} goes by {told.Influences[0].Input} the most" : "no input matters");
        });
        if (output is not null)
        {
            await Stage("write model", async _ =>
            {
                byte[] onnx = OnnxWriter.Write(won.Model);
                await File.WriteAllBytesAsync(output, onnx, cancellation);
                return (onnx.Length, Format.Bytes(onnx.Length));
            });
        }

        using var process = Process.GetCurrentProcess();
        return new TryResult(
            path, testPath, data.Task, spec.Target, data.Classes, data.Train.Features.Features.Count, batch.RowsKept, batch.RowsRejected, data.Train.Labels.Length, data.Holdout.Labels.Length,
            metric.Name, candidates, won.Candidate.Name, double.IsFinite(insight.Metric.Value) ? MetricEstimate.Of(insight.Metric) : null, won.Model.Threshold, insight.Interval, insight.Influences, search?.Describe(), stages, process.PeakWorkingSet64, output);

        async Task<T> Stage<T>(string name, Func<IStepProgress, Task<(T Result, string Summary)>> work)
        {
            long start = time.GetTimestamp();
            T result = await reporter.StepAsync(name, work);
            stages.Add(new StageTime(name, time.GetElapsedTime(start).TotalSeconds));
            return result;
        }
    }

    private static bool IsBetter(Metric metric, TriedCandidate challenger, TriedCandidate best)
    {
        double one = challenger.Metrics.GetValueOrDefault(metric.Name, double.NaN), other = best.Metrics.GetValueOrDefault(metric.Name, double.NaN);
        return double.IsNaN(other) ? !double.IsNaN(one) : metric.HigherIsBetter ? one > other : one < other;
    }

    private static string Describe(TriedCandidate candidate, Metric metric) =>
        $"{metric.Name} {(candidate.Metrics.TryGetValue(metric.Name, out double value) ? Format.Metric(value) : "undefined")}{(candidate.Iterations > 0 ? $", {candidate.Iterations} rounds" : "")}";

    private static void Show(Reporter reporter, TryResult result)
    {
        if (reporter.IsJson)
        {
            reporter.Facts(result);
            return;
        }

        string[] metrics = [.. result.Candidates.SelectMany(c => c.Metrics.Keys).Distinct().OrderByDescending(m => m == result.Metric)];
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn("Candidate");
        foreach (string metric in metrics)
        {
            table.AddColumn(metric == result.Metric ? $"[bold]{metric}[/]" : metric);
        }

        table.AddColumn("rounds");
        table.AddColumn("seconds");
        foreach (TriedCandidate candidate in result.Candidates)
        {
            table.AddRow(
            [
                candidate.Name == result.Winner ? $"[green]{candidate.Name}[/] *" : candidate.Name,
                .. metrics.Select(m => candidate.Metrics.TryGetValue(m, out double value) ? Format.Metric(value) : ""),
                candidate.Iterations > 0 ? candidate.Iterations.ToString(CultureInfo.InvariantCulture) : "",
                candidate.Seconds.ToString("0.00", CultureInfo.InvariantCulture),
            ]);
        }

        reporter.Console.Write(table);
        string interval = result.WinnerMetric is { Low: { } low, High: { } high } estimate ? $" ({Format.Metric(estimate.Value)}, 95% between {Format.Metric(low)} and {Format.Metric(high)})" : "";
        reporter.Say($"{Markup.Escape(result.Winner)} wins by {result.Metric} on {result.HoldoutRows:N0} rows that no candidate has seen{interval}.");
        if (result.Task == LearningTask.Binary && !result.Threshold.Equals(0.5))
        {
            reporter.Say($"It decides for '{Markup.Escape(result.Classes[1])}' from a probability of {Format.Metric(result.Threshold)} on, which costs least.");
        }

        if (result.Interval is { } around)
        {
            reporter.Say(string.Create(CultureInfo.InvariantCulture, $"{around.Coverage:0.#%} of the true values lie within {Format.Metric(around.HalfWidth)} of its answers."));
        }

        ShowInfluences(reporter, result);
        reporter.Say($"[grey]{string.Join(", ", result.Stages.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Stage} {s.Seconds:0.00} s")))}; peak memory {Format.Bytes(result.PeakMemoryBytes)}[/]");
        if (result.ModelFile is not null)
        {
            reporter.Say($"The winner is in {Markup.Escape(result.ModelFile)}.");
        }
    }

    private static void ShowInfluences(Reporter reporter, TryResult result)
    {
        InputInfluence[] shown = [.. result.Influences.Where(i => i.Loss > 0).Take(MostInfluences)];
        if (shown.Length > 0)
        {
            ShowInfluences(reporter, result, shown);
        }

        if (InputInfluence.Ignored(result.Influences) is { } ignored)
        {
            reporter.Say(Markup.Escape(ignored));
        }
    }

    private static void ShowInfluences(Reporter reporter, TryResult result, InputInfluence[] shown)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn("It goes by");
        table.AddColumn(Markup.Escape($"{result.Metric} lost when shuffled"));
        table.AddColumn("mean output");
        foreach (InputInfluence influence in shown)
        {
            string curve = influence.Curve.Count == 0
                ? ""
                : $"{Format.Metric(influence.Curve[0].Outputs[^1])} at {influence.Curve[0].At}, {Format.Metric(influence.Curve[^1].Outputs[^1])} at {influence.Curve[^1].At}";
            table.AddRow(Markup.Escape(influence.Input), Format.Metric(influence.Loss), Markup.Escape(curve));
        }

        reporter.Console.Write(table);
    }

    /// <summary>Everything that <c>mlops try --json</c> prints.</summary>
    private sealed record TryResult(
        string File, string? TestFile, LearningTask Task, string Target, IReadOnlyList<string> Classes, int Features, long RowsKept, long RowsRejected, int TrainRows, int HoldoutRows,
        string Metric, IReadOnlyList<TriedCandidate> Candidates, string Winner, MetricEstimate? WinnerMetric, double Threshold, ConformalInterval? Interval,
        IReadOnlyList<InputInfluence> Influences, string? Search, IReadOnlyList<StageTime> Stages, long PeakMemoryBytes, string? ModelFile);
}
