using System.Diagnostics;
using System.Text.Json;

namespace ServerlessMlops.TestSupport.Azurite;

/// <summary>The storage emulator of <c>src/Offline/azurite</c>: found, and installed from its lock file when it is missing or stale.</summary>
public static class AzuriteInstallation
{
    private static readonly TimeSpan InstallDeadline = TimeSpan.FromMinutes(10);
    private static readonly SemaphoreSlim Gate = new(1, 1);
    private static string? ready;

    /// <summary>
    /// The folder that holds <c>package.json</c> and a complete <c>node_modules</c>. Many processes may ask at once: one installs, under a
    /// lock file, and the others wait for it.
    /// </summary>
    /// <exception cref="InvalidOperationException">Node or npm is missing, or the installation failed.</exception>
    public static async Task<string> EnsureAsync(CancellationToken cancellationToken = default)
    {
        await Gate.WaitAsync(cancellationToken);
        try
        {
            return ready ??= await InstallIfStaleAsync(cancellationToken);
        }
        finally
        {
            Gate.Release();
        }
    }

    private static async Task<string> InstallIfStaleAsync(CancellationToken cancellationToken)
    {
        var folder = Path.Combine(RepositoryRoot.Find(), "src", "Offline", "azurite");
        if (IsInstalled(folder))
        {
            return folder;
        }

        await using (await AcquireLockAsync(Path.Combine(folder, ".install.lock"), cancellationToken))
        {
            if (!IsInstalled(folder))
            {
                await RunNpmCiAsync(folder, cancellationToken);
            }
        }

        return folder;
    }

    /// <summary>
    /// npm writes what it installed into <c>node_modules/.package-lock.json</c>, last of all: an installation is complete and fresh when that
    /// file is there and every package in it, and every one that is not optional, has the version of the lock file.
    /// </summary>
    private static bool IsInstalled(string folder)
    {
        var installedFile = Path.Combine(folder, "node_modules", ".package-lock.json");
        if (!File.Exists(installedFile))
        {
            return false;
        }

        var wanted = ReadVersions(Path.Combine(folder, "package-lock.json"));
        var installed = ReadVersions(installedFile);
        return installed.All(package => wanted.TryGetValue(package.Key, out var entry) && entry.Version == package.Value.Version)
            && wanted.All(package => package.Value.Optional || installed.ContainsKey(package.Key));
    }

    private static Dictionary<string, (string? Version, bool Optional)> ReadVersions(string lockFile)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(lockFile));
        return document.RootElement.GetProperty("packages").EnumerateObject()
            .Where(package => package.Name.Length > 0)
            .ToDictionary(
                package => package.Name,
                package => (
                    package.Value.TryGetProperty("version", out var version) ? version.GetString() : null,
                    package.Value.TryGetProperty("optional", out var optional) && optional.GetBoolean()));
    }

    /// <summary>An open handle that shares with nobody is the lock: the operating system lets go of it when its process dies.</summary>
    private static async Task<FileStream> AcquireLockAsync(string path, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (TimeProvider.System.GetElapsedTime(started) < InstallDeadline)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancellationToken);
            }
        }
    }

    private static async Task RunNpmCiAsync(string folder, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(OperatingSystem.IsWindows() ? "npm.cmd" : "npm")
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error" },
        };
        using var npm = ToolProcess.Start(start, "npm comes with Node.js 20 or later; install it and put it on the PATH");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(InstallDeadline);
        try
        {
            var output = npm.StandardOutput.ReadToEndAsync(deadline.Token);
            var error = npm.StandardError.ReadToEndAsync(deadline.Token);
            await npm.WaitForExitAsync(deadline.Token);
            if (npm.ExitCode != 0)
            {
                throw new InvalidOperationException(
                    $"'npm ci' in {folder} ended with exit code {npm.ExitCode}: {(await error).Trim()} {(await output).Trim()}");
            }
        }
        catch (OperationCanceledException)
        {
            npm.Kill(entireProcessTree: true);
            throw;
        }
    }
}
