using ServerlessMlops.TestSupport.Npm;

namespace ServerlessMlops.TestSupport.Azurite;

/// <summary>The storage emulator of <c>src/Offline/azurite</c>: found, and installed from its lock file when it is missing or stale.</summary>
public static class AzuriteInstallation
{
    /// <summary>The folder that holds <c>package.json</c> and a complete <c>node_modules</c>.</summary>
    /// <exception cref="InvalidOperationException">Node or npm is missing, or the installation failed.</exception>
    public static Task<string> EnsureAsync(CancellationToken cancellationToken = default) =>
        NpmFolder.EnsureAsync(["src", "Offline", "azurite"], cancellationToken);
}
