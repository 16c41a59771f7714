using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace ServerlessMlops.Offline.Benchmarks;

/// <summary>Requests per second, CPU and bytes per request of the local runtime against a bare minimal API: both servers run, wrk turns from one to the other.</summary>
internal static partial class HttpRatio
{
    private const int Connections = 16;

    public static async Task<int> RunAsync(int seconds, int rounds)
    {
        string script = Path.Combine(Directory.CreateTempSubdirectory("wrk").FullName, "post.lua");
        await File.WriteAllTextAsync(
            script,
            "wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.body = '{\"dataframe_split\":{\"columns\":[\"a\"],\"data\":[[" + string.Join(',', Enumerable.Repeat("0.1234567", 20)) + "]]}}'\n");
        using var plain = await Server.StartAsync("plain");
        using var function = await Server.StartAsync("function");
        await plain.MeasureAsync(script, seconds);
        await function.MeasureAsync(script, seconds);
        List<(Result Plain, Result Function)> results = [];
        for (int i = 0; i < rounds; i++)
        {
            // Turn about, so that what else the machine does falls on both.
            Result first = i % 2 == 0 ? await plain.MeasureAsync(script, seconds) : await function.MeasureAsync(script, seconds);
            Result second = i % 2 == 0 ? await function.MeasureAsync(script, seconds) : await plain.MeasureAsync(script, seconds);
            results.Add(i % 2 == 0 ? (first, second) : (second, first));
        }

        Print("minimal API", results.Select(r => r.Plain));
        Print("local runtime", results.Select(r => r.Function));
        double[] ratios = [.. results.Select(r => r.Function.PerSecond / r.Plain.PerSecond).Order()];
        double[] cpu = [.. results.Select(r => r.Plain.CpuMicroseconds / r.Function.CpuMicroseconds).Order()];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ratio of requests/s: {ratios[ratios.Length / 2]:F3} (median of {rounds}; {ratios[0]:F3} to {ratios[^1]:F3}); of CPU per request: {cpu[cpu.Length / 2]:F3}"));
        Directory.Delete(Path.GetDirectoryName(script)!, recursive: true);
        return 0;
    }

    private static void Print(string name, IEnumerable<Result> results)
    {
        Result[] all = [.. results];
        double Median(Func<Result, double> of) => all.Select(of).Order().ElementAt(all.Length / 2);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{name,-14} {Median(r => r.PerSecond),9:F0} requests/s {Median(r => r.CpuMicroseconds),6:F1} us CPU {Median(r => r.Bytes),6:F0} bytes a request"));
    }

    private sealed record Result(double PerSecond, double CpuMicroseconds, double Bytes);

    private sealed partial class Server(Process process, string url) : IDisposable
    {
        private readonly HttpClient _client = new() { BaseAddress = new Uri(url) };

        public static async Task<Server> StartAsync(string kind)
        {
            string self = typeof(HttpRatio).Assembly.Location;
            Process process = Process.Start(new ProcessStartInfo("dotnet", ["exec", self, "serve", kind]) { RedirectStandardOutput = true })!;
            while (await process.StandardOutput.ReadLineAsync() is { } line)
            {
                if (Listening().Match(line) is { Success: true } match)
                {
                    _ = process.StandardOutput.ReadToEndAsync();
                    return new Server(process, match.Groups[1].Value);
                }
            }

            throw new InvalidOperationException($"The server '{kind}' ended before it listened.");
        }

        public async Task<Result> MeasureAsync(string script, int seconds)
        {
            long bytes = await AllocatedAsync();
            TimeSpan cpu = Cpu();
            using Process wrk = Process.Start(new ProcessStartInfo("wrk", ["-t1", $"-c{Connections}", $"-d{seconds}s", "-s", script, $"{url}/models/birds/invocations"]) { RedirectStandardOutput = true })
                ?? throw new InvalidOperationException("wrk cannot be started; install it (Debian: apt-get install wrk).");
            string output = await wrk.StandardOutput.ReadToEndAsync();
            await wrk.WaitForExitAsync();
            if (Failures().IsMatch(output))
            {
                throw new InvalidOperationException(output);
            }

            double requests = double.Parse(Requests().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
            return new Result(
                double.Parse(PerSecond().Match(output).Groups[1].Value, CultureInfo.InvariantCulture), (Cpu() - cpu).TotalMicroseconds / requests, (await AllocatedAsync() - bytes) / requests);
        }

        public void Dispose()
        {
            _client.Dispose();
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }

        private async Task<long> AllocatedAsync() => long.Parse(await _client.GetStringAsync("allocated"), CultureInfo.InvariantCulture);

        private TimeSpan Cpu()
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    [GeneratedRegex(@"Now listening on: (http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening();

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex Requests();

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex PerSecond();

    [GeneratedRegex(@"Non-2xx or 3xx|Socket errors")]
    private static partial Regex Failures();
}
