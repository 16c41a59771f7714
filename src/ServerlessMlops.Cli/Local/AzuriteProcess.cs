using System.Globalization;

namespace ServerlessMlops.Cli.Local;

/// <summary>The storage emulator: found running, or started here and then ended here.</summary>
internal sealed class AzuriteProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    // It writes what it acknowledged to disk about every five seconds, and the rest on SIGTERM.
    private static readonly TimeSpan FlushPatience = TimeSpan.FromSeconds(20);

    private AzuriteProcess(StoragePorts ports, ChildProcess? child)
    {
        Ports = ports;
        Child = child;
    }

    /// <summary>Where it listens.</summary>
    public StoragePorts Ports { get; }

    /// <summary>The process, or null where it ran already and is left running.</summary>
    public ChildProcess? Child { get; }

    /// <summary>Whether an emulator serves all three ports already.</summary>
    /// <exception cref="CliException">Somebody else listens on one of them, or only some are served.</exception>
    public static async Task<bool> IsRunningAsync(StoragePorts ports, TimeProvider time, CancellationToken cancellation)
    {
        var states = new List<(string Service, int Port, PortState State)>();
        foreach ((string service, int port) in ports.Services)
        {
            (PortState state, string? name) = await PortProbe.AskStorageAsync(port, service, time, cancellation);
            if (state == PortState.Foreign)
            {
                throw CliException.Environment(
                    $"Port {port} on 127.0.0.1, wanted for the emulator's {service} service, is taken by {(name is null ? "another program" : $"'{name}'")}. " +
                    "End that program, or choose other ports with --storage-port (0 takes any free ones).");
            }

            states.Add((service, port, state));
        }

        if (states.Select(s => s.State).Distinct().Count() > 1)
        {
            string answering = string.Join(", ", states.Where(s => s.State == PortState.Azurite).Select(s => $"{s.Service} on {s.Port}"));
            throw CliException.Environment(
                $"An emulator serves only a part of what is needed ({answering}); blobs, queues and tables are. End it so that a whole one can be started, " +
                "or choose other ports with --storage-port.");
        }

        return states[0].State == PortState.Azurite;
    }

    /// <summary>One that runs already and stays when we go.</summary>
    public static AzuriteProcess Found(StoragePorts ports) => new(ports, null);

    /// <summary>Starts one and waits until it answers.</summary>
    /// <exception cref="CliException">It ended, or did not answer in time.</exception>
    public static async Task<AzuriteProcess> StartAsync(
        string node, StoragePorts ports, LocalFolders folders, TimeProvider time, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folders.AzuriteData);
        string log = Path.Combine(folders.Logs, "azurite.log");
        ChildProcess child = ChildProcess.Start(
            [
                node, "--require", AzuriteInstallation.ExitWithParent(folders), AzuriteInstallation.EntryPoint(folders), "--location", folders.AzuriteData, "--silent", "--skipApiVersionCheck", "--disableTelemetry",
                "--blobHost", "127.0.0.1", "--blobPort", Text(ports.Blob),
                "--queueHost", "127.0.0.1", "--queuePort", Text(ports.Queue),
                "--tableHost", "127.0.0.1", "--tablePort", Text(ports.Table),
            ],
            folders.Root,
            new Dictionary<string, string>(),
            log,
            FlushPatience,
            time,
            keepInputOpen: true);
        try
        {
            await WaitUntilServingAsync(child, ports, log, time, cancellation);
            return new AzuriteProcess(ports, child);
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Child?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static async Task WaitUntilServingAsync(ChildProcess child, StoragePorts ports, string log, TimeProvider time, CancellationToken cancellation)
    {
        long started = time.GetTimestamp();
        foreach ((string service, int port) in ports.Services)
        {
            while ((await PortProbe.AskStorageAsync(port, service, time, cancellation)).State != PortState.Azurite)
            {
                if (child.Exit.IsCompleted)
                {
                    IReadOnlyList<string> lines = await child.SettledLinesAsync();
                    throw CliException.Environment(
                        $"The storage emulator ended while it started (exit code {await child.Exit}):\n  {Tool.Tail(lines, 8)}\nThe whole log: {log}");
                }

                if (time.GetElapsedTime(started) > StartLimit)
                {
                    throw CliException.Environment(
                        $"The storage emulator did not serve {service} on port {port} within {StartLimit.TotalSeconds:0} seconds. Its log: {log}");
                }

                await Task.Delay(PollInterval, time, cancellation);
            }
        }
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
