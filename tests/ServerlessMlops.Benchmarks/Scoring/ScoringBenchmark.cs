using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Benchmarks.Scoring;

/// <summary>
/// Scoring over HTTP against ASP.NET Core's own floor, by wrk: every server in a process of its own, taking turns, medians of the rounds and of their ratios.
/// Only ratios within one round count.
/// </summary>
internal static partial class ScoringBenchmark
{
    // Seconds; until the code is compiled as well as it will be.
    private const int Warmup = 6;

    public static async Task<int> RunAsync(string[] args)
    {
        int seconds = Numbers(args, "--seconds", [2])[0];
        int rounds = Numbers(args, "--rounds", [5])[0];
        string folder = Directory.CreateTempSubdirectory("mlops-scoring-").FullName;
        try
        {
            using var sink = new Server("sink", ["floor"]);
            string storage = $"DefaultEndpointsProtocol=http;AccountName={AzuriteProcess.AccountName};AccountKey={AzuriteProcess.AccountKey};BlobEndpoint={await sink.StartAsync()}/{AzuriteProcess.AccountName};";
            string model = Path.Combine(folder, "model.onnx");
            await File.WriteAllBytesAsync(model, ScoringModelFile.Train());
            string peer = Path.Combine(AppContext.BaseDirectory, "Scoring", "fastapi_peer.py");
            using var parse = new Server("parse only (source-generated JSON)", ["parse"]);
            using var score = new Server("score, log at its default rate", ["score", model, storage, "10000"]);
            using var all = new Server("score, every row logged", ["score", model, storage, "10000000"]);
            using var floor = new Server("floor (fixed answer)", ["floor"]);
            using var fastapi = new Server("FastAPI, hand-tuned (xgboost, one worker, no log)", [peer], "/usr/bin/python3");
            Server[] servers =
            [
                parse, score,
                .. args.Contains("--every-row") ? [all] : Array.Empty<Server>(),
                .. args.Contains("--floor") ? [floor] : Array.Empty<Server>(),
                .. args.Contains("--fastapi") ? [fastapi] : Array.Empty<Server>(),
            ];
            foreach (Server server in servers)
            {
                await server.StartAsync();
            }

            Console.WriteLine("| Server | rows | connections | requests/s | p50 ms | p99 ms | CPU us/request | requests/s of parse only (range) | p99 of parse only | non-2xx |");
            Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
            foreach (int rows in Numbers(args, "--rows", [1, 100]))
            {
                string script = Path.Combine(folder, $"post-{rows}.lua");
                await File.WriteAllTextAsync(script, $"wrk.method = \"POST\"\nwrk.headers[\"Content-Type\"] = \"application/json\"\nwrk.body = '{Body(rows)}'\n");
                foreach (Server server in servers)
                {
                    await server.MeasureAsync(script, 16, Warmup);
                }

                foreach (int connections in Numbers(args, "--connections", [16, 64]))
                {
                    Report(servers, rows, connections, await RoundsAsync(servers, script, connections, seconds, rounds));
                }

                long before = await score.AllocatedAsync();
                Result result = await score.MeasureAsync(script, 16, seconds);
                double bytes = (await score.AllocatedAsync() - before) / result.Requests;
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"\nAllocated per request of {rows} row(s) in the process of \"{score.Name}\", server, local runtime, logging and all: {bytes:F0} bytes.\n"));
            }

            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Turn about and from another one each round, so that what else the machine does falls on all.
    private static async Task<List<Result[]>> RoundsAsync(Server[] servers, string script, int connections, int seconds, int rounds)
    {
        var found = new List<Result[]>();
        for (int round = 0; round < rounds; round++)
        {
            var results = new Result[servers.Length];
            for (int i = 0; i < servers.Length; i++)
            {
                int turn = (round + i) % servers.Length;
                results[turn] = await servers[turn].MeasureAsync(script, connections, seconds);
            }

            found.Add(results);
        }

        return found;
    }

    // Ratios within a round, then their median: a slow stretch of the machine takes both sides with it.
    private static void Report(Server[] servers, int rows, int connections, List<Result[]> rounds)
    {
        for (int i = 0; i < servers.Length; i++)
        {
            double[] of = [.. rounds.Select(round => round[i].PerSecond / round[0].PerSecond).Order()];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {servers[i].Name} | {rows} | {connections} | {Median(rounds, r => r[i].PerSecond):N0} | {Median(rounds, r => r[i].P50):F2} | {Median(rounds, r => r[i].P99):F2} | {Median(rounds, r => r[i].CpuMicroseconds):F1} | {of[of.Length / 2]:F2} ({of[0]:F2} to {of[^1]:F2}) | {Median(rounds, r => r[i].P99 / r[0].P99):F2} | {rounds.Sum(r => r[i].Errors)} |"));
        }
    }

