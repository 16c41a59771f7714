using System.Globalization;

namespace ServerlessMlops.Cli.Local;

/// <summary>Node.js, which runs the storage emulator.</summary>
internal static class NodeRuntime
{
    /// <summary>The oldest version that is supported.</summary>
    public const int OldestMajor = 20;

    private const string Advice = "The storage emulator Azurite runs on it. Install Node.js 20 or newer from https://nodejs.org, or use a storage account with --connection.";

    /// <summary>The program, after a look at its version.</summary>
    /// <exception cref="CliException">There is none on the PATH, or it is too old.</exception>
    public static async Task<string> FindAsync(LocalFolders folders, TimeProvider time, CancellationToken cancellation)
    {
        string node = Tool.Find("node") ?? throw CliException.Environment($"Node.js is missing: there is no 'node' on the PATH. {Advice}");
        var outcome = await Tool.RunAsync(
            [node, "--version"], folders.Root, new Dictionary<string, string>(), Path.Combine(folders.Logs, "node.log"), time, cancellation);
        string said = outcome is { ExitCode: 0, LastLines: [.., var last] } ? last.Trim() : "";
        return Major(said) switch
        {
            null => throw CliException.Environment($"'{node} --version' said '{said}'; expected a version such as v20.11.0. {Advice}"),
            < OldestMajor => throw CliException.Environment($"Node.js {said} at '{node}' is too old. {Advice}"),
            _ => node,
        };
    }

    /// <summary>The first number of <c>v20.11.0</c>, or null.</summary>
    internal static int? Major(string version)
    {
        string[] parts = version.TrimStart('v').Split('.');
        return parts.Length >= 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int major) ? major : null;
    }
}
