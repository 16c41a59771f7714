using System.Diagnostics;
using System.Text.Json.Nodes;
using ServerlessMlops.TestSupport;

namespace ServerlessMlops.Offline.Tests.Packages;

/// <summary>What MSBuild says of a project of the repository, asked by the command line that a person would use.</summary>
/// <param name="ExitCode">0 where it worked.</param>
/// <param name="Output">Standard output and error.</param>
internal sealed record MSBuildRun(int ExitCode, string Output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    // Set by the test runner for its own MSBuild; they would send this one to the wrong targets.
    private static readonly string[] Inherited = ["MSBuildSDKsPath", "MSBUILD_EXE_PATH", "MSBuildExtensionsPath", "AzurePackages"];

    /// <summary>The JSON that <c>-getItem</c> and <c>-getTargetResult</c> print.</summary>
    public JsonNode Json => JsonNode.Parse(Output[Output.IndexOf('{', StringComparison.Ordinal)..])!;

    /// <summary>Runs <c>dotnet</c> at the repository's root.</summary>
    public static async Task<MSBuildRun> Of(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = RepositoryRoot.Find(), RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        foreach (string name in Inherited)
        {
            start.Environment.Remove(name);
        }

        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using Process process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(patience.Token), error = process.StandardError.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return new MSBuildRun(process.ExitCode, await output + await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    /// <summary>Items of a project as it is evaluated in a mode; nothing is restored or built.</summary>
    public static async Task<JsonNode> Evaluate(string project, string mode, params string[] more)
    {
        MSBuildRun run = await Of(["msbuild", project, $"-p:AzurePackages={mode}", "-getItem:PackageReference,ProjectReference,Compile,None", "-getProperty:OutputType,AzureFunctionsVersion,IsPublishable", .. more]);
        run.ExitCode.ShouldBe(0, run.Output);
        return run.Json;
    }
}