    /// <summary>A request of so many rows, numbers as single precision prints them.</summary>
    public static string Body(int rows)
    {
        var random = new Random(11);
        var body = new StringBuilder("{\"dataframe_split\":{\"columns\":[");
        body.AppendJoin(',', ScoringModelFile.Columns.Select(c => $"\"{c}\"")).Append("],\"data\":[");
        body.AppendJoin(',', Enumerable.Range(0, rows).Select(_ =>
            "[" + string.Join(',', ScoringModelFile.Columns.Select(_ => ScoringModelFile.Normal(random).ToString("R", CultureInfo.InvariantCulture))) + "]"));
        return body.Append("]}}").ToString();
    }

    private static int[] Numbers(string[] args, string name, int[] otherwise)
    {
        int at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? [.. args[at + 1].Split(',').Select(n => int.Parse(n, CultureInfo.InvariantCulture))] : otherwise;
    }

    private static double Median(List<Result[]> rounds, Func<Result[], double> of) => rounds.Select(of).Order().ElementAt(rounds.Count / 2);

    private sealed record Result(double Requests, double PerSecond, double P50, double P99, double CpuMicroseconds, long Errors);

    private sealed partial class Server(string name, string[] args, string? program = null) : IDisposable
    {
        private Process? _process;
        private string _url = "";

        public string Name { get; } = name;

        public async Task<string> StartAsync()
        {
            var start = new ProcessStartInfo(program ?? Environment.ProcessPath!) { RedirectStandardOutput = true };
            string self = typeof(ScoringBenchmark).Assembly.Location;
            string[] server = program is null ? [.. Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [self] : Array.Empty<string>(), "scoring", "serve", .. args] : args;
            foreach (string argument in server)
            {
                start.ArgumentList.Add(argument);
            }

            _process = Process.Start(start)!;
            while (await _process.StandardOutput.ReadLineAsync() is { } line)
            {
                if (Listening().Match(line) is { Success: true } match)
                {
                    _url = match.Groups[1].Value;
                    _ = _process.StandardOutput.ReadToEndAsync();
                    return _url;
                }
            }

            throw new InvalidOperationException($"Server '{Name}' ended before it listened.");
        }

        public async Task<long> AllocatedAsync()
        {
            using var client = new HttpClient();
            return long.Parse(await client.GetStringAsync(new Uri(_url + "/allocated")), CultureInfo.InvariantCulture);
        }

        public async Task<Result> MeasureAsync(string script, int connections, int seconds)
        {
            TimeSpan before = Cpu();
            var start = new ProcessStartInfo("wrk") { RedirectStandardOutput = true };
            foreach (string argument in (string[])["-t1", $"-c{connections}", $"-d{seconds}s", "--latency", "-s", script, $"{_url}/models/{ScoringModelFile.Pipeline}/invocations"])
            {
                start.ArgumentList.Add(argument);
            }

            using Process wrk = Process.Start(start) ?? throw new InvalidOperationException("wrk cannot be started; install it (Debian: apt-get install wrk).");
            string output = await wrk.StandardOutput.ReadToEndAsync();
            await wrk.WaitForExitAsync();
            double requests = double.Parse(Requests().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
            return new Result(
                requests,
                double.Parse(PerSecond().Match(output).Groups[1].Value, CultureInfo.InvariantCulture),
                Milliseconds(output, "50%"),
                Milliseconds(output, "99%"),
                (Cpu() - before).TotalMicroseconds / requests,
                Failures().Match(output) is { Success: true } failed ? long.Parse(failed.Groups[1].Value, CultureInfo.InvariantCulture) : 0);
        }

        public void Dispose()
        {
            if (_process is { HasExited: false })
            {
                _process.Kill();
                _process.WaitForExit();
            }

            _process?.Dispose();
        }

        private TimeSpan Cpu()
        {
            _process!.Refresh();
            return _process.TotalProcessorTime;
        }

        private static double Milliseconds(string output, string percentile)
        {
            Match match = Regex.Match(output, Regex.Escape(percentile) + @"\s+([\d.]+)(us|ms|s)");
            return double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * match.Groups[2].Value switch { "us" => 0.001, "ms" => 1, _ => 1000 };
        }

        [GeneratedRegex(@"Now listening on: (http://\S+)")]
        private static partial Regex Listening();

        [GeneratedRegex(@"(\d+) requests in")]
        private static partial Regex Requests();

        [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
        private static partial Regex PerSecond();

        [GeneratedRegex(@"Non-2xx or 3xx responses: (\d+)")]
        private static partial Regex Failures();
    }
}
