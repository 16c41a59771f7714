using System.Diagnostics;
using System.Text.Json;

namespace ServerlessMlops.TestSupport.Npm;

/// <summary>A folder of the repository with a <c>package.json</c> and its lock file: installed when <c>node_modules</c> is missing or stale.</summary>
public static class NpmFolder
{
    private static readonly TimeSpan InstallDeadline = TimeSpan.FromMinutes(10);
    /// <summary>What npm says where there is no network.</summary>
    private static readonly string[] NetworkFaults = ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "ERR_SOCKET_TIMEOUT"];

    private static readonly SemaphoreSlim Gate = new(1, 1);
    private static readonly HashSet<string> Ready = new(StringComparer.Ordinal);

    /// <summary>
    /// The folder, with a complete <c>node_modules</c>. Many processes may ask at once: one installs, under a lock file, and the others wait for
    /// it.
    /// </summary>
    /// <param name="path">Its path from the repository's root, name by name.</param>
    /// <param name="cancellationToken">Ends npm.</param>
    /// <exception cref="InvalidOperationException">Node or npm is missing, or the installation failed; the message has npm's own words.</exception>
    public static async Task<string> EnsureAsync(string[] path, CancellationToken cancellationToken = default)
    {
        var folder = Path.Combine([RepositoryRoot.Find(), .. path]);
        await Gate.WaitAsync(cancellationToken);
        try
        {
            if (Ready.Add(folder))
            {
                await InstallIfStaleAsync(folder, cancellationToken);
            }

            return folder;
        }
        catch
        {
            Ready.Remove(folder);
            throw;
        }
        finally
        {
            Gate.Release();
        }
    }

    /// <summary>As <see cref="EnsureAsync"/>, for tests that are skipped where npm's registry cannot be reached: any other fault is thrown.</summary>
    /// <param name="path">Its path from the repository's root, name by name.</param>
    /// <returns>The folder, or why it cannot be installed here.</returns>
    public static (string Folder, string? Unreachable) EnsureOrExplain(params string[] path)
    {
        try
        {
            return (EnsureAsync(path).GetAwaiter().GetResult(), null);
        }
        catch (InvalidOperationException e) when (NetworkFaults.Any(e.Message.Contains))
        {
            return ("", $"npm's registry cannot be reached, so {string.Join('/', path)} is not installed: {e.Message}");
        }
    }

    private static async Task InstallIfStaleAsync(string folder, CancellationToken cancellationToken)
    {
        if (IsInstalled(folder))
        {
            return;
        }

        await using (await AcquireLockAsync(Path.Combine(folder, ".install.lock"), cancellationToken))
        {
            if (!IsInstalled(folder))
            {
                await RunNpmCiAsync(folder, cancellationToken);
            }
        }
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
