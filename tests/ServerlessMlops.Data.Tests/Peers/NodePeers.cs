using System.Diagnostics;
using System.Text.Json;
using ServerlessMlops.TestSupport.Npm;

namespace ServerlessMlops.Data.Tests.Peers;

/// <summary>A test that needs other readers: skipped, with the reason, where npm's registry cannot be reached to install them.</summary>
public sealed class PeersFactAttribute : FactAttribute
{
    public PeersFactAttribute() => Skip = NodePeers.Unreachable;
}

/// <summary>DuckDB, apache-arrow and Polars through node, installed from the lock file in <c>npm</c>.</summary>
internal static class NodePeers
{
    private static readonly Lazy<(string Folder, string? Unreachable)> Installation =
        new(() => NpmFolder.EnsureOrExplain("tests", "ServerlessMlops.Data.Tests", "Peers", "npm"));

    /// <summary>Why they are not to be had here, or null.</summary>
    public static string? Unreachable => Installation.Value.Unreachable;

    /// <summary>The folder that holds <c>node_modules</c>.</summary>
    public static string Folder => Installation.Value.Folder;

    /// <summary>Runs a script of this folder and reads the JSON that it prints.</summary>
    public static T Run<T>(string script, params string[] arguments)
    {
        using Process node = Process.Start(new ProcessStartInfo("node", [Path.Combine(AppContext.BaseDirectory, "Peers", script), Folder, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = node.StandardError.ReadToEndAsync();
        string output = node.StandardOutput.ReadToEnd();
        node.WaitForExit();
        node.ExitCode.ShouldBe(0, errors.Result);
        return JsonSerializer.Deserialize<T>(output, JsonSerializerOptions.Web)!;
    }
}
