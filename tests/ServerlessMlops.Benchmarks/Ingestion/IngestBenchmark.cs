using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ServerlessMlops.TestSupport.Npm;

namespace ServerlessMlops.Benchmarks.Ingestion;

/// <summary>
/// Reading and profiling a wide file of 482 MB, against DuckDB, pandas and Polars: each in a process of its own, taking turns, medians of the
/// rounds. Only ratios within one run count.
/// </summary>
internal static class IngestBenchmark
{
    private static readonly string[] Peers = ["tests", "ServerlessMlops.Benchmarks", "Ingestion", "peers"];

    public static async Task<int> RunAsync(string[] args)
    {
        int repeat = int.Parse(Option(args, "--repeat") ?? "3", CultureInfo.InvariantCulture);
        string[] only = Option(args, "--only")?.Split(',') ?? ["ours", "batch", "duckdb", "polars", "pandas"];
        string file = await PrepareAsync(Option(args, "--data"), 1);
        var contestants = Contestants(await NpmFolder.EnsureAsync(Peers), file).Where(c => only.Contains(c.Group)).ToList();
        var results = contestants.ToDictionary(c => c, _ => new List<Result>());
        for (int round = 0; round < repeat; round++)
        {
            foreach (Contestant contestant in contestants)
            {
                results[contestant].Add(Measure(contestant.Program, contestant.Arguments));
            }
        }

        double reference = contestants.Where(c => c is { Group: "duckdb", Threads: 2 }).Select(c => Median(results[c], r => r.Seconds)).FirstOrDefault(double.NaN);
        double megabytes = new FileInfo(file).Length / 1e6;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(file)}, {megabytes:F0} MB, in the page cache; medians of {repeat}"));
        Console.WriteLine("| What | threads | seconds | MB/s | throughput of DuckDB's two threads | peak RSS MiB |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (Contestant contestant in contestants)
        {
            double seconds = Median(results[contestant], r => r.Seconds);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {contestant.Name} | {contestant.Threads} | {seconds:F2} | {megabytes / seconds:F0} | {reference / seconds:F2} | {results[contestant].Max(r => r.PeakMiB):F0} |"));
        }

        return 0;
    }

    /// <summary>Our peak memory on a part of the file, on the file, and on it written several times over.</summary>
    public static async Task<int> RunMemoryAsync(string[] args)
    {
        Console.WriteLine("| File | rows | seconds, read + profile | peak RSS MiB | seconds, whole batch | peak RSS MiB |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (double times in (double[])[0.02, 1, 4.2])
        {
            string file = await PrepareAsync(Option(args, "--data"), times);
            Result profile = Measure(Self, [.. SelfArguments, "ingest", "run", file, "--threads", "2"]);
            Result batch = Measure(Self, [.. SelfArguments, "ingest", "run", file, "--threads", "2", "--batch", "true"]);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {new FileInfo(file).Length / 1e6:N0} MB | {profile.Rows:N0} | {profile.Seconds:F2} | {profile.PeakMiB:F0} | {batch.Seconds:F2} | {batch.PeakMiB:F0} |"));
        }

        return 0;
    }

    public static string? Option(string[] args, string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;

    /// <summary>The file, written once into the folder and kept there.</summary>
    /// <param name="folder">Where; null is a folder of the temporary one.</param>
    /// <param name="times">How often the three million rows are in it; below 1 a share of them.</param>
    public static async Task<string> PrepareAsync(string? folder, double times)
    {
        folder ??= Path.Combine(Path.GetTempPath(), "mlops-ingestion-benchmark");
        Directory.CreateDirectory(folder);
        string name = times == 1 ? "flights-wide.csv" : string.Create(CultureInfo.InvariantCulture, $"flights-wide-x{times}.csv");
        string file = Path.Combine(folder, name);
        if (!File.Exists(file))
        {
            string peers = await NpmFolder.EnsureAsync(Peers);
            Run("node", [Path.Combine(peers, "prepare.mjs"), file + ".part", times.ToString(CultureInfo.InvariantCulture)]);
            File.Move(file + ".part", file);
        }

        return file;
    }

    private static string Self => Environment.ProcessPath!;

    private static string[] SelfArguments => Path.GetFileNameWithoutExtension(Self) == "dotnet" ? [typeof(IngestBenchmark).Assembly.Location] : [];

    private static IEnumerable<Contestant> Contestants(string peers, string file)
    {
        foreach (int threads in (int[])[1, 2])
        {
            string n = threads.ToString(CultureInfo.InvariantCulture);
            yield return new("ours", "ours: read, infer, profile", threads, Self, [.. SelfArguments, "ingest", "run", file, "--threads", n]);
            yield return new("batch", "ours: the whole ingestion (also content address, Arrow part)", threads, Self, [.. SelfArguments, "ingest", "run", file, "--threads", n, "--batch", "true"]);
            yield return new("duckdb", "DuckDB SUMMARIZE", threads, "node", [Path.Combine(peers, "duckdb.mjs"), file, n]);
            yield return new("polars", "Polars read, describe, nUnique", threads, "node", [Path.Combine(peers, "polars.mjs"), file, n]);
        }

        yield return new("pandas", "pandas read_csv, describe, nunique", 1, "/usr/bin/python3", [Path.Combine(peers, "pandas_peer.py"), file]);
    }

    private static Result Measure(string program, string[] arguments) =>
        JsonSerializer.Deserialize<Result>(Run(program, arguments).Trim().Split('\n')[^1], JsonSerializerOptions.Web)!;

    private static string Run(string program, string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}' ended with exit code {process.ExitCode}; what it wrote is above.");
    }

    private static double Median(List<Result> results, Func<Result, double> of) => results.Select(of).Order().ElementAt(results.Count / 2);

    private sealed record Contestant(string Group, string Name, int Threads, string Program, string[] Arguments);

    internal sealed record Result(double Seconds, long Rows, double PeakMiB);
}
