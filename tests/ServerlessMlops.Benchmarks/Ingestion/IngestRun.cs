using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Reading;

namespace ServerlessMlops.Benchmarks.Ingestion;

/// <summary>Our side of the comparison, in a process of its own: reads the file once and prints seconds, rows and peak memory as JSON.</summary>
internal static class IngestRun
{
    public static async Task<int> RunAsync(string[] args)
    {
        string file = args[0];
        int threads = int.Parse(IngestBenchmark.Option(args, "--threads") ?? "2", CultureInfo.InvariantCulture);
        bool batch = IngestBenchmark.Option(args, "--batch") == "true";
        int times = int.Parse(IngestBenchmark.Option(args, "--times") ?? "1", CultureInfo.InvariantCulture);
        for (int i = 0; i < times; i++)
        {
            long start = Stopwatch.GetTimestamp();
            long rows = batch ? await BatchAsync(file, threads) : await ProfileAsync(file, threads);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            using var self = Process.GetCurrentProcess();
            Console.WriteLine(JsonSerializer.Serialize(new IngestBenchmark.Result(seconds, rows, self.PeakWorkingSet64 / 1048576.0), JsonSerializerOptions.Web));
        }

        return 0;
    }

    /// <summary>What SUMMARIZE does: types and a profile.</summary>
    private static async Task<long> ProfileAsync(string file, int threads)
    {
        await using FileStream source = File.OpenRead(file);
        await using TableReader reader = await TableReader.OpenAsync(source, new TableReaderOptions { Name = file, Parallelism = threads }, CancellationToken.None);
        var plan = new ReadPlan { Schema = new TableSchema([.. reader.Columns.Select(c => c.Schema)]), Profile = true };
        await foreach (RowGroup _ in reader.ReadAsync(plan, CancellationToken.None))
        {
        }

        return reader.Profile!.Build().Rows;
    }

    /// <summary>What the function does with an upload: also links with the target, content address and Arrow part.</summary>
    private static async Task<long> BatchAsync(string file, int threads)
    {
        await using FileStream arrow = Temporary(), rejected = Temporary();
        BatchResult result = await Ingest.RunAsync(
            new IngestRequest
            {
                Open = _ => ValueTask.FromResult<Stream>(File.OpenRead(file)),
                Name = Path.GetFileName(file),
                Spec = new PipelineSpec { Target = "delay" },
                Arrow = arrow,
                Rejected = rejected,
                Parallelism = threads,
            },
            CancellationToken.None);
        return result.Verdict == BatchVerdict.Accepted ? result.RowsKept : throw new InvalidOperationException($"The file was rejected: {result.Reason}");
    }

    private static FileStream Temporary() => new(Path.GetTempFileName(), FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
}
