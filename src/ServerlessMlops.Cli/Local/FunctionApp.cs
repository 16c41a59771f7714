using System.Globalization;
using System.Text.Json;
using ServerlessMlops.Cli.ControlPlane;

namespace ServerlessMlops.Cli.Local;

/// <summary>The function app on this machine: built from the checkout, started, waited for, ended.</summary>
internal sealed class FunctionApp : IAsyncDisposable
{
    private const string ListeningPrefix = "Now listening on: ";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    // The app finishes the requests under way and flushes its logs before it ends.
    private static readonly TimeSpan DrainPatience = TimeSpan.FromSeconds(35);

    private FunctionApp(ChildProcess child, Uri url, string log)
    {
        Child = child;
        Url = url;
        Log = log;
    }

    /// <summary>The process.</summary>
    public ChildProcess Child { get; }

    /// <summary>Where it listens.</summary>
    public Uri Url { get; }

    /// <summary>Its log file.</summary>
    public string Log { get; }

    /// <summary>The program that a build makes.</summary>
    public static string BuiltProgram(LocalFolders folders, string configuration) =>
        Path.Combine(folders.FunctionsProject, "bin", configuration, "net10.0", "ServerlessMlops.Functions.dll");

    /// <summary>Builds it with the offline doubles.</summary>
    /// <exception cref="CliException">The build failed.</exception>
    public static async Task BuildAsync(LocalFolders folders, string configuration, TimeProvider time, CancellationToken cancellation)
    {
        string log = Path.Combine(folders.Logs, "build.log");

        // No build server may outlive the build: it would hold on to this program's pipes, and to memory that nobody uses any more.
        var outcome = await Tool.RunAsync(
            ["dotnet", "build", folders.FunctionsProject, "-c", configuration, "-v", "quiet", "-nologo", "-p:UseSharedCompilation=false", "-nodeReuse:false"],
            folders.Root,
            new Dictionary<string, string> { ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1", ["AzurePackages"] = "offline" },
            log,
            time,
            cancellation);
        if (outcome is null)
        {
            throw CliException.Environment("There is no 'dotnet' on the PATH. Install the .NET 10 SDK from https://dot.net.");
        }

        if (outcome is not { ExitCode: 0 } || !File.Exists(BuiltProgram(folders, configuration)))
        {
            throw CliException.Environment(
                $"The function app does not build (exit code {outcome.Value.ExitCode}):\n  {Tool.Tail(outcome.Value.LastLines, 12)}\nThe whole log: {log}");
        }
    }

    /// <summary>Starts it and waits until it answers its health check.</summary>
    /// <param name="folders">The checkout.</param>
    /// <param name="configuration">Which build to start.</param>
    /// <param name="port">Its port; 0 for any free one.</param>
    /// <param name="connection">Connection string of its storage account.</param>
    /// <param name="onStarted">Told of the process as soon as there is one.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="CliException">It ended, or did not answer in time.</exception>
    public static async Task<FunctionApp> StartAsync(
        LocalFolders folders, string configuration, int port, string connection, Action<ChildProcess> onStarted, TimeProvider time, CancellationToken cancellation)
    {
        string program = BuiltProgram(folders, configuration);
        if (!File.Exists(program))
        {
            throw CliException.Environment($"'{program}' is not there. Leave out --no-build, so that it gets built.");
        }

        string log = Path.Combine(folders.Logs, "app.log");
        var address = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        ChildProcess child = ChildProcess.Start(
            [Tool.Find("dotnet") ?? "dotnet", "exec", program, "--port", port.ToString(CultureInfo.InvariantCulture)],
            Path.GetDirectoryName(program)!,
            Settings(folders, connection),
            log,
            DrainPatience,
            time,
            line =>
            {
                if (ParseAddress(line) is { } found)
                {
                    address.TrySetResult(found);
                }
            });
        try
        {
            onStarted(child);
            long started = time.GetTimestamp();
            await WhileStartingAsync(child, () => Task.FromResult(address.Task.IsCompleted), "say where it listens", log, started, time, cancellation);
            Uri url = await address.Task;
            using var client = new ControlPlaneClient(url, key: null, actor: null, time);
            await WhileStartingAsync(child, () => client.IsHealthyAsync(cancellation), $"answer {url}health with 200", log, started, time, cancellation);
            return new FunctionApp(child, url, log);
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Child.DisposeAsync();

    /// <summary>The address in ASP.NET's own line, or null for another line.</summary>
    internal static Uri? ParseAddress(string line)
    {
        int at = line.IndexOf(ListeningPrefix, StringComparison.Ordinal);
        return at >= 0 && Uri.TryCreate(line[(at + ListeningPrefix.Length)..].Trim(), UriKind.Absolute, out Uri? url) ? url : null;
    }

    /// <summary>
    /// The app's settings: those of local.settings.json, or of the sample where there is none; a variable of the environment wins. The storage
    /// is always the one that was asked for.
    /// </summary>
    internal static Dictionary<string, string> Settings(LocalFolders folders, string connection)
    {
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        string own = Path.Combine(folders.Root, "local.settings.json");
        string file = File.Exists(own) ? own : Path.Combine(folders.Root, "local.settings.sample.json");
        if (File.Exists(file))
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(
                    File.ReadAllBytes(file), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
                if (document.RootElement.TryGetProperty("Values", out JsonElement values))
                {
                    foreach (JsonProperty value in values.EnumerateObject().Where(v => Environment.GetEnvironmentVariable(v.Name) is null))
                    {
                        settings[value.Name] = value.Value.ToString();
                    }
                }
            }
            catch (Exception problem) when (problem is JsonException or InvalidOperationException)
            {
                throw CliException.Environment($"'{file}' is not the JSON that was expected, an object with 'Values': {problem.Message}", problem);
            }
        }

        settings["AzureWebJobsStorage"] = connection;
        return settings;
    }

    private static async Task WhileStartingAsync(
        ChildProcess child, Func<Task<bool>> condition, string what, string log, long started, TimeProvider time, CancellationToken cancellation)
    {
        while (!await condition())
        {
            if (child.Exit.IsCompleted)
            {
                IReadOnlyList<string> lines = await child.SettledLinesAsync();
                throw CliException.Environment(
                    $"The function app ended while it started (exit code {await child.Exit}):\n  {Tool.Tail(lines, 12)}\nThe whole log: {log}");
            }

            if (time.GetElapsedTime(started) > StartLimit)
            {
                throw CliException.Environment($"The function app did not {what} within {StartLimit.TotalSeconds:0} seconds. Its log: {log}");
            }

            await Task.Delay(PollInterval, time, cancellation);
        }
    }
}
