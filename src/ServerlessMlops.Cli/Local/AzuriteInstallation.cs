using System.Text.Json;

namespace ServerlessMlops.Cli.Local;

/// <summary>The emulator's package, installed from the lock file in the repository: the same versions on every machine.</summary>
internal static class AzuriteInstallation
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>What Node starts.</summary>
    public static string EntryPoint(LocalFolders folders) =>
        Path.Combine(folders.AzuritePackage, "node_modules", "azurite", "dist", "src", "azurite.js");

    /// <summary>What Node loads before it: it ends the emulator when this program dies.</summary>
    public static string ExitWithParent(LocalFolders folders) => Path.Combine(folders.AzuritePackage, "exit-with-parent.cjs");

    /// <summary>
    /// Whether it is installed, in the version of the lock file. npm writes what it installed last of all, so that half an installation does
    /// not pass for one.
    /// </summary>
    public static bool IsInstalled(LocalFolders folders) =>
        File.Exists(EntryPoint(folders)) &&
        Version(Path.Combine(folders.AzuritePackage, "node_modules", ".package-lock.json")) is { } installed &&
        installed == Version(LockFile(folders));

    /// <summary>Installs it, unless it is; several processes may ask at once.</summary>
    /// <returns>Whether this call installed it.</returns>
    /// <exception cref="CliException">npm is missing or failed.</exception>
    public static async Task<bool> EnsureAsync(LocalFolders folders, TimeProvider time, CancellationToken cancellation)
    {
        if (IsInstalled(folders))
        {
            return false;
        }

        if (!File.Exists(LockFile(folders)))
        {
            throw CliException.Environment($"'{folders.AzuritePackage}' has no package-lock.json; the checkout is not complete.");
        }

        using FileStream turn = await TakeTurnAsync(Path.Combine(folders.AzuritePackage, ".install.lock"), time, cancellation);
        if (IsInstalled(folders))
        {
            return false;
        }

        string npm = Tool.Find("npm") ?? throw CliException.Environment("npm is missing: it comes with Node.js and installs the storage emulator. Install Node.js 20 or newer from https://nodejs.org.");
        string log = Path.Combine(folders.Logs, "azurite-install.log");
        var outcome = await Tool.RunAsync(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"], folders.AzuritePackage, new Dictionary<string, string>(), log, time, cancellation);
        if (outcome is not { ExitCode: 0 } || !IsInstalled(folders))
        {
            throw CliException.Environment(
                $"'npm ci' in '{folders.AzuritePackage}' did not install the storage emulator (exit code {outcome?.ExitCode.ToString() ?? "none"}):\n  " +
                $"{Tool.Tail(outcome?.LastLines, 8)}\nThe whole log: {log}");
        }

        return true;
    }

    private static string LockFile(LocalFolders folders) => Path.Combine(folders.AzuritePackage, "package-lock.json");

    /// <summary>The emulator's version in a lock file, or null.</summary>
    private static string? Version(string lockFile)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(lockFile));
            return document.RootElement.GetProperty("packages").GetProperty("node_modules/azurite").GetProperty("version").GetString();
        }
        catch (Exception problem) when (problem is IOException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    private static async Task<FileStream> TakeTurnAsync(string file, TimeProvider time, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.None);
            }
            catch (IOException) when (File.Exists(file))
            {
                await Task.Delay(PollInterval, time, cancellation);
            }
        }
    }
}
