using ServerlessMlops.Cli.Local;

namespace ServerlessMlops.Cli.Tests.Local;

public sealed class FunctionAppTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private LocalFolders Folders => new(_folder.Path, Path.Combine(_folder.Path, ".mlops"));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("      Now listening on: http://127.0.0.1:41234", "http://127.0.0.1:41234/")]
    [InlineData("Now listening on: http://127.0.0.1:7071 ", "http://127.0.0.1:7071/")]
    [InlineData("listening", null)]
    [InlineData("Now listening on: nowhere", null)]
    public void ParseAddress_Line_GivesItsAddress(string line, string? expected) =>
        FunctionApp.ParseAddress(line)?.AbsoluteUri.ShouldBe(expected);

    [Fact]
    public void Settings_OnlyTheSample_GivesItsValuesWithOurStorage()
    {
        _folder.Write("local.settings.sample.json", """{ "Values": { "AzureWebJobsStorage": "other", "RETRAIN_SCHEDULE": "0 0 2 * * *" } }""");

        FunctionApp.Settings(Folders, "ours").ShouldBe(
            new Dictionary<string, string> { ["AzureWebJobsStorage"] = "ours", ["RETRAIN_SCHEDULE"] = "0 0 2 * * *" }, ignoreOrder: true);
    }

    [Fact]
    public void Settings_OwnFile_WinsOverTheSample()
    {
        _folder.Write("local.settings.sample.json", """{ "Values": { "RETRAIN_SCHEDULE": "sample" } }""");
        _folder.Write("local.settings.json", """{ "Values": { "RETRAIN_SCHEDULE": "own" /* a comment */ }, }""");

        FunctionApp.Settings(Folders, "ours")["RETRAIN_SCHEDULE"].ShouldBe("own");
    }

    [Fact]
    public void Settings_FileIsBroken_NamesIt()
    {
        string file = _folder.Write("local.settings.json", "{ broken");

        Should.Throw<CliException>(() => FunctionApp.Settings(Folders, "ours")).Message.ShouldContain(file);
    }

    [Theory]
    [InlineData("v20.11.0", 20)]
    [InlineData("v9.1.2", 9)]
    [InlineData("", null)]
    [InlineData("command not found", null)]
    public void Major_OfNodeVersion_IsItsFirstNumber(string version, int? expected) => NodeRuntime.Major(version).ShouldBe(expected);
}
