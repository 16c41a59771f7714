namespace ServerlessMlops.Cli.Tests.Commands;

public class MlopsCommandLineTests
{
    [Theory]
    [InlineData("runs")]
    [InlineData("fly")]
    [InlineData("runs", "-p", "Not A Name")]
    [InlineData("demo", "--port", "70000")]
    [InlineData("demo", "--timeout", "0")]
    [InlineData("score", "x.csv", "-p", "birds", "-n", "0")]
    [InlineData("promote", "two!", "-p", "birds")]
    public async Task Run_CommandLineIsWrong_ExitsWithUsageAndSaysWhereToLook(params string[] arguments)
    {
        CliOutcome outcome = await CliRunner.RunAsync(arguments);

        outcome.ExitCode.ShouldBe(ExitCode.Usage);
        outcome.Output.ShouldBeEmpty();
        outcome.Error.ShouldContain("--help");
    }

    [Fact]
    public async Task Run_PipelineNameBreaksTheRule_NamesTheRule()
    {
        CliOutcome outcome = await CliRunner.RunAsync("runs", "-p", "Birds!");

        outcome.Error.ShouldContain("'Birds!' cannot name a pipeline: expected 2 to 63 lower-case letters, digits and hyphens");
    }

    [Fact]
    public async Task Run_AddressIsNone_SaysWhatIsExpected()
    {
        CliOutcome outcome = await CliRunner.RunAsync("runs", "-p", "birds", "--url", "ftp://there");

        outcome.ExitCode.ShouldBe(ExitCode.Usage);
        outcome.Error.ShouldContain("--url is 'ftp://there'; expected an absolute http or https address");
    }

    [Fact]
    public async Task Run_NobodyListens_ExitsWithEnvironmentAndNamesTheWayOut()
    {
        // Port 1 needs privileges that tests do not have and nobody serves HTTP there.
        CliOutcome outcome = await CliRunner.RunAsync("models", "-p", "birds", "--url", "http://127.0.0.1:1");

        outcome.ExitCode.ShouldBe(ExitCode.Environment);
        outcome.Error.ShouldContain("The app does not answer at http://127.0.0.1:1/");
        outcome.Error.ShouldContain("mlops up");
    }

    [Fact]
    public async Task Run_NoRepositoryAround_SaysWhereItLooked()
    {
        using var folder = new TemporaryFolder();

        CliOutcome outcome = await CliRunner.RunAsync("up", "--root", folder.Path);

        outcome.ExitCode.ShouldBe(ExitCode.Environment);
        outcome.Error.ShouldContain($"No ServerlessMlops repository at or above '{folder.Path}'");
    }

    [Fact]
    public async Task Run_Cancelled_ExitsAsShellsExpect()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        CliOutcome outcome = await CliRunner.RunAsync(cancelled.Token, "models", "-p", "birds", "--url", "http://127.0.0.1:1");

        outcome.ExitCode.ShouldBe(ExitCode.Cancelled);
    }
}
