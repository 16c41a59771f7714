using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace ServerlessMlops.Cli.Local;

/// <summary>
/// A program that this one started and will end: by its own id, politely first. Its output goes to a log file. On Linux it gets a session of
/// its own, so that Ctrl-C reaches only this program, which then ends what it started in the right order.
/// </summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private const string SetSid = "/usr/bin/setsid";
    private const int RememberedLines = 200;

    private readonly Process _process;
    private readonly TextWriter _log;
    private readonly Lock _gate = new();
    private readonly Queue<string> _lastLines = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _patience;

    private ChildProcess(Process process, TextWriter log, TimeSpan patience, TimeProvider time)
    {
        _process = process;
        _log = log;
        _patience = patience;
        _time = time;
    }

    /// <summary>Its process id.</summary>
    public int Id { get; private set; }

    /// <summary>When it started, as the system knows it; with <see cref="Id"/> it names the process for good, since ids are used again.</summary>
    public DateTimeOffset StartedAt { get; private set; }

    /// <summary>Ends when it ends, with its exit code.</summary>
    public Task<int> Exit { get; private set; } = null!;

    /// <summary>Each line it prints, as it comes.</summary>
    public event Action<string>? LinePrinted;

    /// <summary>The last lines it printed, oldest first.</summary>
    public IReadOnlyList<string> LastLines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lastLines];
            }
        }
    }

    /// <summary>Starts it.</summary>
    /// <param name="command">Program and arguments.</param>
    /// <param name="workingDirectory">Where it runs.</param>
    /// <param name="variables">Environment variables to set.</param>
    /// <param name="logFile">Where its output goes; an older file of the name is kept as <c>.1</c>.</param>
    /// <param name="patience">How long it may take to end after SIGTERM before it is killed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onLine">Sees each line, from the first.</param>
    /// <param name="keepInputOpen">Whether its input stays open while this program lives, for one that ends itself when it closes.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">There is no such program.</exception>
    public static ChildProcess Start(
        IReadOnlyList<string> command,
        string workingDirectory,
        IReadOnlyDictionary<string, string> variables,
        string logFile,
        TimeSpan patience,
        TimeProvider time,
        Action<string>? onLine = null,
        bool keepInputOpen = false)
    {
        IReadOnlyList<string> whole = OperatingSystem.IsLinux() && File.Exists(SetSid) ? [SetSid, .. command] : command;
        var start = new ProcessStartInfo(whole[0], whole.Skip(1))
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var child = new ChildProcess(process, OpenLog(logFile), patience, time);
        child.LinePrinted += onLine;
        var exited = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        process.Exited += (_, _) => exited.TrySetResult();
        process.OutputDataReceived += (_, line) => child.OnLine(line.Data);
        process.ErrorDataReceived += (_, line) => child.OnLine(line.Data);
        try
        {
            process.Start();
        }
        catch
        {
            child._log.Dispose();
            process.Dispose();
            throw;
        }

        child.Id = process.Id;
        child.StartedAt = StartTimeOf(process);
        child.Exit = child.WaitAsync(exited.Task);
        if (!keepInputOpen)
        {
            process.StandardInput.Close();
        }

        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return child;
    }

    /// <summary>
    /// The last lines after its end. Output arrives apart from the exit; a moment is given for it, not more, since a grandchild (a compiler
    /// server) may hold it open for ever.
    /// </summary>
    public async Task<IReadOnlyList<string>> SettledLinesAsync()
    {
        await Exit;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1), _time);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // What has come by now is what there is.
        }

        return LastLines;
    }

    /// <summary>Asks it to end, waits, and kills it when it does not.</summary>
    public async Task StopAsync()
    {
        if (!Exit.IsCompleted)
        {
            Terminate(_process);
            try
            {
                await Exit.WaitAsync(_patience, _time);
            }
            catch (TimeoutException)
            {
                _process.Kill(entireProcessTree: true);
                await Exit;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
        lock (_gate)
        {
            _log.Dispose();
        }
    }

    /// <summary>Asks a process to end: SIGTERM, so that it can flush. Windows has no such signal for programs without a window; there it is ended.</summary>
    internal static void Terminate(Process process)
    {
        if (OperatingSystem.IsWindows())
        {
            process.Kill(entireProcessTree: true);
        }
        else if (!process.HasExited)
        {
            // ESRCH: it has just ended by itself, which is what was wanted.
            _ = Kill(process.Id, SigTerm);
        }
    }

    /// <summary>When a process started; the earliest time where it has ended too soon to be asked.</summary>
    internal static DateTimeOffset StartTimeOf(Process process)
    {
        try
        {
            return new DateTimeOffset(process.StartTime.ToUniversalTime(), TimeSpan.Zero);
        }
        catch (Exception problem) when (problem is InvalidOperationException or Win32Exception)
        {
            return DateTimeOffset.MinValue;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    private static StreamWriter OpenLog(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        if (File.Exists(file))
        {
            File.Move(file, file + ".1", overwrite: true);
        }

        return new StreamWriter(new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete)) { AutoFlush = true };
    }

    private async Task<int> WaitAsync(Task exited)
    {
        // WaitForExitAsync would also wait for the end of its output, which a grandchild may hold open.
        await exited;
        return _process.ExitCode;
    }

    private void OnLine(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_gate)
        {
            if (_lastLines.Count == RememberedLines)
            {
                _lastLines.Dequeue();
            }

            _lastLines.Enqueue(line);
            try
            {
                _log.WriteLine(line);
            }
            catch (ObjectDisposedException)
            {
                // A last line after the process was ended and the log closed: nobody reads on.
            }
        }

        LinePrinted?.Invoke(line);
    }
}
