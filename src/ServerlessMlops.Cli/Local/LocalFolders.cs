namespace ServerlessMlops.Cli.Local;

/// <summary>The folders and files of a checkout that running locally touches.</summary>
/// <param name="Root">The repository's root: the folder that holds the solution.</param>
/// <param name="State">What running locally keeps; may be deleted while nothing runs.</param>
internal sealed record LocalFolders(string Root, string State)
{
    private const string Solution = "ServerlessMlops.sln";

    /// <summary>The emulator's data.</summary>
    public string AzuriteData => Path.Combine(State, "azurite");

    /// <summary>Logs of the app, the emulator and their installation.</summary>
    public string Logs => Path.Combine(State, "logs");

    /// <summary>Held open by the one instance that runs here.</summary>
    public string LockFile => Path.Combine(State, "lock");

    /// <summary>What runs, for other commands; see <see cref="RunningInstance"/>.</summary>
    public string RunningFile => Path.Combine(State, "running.json");

    /// <summary>The emulator's package and lock file.</summary>
    public string AzuritePackage => Path.Combine(Root, "src", "Offline", "azurite");

    /// <summary>The function app's project.</summary>
    public string FunctionsProject => Path.Combine(Root, "src", "ServerlessMlops.Functions");

    /// <summary>The sample of the demo.</summary>
    public string Sample => Path.Combine(Root, "samples", "birdstrikes");

    /// <summary>As <see cref="TryFind"/>, or an error that says where it was looked for.</summary>
    public static LocalFolders Find(string? root, string? state, string workingDirectory) =>
        TryFind(root, state, workingDirectory) ?? throw CliException.Environment(
            $"No ServerlessMlops repository at or above '{root ?? workingDirectory}' ({Solution} is not there). " +
            "Run this in a clone of the repository, or name one with --root.");

    /// <summary>The repository at or above a folder, else around this program; null where there is none.</summary>
    /// <param name="root">A folder in the repository, or null for the working folder.</param>
    /// <param name="state">The state folder, or null for <c>.mlops</c> in the root.</param>
    /// <param name="workingDirectory">What relative paths start from.</param>
    public static LocalFolders? TryFind(string? root, string? state, string workingDirectory)
    {
        string? found = root is null ? Above(workingDirectory) ?? Above(AppContext.BaseDirectory) : Above(Path.GetFullPath(root, workingDirectory));
        return found is null ? null : new LocalFolders(found, state is null ? Path.Combine(found, ".mlops") : Path.GetFullPath(state, workingDirectory));
    }

    private static string? Above(string folder)
    {
        for (DirectoryInfo? at = new(folder); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, Solution)))
            {
                return at.FullName;
            }
        }

        return null;
    }
}
