using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace ServerlessMlops.EndToEnd.Harness;

/// <summary>A program under test: its output is kept, it is ended by its id, politely or not.</summary>
internal sealed partial class RealProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private const int SigKill = 9;

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    private RealProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public string Output => Read(_output);

    public string Error => Read(_error);

    public string All => $"{Output}\n{Error}";

    /// <summary>Starts <c>dotnet exec</c> of a built program.</summary>
    public static RealProcess Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> variables)
    {
        File.Exists(program).ShouldBeTrue($"{program} is not built; build the solution, not only this project.");
        return Start("dotnet", Path.GetDirectoryName(program)!, ["exec", program, .. arguments], variables);
    }

    /// <summary>Starts a tool that is found on the path.</summary>
    public static RealProcess Start(string tool, string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> variables)
    {
        var start = new ProcessStartInfo(tool, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };

        // A process that is killed leaves its diagnostic sockets in the temporary folder.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        foreach ((string name, string? value) in variables)
        {
            start.Environment[name] = value;
        }

        var process = new Process { StartInfo = start };
        var real = new RealProcess(process);
        process.OutputDataReceived += (_, line) => Append(real._output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(real._error, line.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return real;
    }

    /// <summary>Waits for its end and gives its exit code.</summary>
    public async Task<int> WaitAsync(TimeSpan limit)
    {
        using var deadline = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"Process {Id} did not end within {limit.TotalSeconds:0} s. It printed:\n{All}");
        }

        return _process.ExitCode;
    }

    /// <summary>SIGTERM, and its exit code.</summary>
    public Task<int> TerminateAsync(TimeSpan limit)
    {
        Send(SigTerm);
        return WaitAsync(limit);
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public async Task KillAsync()
    {
        Send(SigKill);
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Send(SigTerm);
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(40));
            try
            {
                await _process.WaitForExitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                await KillAsync();
            }
        }

        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    private static void Append(StringBuilder text, string? line)
    {
        if (line is not null)
        {
            lock (text)
            {
                text.AppendLine(line);
            }
        }
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    private void Send(int signal)
    {
        if (OperatingSystem.IsWindows())
        {
            _process.Kill(entireProcessTree: false);
        }
        else if (!_process.HasExited)
        {
            _ = Kill(_process.Id, signal);
        }
    }
}
