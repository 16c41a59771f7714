using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Azure.Storage.Blobs;
using ServerlessMlops.TestSupport;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Benchmarks.Ingestion;

/// <summary>
/// A blob of 1 GB through the function app on Azurite, in real processes: once undisturbed, once with the app killed in the middle and started
/// again. Prints seconds, the app's peak memory and whether both gave the same batch.
/// </summary>
internal static partial class IngestBlobBenchmark
{
    private const string Spec = "target: delay\nretrain: {onUpload: false}\n";

    public static async Task<int> RunAsync(string[] args)
    {
        double times = double.Parse(IngestBenchmark.Option(args, "--times") ?? "2.1", CultureInfo.InvariantCulture);
        string file = await IngestBenchmark.PrepareAsync(IngestBenchmark.Option(args, "--data"), times);
        await using AzuriteProcess azurite = await AzuriteProcess.StartAsync();
        DirectoryInfo scratch = Directory.CreateTempSubdirectory("mlops-ingest-blob-");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(file)}, {new FileInfo(file).Length / 1e6:N0} MB"));
        Console.WriteLine("| What | seconds from upload to batch | peak RSS of the app MiB | idle RSS MiB | batch |");
        Console.WriteLine("|---|---|---|---|---|");
        try
        {
            (double whole, string first) = await IngestAsync(azurite.ConnectionString, scratch.FullName, file, "undisturbed", null);
            (_, string second) = await IngestAsync(azurite.ConnectionString, scratch.FullName, file, "killed", TimeSpan.FromSeconds(whole * 0.4));
            Console.WriteLine(first == second ? "\nBoth gave the same batch." : "\nThe batches differ.");
            return first == second ? 0 : 1;
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static async Task<(double Seconds, string Batch)> IngestAsync(string connection, string scratch, string file, string pipeline, TimeSpan? killAfter)
    {
        var app = await App.StartAsync(connection, scratch);
        try
        {
            double idle = app.ResidentMiB("VmRSS");
            await app.PutSpecAsync(pipeline);
            var container = new BlobContainerClient(connection, "uploads");
            await container.CreateIfNotExistsAsync();
            await container.GetBlobClient($"{pipeline}/flights.csv").UploadAsync(file);
            long start = Stopwatch.GetTimestamp();
            double peak = 0;
            if (killAfter is { } moment)
            {
                await app.WaitAsync(pipeline, status => status is not null);
                await Task.Delay(moment, TimeProvider.System);
                await app.WaitAsync(pipeline, status => status == "running" ? true : throw new InvalidOperationException($"The ingestion was '{status}' when the app was to be killed; use a larger file."));
                peak = app.ResidentMiB("VmHWM");
                app.Dispose();
                app = await App.StartAsync(connection, scratch);
            }

            string batch = await app.WaitAsync(pipeline, status => status is not (null or "running"));
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            peak = Math.Max(peak, app.ResidentMiB("VmHWM"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {pipeline} | {seconds:F1} | {peak:F0} | {idle:F0} | {batch[..16]} |"));
            return (seconds, batch);
        }
        finally
        {
            app.Dispose();
        }
    }

    private sealed partial class App(Process process, HttpClient http) : IDisposable
    {
        public static async Task<App> StartAsync(string connection, string scratch)
        {
            string program = Path.Combine(RepositoryRoot.Find(), "src", "ServerlessMlops.Functions", "bin", "Release", "net10.0", "ServerlessMlops.Functions.dll");
            var start = new ProcessStartInfo("dotnet", ["exec", program, "--port", "0"]) { WorkingDirectory = Path.GetDirectoryName(program)!, RedirectStandardOutput = true };
            start.Environment["AzureWebJobsStorage"] = connection;
            start.Environment["TMPDIR"] = scratch;
            start.Environment["RETRAIN_SCHEDULE"] = start.Environment["MONITOR_SCHEDULE"] = "0 0 0 29 2 *";
            start.Environment["RECONCILE_SCHEDULE"] = "*/2 * * * * *";
            Process process = Process.Start(start)!;
            while (await process.StandardOutput.ReadLineAsync() is { } line)
            {
                if (ListeningLine().Match(line) is { Success: true } match)
                {
                    _ = process.StandardOutput.ReadToEndAsync();
                    return new App(process, new HttpClient { BaseAddress = new Uri(match.Groups[1].Value), Timeout = TimeSpan.FromMinutes(1) });
                }
            }

            throw new InvalidOperationException("The app ended before it listened.");
        }

        public async Task PutSpecAsync(string pipeline)
        {
            using var body = new StringContent(Spec, Encoding.UTF8, "text/yaml");
            using HttpResponseMessage answer = await http.PutAsync(new Uri($"api/pipelines/{pipeline}", UriKind.Relative), body);
            answer.EnsureSuccessStatusCode();
        }

        /// <summary>Waits until the status of the pipeline's ingestion is as wanted; gives its batch, or nothing while it has none.</summary>
        public async Task<string> WaitAsync(string pipeline, Func<string?, bool> wanted)
        {
            long start = Stopwatch.GetTimestamp();
            while (true)
            {
                using JsonDocument page = JsonDocument.Parse(await http.GetStringAsync(new Uri($"api/pipelines/{pipeline}/runs", UriKind.Relative)));
                JsonElement? run = page.RootElement.GetProperty("items").EnumerateArray().Cast<JsonElement?>().FirstOrDefault();
                string? status = run?.GetProperty("status").GetString();
                string? reason = run is { } r && r.TryGetProperty("reason", out JsonElement text) ? text.GetString() : null;
                if (wanted(status))
                {
                    return run!.Value.TryGetProperty("outputs", out JsonElement outputs) && outputs.GetArrayLength() > 0
                        ? outputs[0].GetProperty("id").GetString()!
                        : status is "running" or "waiting" ? "" : throw new InvalidOperationException($"The ingestion is '{status}': {reason}");
                }

                if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromMinutes(8))
                {
                    throw new TimeoutException($"The ingestion is '{status}' after 8 minutes.");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            }
        }

        /// <summary>A memory figure of <c>/proc</c> of the app's process.</summary>
        public double ResidentMiB(string figure) => double.Parse(
            File.ReadLines($"/proc/{process.Id}/status").First(l => l.StartsWith(figure, StringComparison.Ordinal)).Split(':')[1].Replace("kB", "", StringComparison.Ordinal).Trim(),
            CultureInfo.InvariantCulture) / 1024;

        public void Dispose()
        {
            if (!process.HasExited)
            {
                process.Kill();
                process.WaitForExit();
            }

            process.Dispose();
            http.Dispose();
        }

        [GeneratedRegex(@"Now listening on: (http://\S+)")]
        private static partial Regex ListeningLine();
    }
}
