using System.Diagnostics;
using System.Text.Json;
using ServerlessMlops.TestSupport;

namespace ServerlessMlops.Functions.Tests.Hosting.Infrastructure;

/// <summary><c>.github/scripts/sbom.mjs</c>: what ships, from lock files.</summary>
public sealed class BillOfMaterialsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mlops-sbom-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void NugetLock_GivesPackagesHashesAndEdgesAndLeavesProjectsOut()
    {
        string path = Path.Combine(_folder, "packages.lock.json");
        File.WriteAllText(path, """
            { "version": 2, "dependencies": { "net10.0": {
              "Polly.Core": { "type": "Direct", "requested": "[8.6.0, )", "resolved": "8.6.0", "contentHash": "AQID", "dependencies": { "Some.Leaf": "1.0.0" } },
              "some.leaf": { "type": "Transitive", "resolved": "1.2.0", "contentHash": "BAU=" },
              "serverlessmlops.core": { "type": "Project", "dependencies": { "Polly.Core": "[8.6.0, )" } } } } }
            """);
        JsonElement bom = Run(path);

        bom.GetProperty("bomFormat").GetString().ShouldBe("CycloneDX");
        bom.GetProperty("metadata").GetProperty("component").GetProperty("version").GetString().ShouldBe("abc123");
        bom.GetProperty("components").EnumerateArray()
            .Select(c => $"{c.GetProperty("purl").GetString()} {c.GetProperty("hashes")[0].GetProperty("content").GetString()}")
            .ShouldBe(["pkg:nuget/Polly.Core@8.6.0 010203", "pkg:nuget/some.leaf@1.2.0 0405"]);
        bom.GetProperty("dependencies")[0].GetProperty("dependsOn")[0].GetString().ShouldBe("pkg:nuget/some.leaf@1.2.0");
    }

    [Fact]
    public void NpmLock_GivesEveryPackageWithItsHash()
    {
        JsonElement bom = Run(Path.Combine(RepositoryRoot.Find(), "src", "Offline", "azurite", "package-lock.json"));
        JsonElement[] components = [.. bom.GetProperty("components").EnumerateArray()];

        components.ShouldContain(c => c.GetProperty("name").GetString() == "azurite");
        components.ShouldAllBe(c => c.GetProperty("hashes")[0].GetProperty("content").GetString()!.Length == 128);
    }

    [Fact]
    public void OtherFile_IsRefusedByName()
    {
        string path = Path.Combine(_folder, "host.json");
        File.WriteAllText(path, "{}");

        (int exitCode, _, string error) = Node(path);

        exitCode.ShouldBe(1);
        error.ShouldContain("host.json is neither a packages.lock.json of NuGet nor a package-lock.json of npm 7 or newer");
    }

    private static JsonElement Run(string path)
    {
        (int exitCode, string output, string error) = Node(path);
        exitCode.ShouldBe(0, error);
        Node(path).Output.ShouldBe(output, "the same lock file, the same bytes");
        return JsonDocument.Parse(output).RootElement;
    }

    private static (int ExitCode, string Output, string Error) Node(string path)
    {
        var start = new ProcessStartInfo("node", [Path.Combine(RepositoryRoot.Find(), ".github", "scripts", "sbom.mjs"), "--name", "app", "--version", "abc123", path])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process node = Process.Start(start)!;
        Task<string> error = node.StandardError.ReadToEndAsync();
        string output = node.StandardOutput.ReadToEnd();
        node.WaitForExit();
        return (node.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
