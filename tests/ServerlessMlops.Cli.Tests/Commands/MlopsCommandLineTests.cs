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

    [Theory]
    [InlineData("rnus", "there is no command 'rnus'; commands are up, ", "Did you mean 'runs'?", "'mlops --help'")]
    [InlineData("", "a command is missing; commands are up, ", "'mlops --help'")]
    [InlineData("alerts", "a command is missing; commands of 'mlops alerts' are list, ", "'mlops alerts --help'")]
    [InlineData("alerts shwo", "there is no command 'shwo'; commands of 'mlops alerts' are list, ", "Did you mean 'show'?")]
    [InlineData("alerts show -p birds", "'mlops alerts show --help'")]
    [InlineData("approve two -p birds --why x", "'two' is given for approve; expected a whole number.")]
    [InlineData("models -p birds --version two", "'two' is given for --version; expected a whole number.")]
    [InlineData("score . -p birds", "is a folder; expected a file")]
    [InlineData("push nosuch.csv -p birds", "There is no file '")]
    [InlineData("label nosuch/x.csv -p birds", "nor its folder")]
    [InlineData("replay -p birds --version 1 --labels nosuch.csv", "There is no file '")]
    public async Task Run_CommandLineIsWrong_SaysWhatWasFoundAndWhatIsExpected(string line, params string[] expected)
    {
        CliOutcome outcome = await CliRunner.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        outcome.ExitCode.ShouldBe(ExitCode.Usage);
        expected.ShouldAllBe(text => outcome.Error.Contains(text), outcome.Error);
    }

    [Fact]
    public async Task Help_OfTheWhole_TellsTheExitCodes() => (await CliRunner.RunAsync("--help")).Output.ShouldContain("Exit codes: 0 done; 1 ");

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
