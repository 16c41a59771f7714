using ServerlessMlops.Cli.Output;
using ServerlessMlops.Cli.Storage;

namespace ServerlessMlops.Cli.Local;

/// <summary>What <c>mlops up</c> runs: one state folder, a storage account (the emulator, unless one is named) and the function app on it.</summary>
internal sealed class LocalStack : IAsyncDisposable
{
    private readonly LocalFolders _folders;
    private readonly InstanceLock _lock;
    private readonly TimeProvider _time;
    private AzuriteProcess? _azurite;
    private FunctionApp? _app;

    private LocalStack(LocalFolders folders, InstanceLock @lock, TimeProvider time)
    {
        _folders = folders;
        _lock = @lock;
        _time = time;
    }

    /// <summary>Base address of the app.</summary>
    public Uri Url => _app!.Url;

    /// <summary>Connection string of the storage account.</summary>
    public string Connection { get; private set; } = "";

    /// <summary>Log file of the app.</summary>
    public string AppLog => _app!.Log;

    /// <summary>Starts it all. What was started is ended again when a later step fails.</summary>
    public static async Task<LocalStack> StartAsync(
        LocalFolders folders, LocalStackOptions options, Reporter reporter, TimeProvider time, CancellationToken cancellation)
    {
        var stack = new LocalStack(folders, InstanceLock.Take(folders), time);
        try
        {
            await stack.EndLeftoversAsync(reporter, cancellation);
            if (options.Port != 0 && !PortProbe.IsFree(options.Port))
            {
                throw CliException.Environment(
                    $"Port {options.Port} on 127.0.0.1, wanted for the function app, is taken by another program. End that program, or choose another port with --port (0 takes any free one).");
            }

            // The build and the first installation of the emulator take long and wait for different things, so they go on side by side.
            using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            Task build = options.Build ? FunctionApp.BuildAsync(folders, options.Configuration, time, giveUp.Token) : Task.CompletedTask;
            try
            {
                await stack.StartStorageAsync(options, reporter, cancellation);
            }
            catch
            {
                await giveUp.CancelAsync();
                await build.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw;
            }

            if (options.Build)
            {
                await reporter.StepAsync("Build the function app", async progress =>
                {
                    progress.Stage("dotnet build, a minute the first time");
                    await build;
                    return options.Configuration;
                });
            }

            await reporter.StepAsync("Start the function app", async _ =>
            {
                stack._app = await FunctionApp.StartAsync(
                    folders, options.Configuration, options.Port, stack.Connection, child => stack.Record(url: null, child), time, cancellation);
                stack.Record(stack.Url.AbsoluteUri, stack._app.Child);
                return stack.Url.AbsoluteUri;
            });
            return stack;
        }
        catch
        {
            await stack.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until it is told to end.</summary>
    /// <exception cref="CliException">The app or the emulator ended by itself.</exception>
    public async Task RunUntilCancelledAsync(CancellationToken cancellation)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = cancellation.Register(asked.SetResult);
        Task app = _app!.Child.Exit;
        Task storage = _azurite?.Child?.Exit ?? Task.Delay(Timeout.InfiniteTimeSpan, _time, cancellation);
        Task first = await Task.WhenAny(asked.Task, app, storage);
        if (cancellation.IsCancellationRequested)
        {
            return;
        }

        (string name, ChildProcess child, string log) = first == app
            ? ("function app", _app.Child, _app.Log)
            : ("storage emulator", _azurite!.Child!, Path.Combine(_folders.Logs, "azurite.log"));
        IReadOnlyList<string> lines = await child.SettledLinesAsync();
        throw CliException.Failed(
            $"The {name} ended by itself (exit code {await child.Exit}):\n  {Tool.Tail(lines, 12)}\nThe whole log: {log}");
    }

    /// <summary>Ends the app, which flushes to the storage, and then the storage, where it was started here.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        if (_azurite is not null)
        {
            await _azurite.DisposeAsync();
        }

        File.Delete(_folders.RunningFile);
        _lock.Dispose();
    }

    private async Task EndLeftoversAsync(Reporter reporter, CancellationToken cancellation)
    {
        if (RunningInstance.TryRead(_folders.RunningFile) is { } left)
        {
            foreach (string ended in await left.EndLeftoversAsync(_time, cancellation))
            {
                reporter.Say($"Ended a {ended} that a killed mlops had left behind.");
            }

            File.Delete(_folders.RunningFile);
        }
    }

    private async Task StartStorageAsync(LocalStackOptions options, Reporter reporter, CancellationToken cancellation)
    {
        if (options.Connection is not null)
        {
            Connection = options.Connection;
            await reporter.StepAsync("Reach the storage", async _ =>
            {
                UploadContainer uploads = UploadContainer.Connect(Connection);
                await uploads.CheckAsync(cancellation);
                return uploads.Account;
            });
            return;
        }

        StoragePorts ports = StoragePorts.From(options.StoragePort);
        Connection = ports.ConnectionString;
        if (options.StoragePort != 0 && await AzuriteProcess.IsRunningAsync(ports, _time, cancellation))
        {
            _azurite = AzuriteProcess.Found(ports);
            reporter.Say($"Using the storage emulator that runs on port {ports.Blob} already; its data is where it keeps it.");
            return;
        }

        string node = await NodeRuntime.FindAsync(_folders, _time, cancellation);
        if (!AzuriteInstallation.IsInstalled(_folders))
        {
            await reporter.StepAsync("Install the emulator", async progress =>
            {
                progress.Stage("npm ci, a minute the first time");
                await AzuriteInstallation.EnsureAsync(_folders, _time, cancellation);
                return "Azurite, from its lock file";
            });
        }

        await reporter.StepAsync("Start the storage emulator", async _ =>
        {
            _azurite = await AzuriteProcess.StartAsync(node, ports, _folders, _time, cancellation);
            Record(url: null, app: null);
            return $"ports {ports.Blob}, {ports.Queue}, {ports.Table}";
        });
    }

    private void Record(string? url, ChildProcess? app) => new RunningInstance(
        ProcessMark.OfThis(),
        url,
        _azurite?.Ports,
        app is null ? null : ProcessMark.Of(app),
        _azurite?.Child is { } child ? ProcessMark.Of(child) : null).Write(_folders.RunningFile);
}

/// <summary>How to run locally.</summary>
/// <param name="Port">Port of the app; 0 for any free one. Default 7071.</param>
/// <param name="StoragePort">First of the emulator's three ports; 0 for any free ones. Default 10000.</param>
/// <param name="Connection">A storage account instead of the emulator, or null.</param>
/// <param name="Build">Whether to build the app first. Default true.</param>
/// <param name="Configuration">Build configuration. Default Release.</param>
internal sealed record LocalStackOptions(int Port, int StoragePort, string? Connection, bool Build, string Configuration);
