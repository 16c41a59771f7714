using System.Text.Json;

namespace ServerlessMlops.Cli.Tests.Commands;

/// <summary><c>mlops check</c> on specs.</summary>
public sealed class SpecCheckTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Check_Spec_SaysThatItWouldBeTaken()
    {
        CliOutcome outcome = await CliRunner.RunAsync("check", Write("target: damaged\nkey: id\n"));

        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Error);
        outcome.Output.ShouldContain("birds.yaml: a spec without faults, predicts damaged; hash ");
    }

    [Fact]
    public async Task Check_SpecWithFaults_ListsAllOfThem()
    {
        CliOutcome outcome = await CliRunner.RunAsync("check", Write("target: damaged\nkye: id\nwindow: sometimes\n"));

        outcome.ExitCode.ShouldBe(ExitCode.Failed);
        outcome.Output.ShouldContain("birds.yaml: a spec with 2 fault(s)");
        outcome.Output.ShouldContain("line 2, column 1: kye");
        outcome.Output.ShouldContain("line 3, column 9: window");
    }

    [Fact]
    public async Task Check_SpecWithFaultsAsJson_GivesFindingsWithPlaces()
    {
        CliOutcome outcome = await CliRunner.RunAsync("check", Write("target: damaged\nkye: id\n"), "--json");

        outcome.ExitCode.ShouldBe(ExitCode.Failed);
        JsonDocument.Parse(outcome.Output).RootElement.GetProperty("findings")[0].GetProperty("line").GetInt32().ShouldBe(2);
    }

    private string Write(string text)
    {
        string path = Path.Combine(_folder.Path, "birds.yaml");
        File.WriteAllText(path, text);
        return path;
    }
}
