using System.Diagnostics;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.TestSupport;

namespace ServerlessMlops.Functions.Tests.Hosting.Infrastructure;

/// <summary><c>.github/scripts/deploy-specs.sh</c> against the app: what the workflow does with a spec after a merge.</summary>
[Collection(TestAppCollection.Name)]
public sealed class DeploySpecsTests(TestApp app) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mlops-specs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ChangedSpec_IsPutIntoForceTrainedAndNamesTheCommitInTheLedger()
    {
        string pipeline = app.NewPipeline("merged");
        await app.TrainAsync(pipeline, TestApp.Spec);

        (int exitCode, string output) = await DeployAsync(pipeline, TestApp.Spec + "window: 30d\n");

        exitCode.ShouldBe(0, output);
        output.ShouldContain(" succeeded");
        Run[] trainings = [.. (await app.GetAsync<Page<Run>>($"api/pipelines/{pipeline}/runs")).Items.Where(run => run.Kind == RunKind.Training)];
        trainings.Length.ShouldBe(2);
        (await app.GetAsync<Page<LedgerEntry>>($"api/pipelines/{pipeline}/ledger")).Items.ShouldContain(entry => entry.Actor == "unverified:git:c0ffee" && entry.Why.Contains("spec changed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task NewPipeline_WithoutData_IsNotWaitedFor()
    {
        string pipeline = app.NewPipeline("fresh");

        (int exitCode, string output) = await DeployAsync(pipeline, TestApp.Spec);

        exitCode.ShouldBe(0, output);
        output.ShouldContain("no data yet");
    }

    [Fact]
    public async Task SpecWithFaults_FailsTheStepWithTheFindings()
    {
        (int exitCode, string output) = await DeployAsync(app.NewPipeline("faulty"), "target: heavy\nkye: id\n");

        exitCode.ShouldNotBe(0);
        output.ShouldContain("kye");
    }

    private async Task<(int ExitCode, string Output)> DeployAsync(string pipeline, string spec)
    {
        string path = Path.Combine(_folder, $"{pipeline}.yaml");
        File.WriteAllText(path, spec);
        var start = new ProcessStartInfo("bash", [Path.Combine(RepositoryRoot.Find(), ".github", "scripts", "deploy-specs.sh"), path])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["MLOPS_URL"] = app.Http.BaseAddress!.ToString().TrimEnd('/'), ["MLOPS_KEY"] = "local", ["GITHUB_SHA"] = "c0ffee", ["INTERVAL"] = "0.2", ["DEADLINE"] = "60",
            },
        };
        using Process bash = Process.Start(start)!;
        Task<string> error = bash.StandardError.ReadToEndAsync();
        string output = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();
        return (bash.ExitCode, output + await error);
    }
}
