using System.Diagnostics;
using System.Text.Json;
using ServerlessMlops.Core;

namespace ServerlessMlops.Cli.Local;

/// <summary>A process by id and start time; the id alone may be another's by now.</summary>
internal sealed record ProcessMark(int Id, DateTimeOffset StartedAt)
{
    // The system derives start times from clock ticks; two readings of one process differ by less than this.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    /// <summary>The process itself, or null when it has ended.</summary>
    public Process? Find()
    {
        try
        {
            Process process = Process.GetProcessById(Id);
            if (!process.HasExited && (ChildProcess.StartTimeOf(process) - StartedAt).Duration() < Tolerance)
            {
                return process;
            }

            process.Dispose();
        }
        catch (Exception problem) when (problem is ArgumentException or InvalidOperationException)
        {
            // No such process.
        }

        return null;
    }

    public static ProcessMark Of(ChildProcess child) => new(child.Id, child.StartedAt);

    public static ProcessMark OfThis()
    {
        using Process self = Process.GetCurrentProcess();
        return new ProcessMark(self.Id, ChildProcess.StartTimeOf(self));
    }
}

/// <summary>
/// What runs in a state folder, as <c>running.json</c> tells other commands: where the app is, and which processes are to be ended when the
/// program that started them was killed. Holds no secret: the storage is named only where it is the local emulator.
/// </summary>
/// <param name="Owner">The <c>mlops</c> that started the rest.</param>
/// <param name="Url">Base address of the app; null until it answers.</param>
/// <param name="Storage">The emulator's ports; null where another account is used.</param>
/// <param name="App">The function app.</param>
/// <param name="Azurite">The emulator, where it was started here.</param>
internal sealed record RunningInstance(ProcessMark Owner, string? Url, StoragePorts? Storage, ProcessMark? App, ProcessMark? Azurite)
{
    /// <summary>Whether the app it tells of is still there.</summary>
    public bool IsAlive
    {
        get
        {
            using Process? app = App?.Find();
            return app is not null;
        }
    }

    /// <summary>What the file says; null where there is none, or none that can be read.</summary>
    public static RunningInstance? TryRead(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<RunningInstance>(File.ReadAllBytes(file), MlopsJson.Options);
        }
        catch (Exception problem) when (problem is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes the file in one move, so that a reader never sees half.</summary>
    public void Write(string file)
    {
        string draft = file + ".new";
        File.WriteAllBytes(draft, JsonSerializer.SerializeToUtf8Bytes(this, MlopsJson.Indented));
        File.Move(draft, file, overwrite: true);
    }

    /// <summary>Ends the processes that a killed owner left behind. Returns what was ended, in words.</summary>
    public async Task<IReadOnlyList<string>> EndLeftoversAsync(TimeProvider time, CancellationToken cancellation)
    {
        var ended = new List<string>();
        foreach ((string name, ProcessMark? mark) in ((string, ProcessMark?)[])[("function app", App), ("storage emulator", Azurite)])
        {
            using Process? process = mark?.Find();
            if (process is null)
            {
                continue;
            }

            ChildProcess.Terminate(process);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20), time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
            try
            {
                await process.WaitForExitAsync(both.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                process.Kill(entireProcessTree: true);
            }

            ended.Add($"{name} (process {mark!.Id})");
        }

        return ended;
    }
}
