using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Sas;
using ServerlessMlops.Cli.Tests.ControlPlane;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Cli.Tests.Commands;

/// <summary><c>mlops upload</c>: a link from the app, a file by the link, and what became of it.</summary>
public sealed class UploadCommandTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>, IAsyncLifetime
{
    private FakeControlPlane _app = null!;

    public async Task InitializeAsync() => _app = await FakeControlPlane.StartAsync();

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [Fact]
    public async Task Upload_ANewFile_SendsItByTheLink()
    {
        using var folder = new TemporaryFolder();
        string pipeline = azurite.UniqueName("birds");
        await GiveLinkAsync(pipeline, "2026/a.csv");

        CliOutcome outcome = await RunAsync("upload", folder.Write("a.csv", "a,b\n1,2\n"), "-p", pipeline, "--name", "2026/a.csv", "--minutes", "5", "--json");

        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Error);
        JsonDocument.Parse(_app.Requests.Single().Body).RootElement.ToString().ShouldBe("""{"name":"2026/a.csv","minutes":5}""");
        BlobClient blob = Blob($"{pipeline}/2026/a.csv");
        (await blob.DownloadContentAsync()).Value.Content.ToString().ShouldBe("a,b\n1,2\n");
        var properties = (await blob.GetPropertiesAsync()).Value;
        properties.ContentType.ShouldBe("text/csv");
        properties.ContentHash.ShouldNotBeNull();
        JsonElement facts = JsonDocument.Parse(outcome.Output).RootElement;
        facts.GetProperty("runId").GetString().ShouldBe(new Upload($"{pipeline}/2026/a.csv", properties.ETag.ToString().Trim('"')).RunId);
        facts.GetProperty("bytes").GetInt64().ShouldBe(8);
    }

    [Fact]
    public async Task Upload_Follow_TellsHowItsOwnRunEnded()
    {
        using var folder = new TemporaryFolder();
        string pipeline = azurite.UniqueName("birds");
        await GiveLinkAsync(pipeline, "a.csv");
        _app.On($"GET /api/pipelines/{pipeline}/runs", _ => Answer.Json(new
        {
            items = new[]
            {
                Samples.Run(RunKind.Ingestion, RunStatus.Succeeded, "kept", id: "ingest-another"),
                Samples.Run(RunKind.Ingestion, RunStatus.Rejected, "checking", "column 'b' is missing", new Upload($"{pipeline}/a.csv", Blob($"{pipeline}/a.csv").GetProperties().Value.ETag.ToString().Trim('"')).RunId),
            },
        }));

        CliOutcome outcome = await RunAsync("upload", folder.Write("a.csv", "a\n1\n"), "-p", pipeline, "--follow");

        outcome.ExitCode.ShouldBe(ExitCode.Failed);
        outcome.Error.ShouldContain("The ingestion ended as rejected at 'checking': column 'b' is missing");
    }

    [Fact]
    public async Task Upload_OverWhatIsThere_FailsAndChangesNothing()
    {
        using var folder = new TemporaryFolder();
        string pipeline = azurite.UniqueName("birds");
        await GiveLinkAsync(pipeline, "a.csv");
        await Blob($"{pipeline}/a.csv").UploadAsync(BinaryData.FromString("first\n"));

        CliOutcome outcome = await RunAsync("upload", folder.Write("a.csv", "second\n"), "-p", pipeline);

        outcome.ExitCode.ShouldBe(ExitCode.Failed);
        outcome.Error.ShouldContain("a file of that name was dropped meanwhile");
        outcome.Error.ShouldNotContain("sig=");
        (await Blob($"{pipeline}/a.csv").DownloadContentAsync()).Value.Content.ToString().ShouldBe("first\n");
    }

    [Fact]
    public async Task Upload_LinkOnly_PrintsACommandThatWorksForAnybody()
    {
        string pipeline = azurite.UniqueName("birds");
        Uri url = await GiveLinkAsync(pipeline, "it's.csv");

        CliOutcome outcome = await RunAsync("upload", "it's.csv", "-p", pipeline, "--link");

        outcome.ExitCode.ShouldBe(ExitCode.Success, outcome.Error);
        outcome.Output.ShouldContain($"curl -fsS -X PUT -H 'x-ms-blob-type: BlockBlob' -T 'it'\\''s.csv' '{url.AbsoluteUri}'");
        (await Blob($"{pipeline}/it's.csv").ExistsAsync()).Value.ShouldBeFalse();
    }

    [Theory]
    [InlineData("../other/a.csv")]
    [InlineData("a//b.csv")]
    [InlineData("%2e%2e/a.csv")]
    public async Task Upload_NameThatIsNone_AsksNobody(string name)
    {
        using var folder = new TemporaryFolder();

        CliOutcome outcome = await RunAsync("upload", folder.Write("a.csv", "a\n"), "-p", "birds", "--name", name);

        outcome.ExitCode.ShouldBe(ExitCode.Usage);
        outcome.Error.ShouldContain("cannot be the name of an upload");
        _app.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Upload_NoSuchFile_AsksForNoLink()
    {
        (await RunAsync("upload", "/nowhere/a.csv", "-p", "birds")).Error.ShouldContain("There is no file '/nowhere/a.csv'");
        _app.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Upload_LargerThanALinkTakes_SaysWhatElseWorks()
    {
        using var folder = new TemporaryFolder();
        string pipeline = azurite.UniqueName("birds");
        await GiveLinkAsync(pipeline, "a.csv", largestFile: 10);

        CliOutcome outcome = await RunAsync("upload", folder.Write("a.csv", "more than ten bytes\n"), "-p", pipeline);

        outcome.ExitCode.ShouldBe(ExitCode.Usage);
        outcome.Error.ShouldContain("a link takes 10 B at most");
    }

    private async Task<Uri> GiveLinkAsync(string pipeline, string name, long largestFile = 5_000L << 20)
    {
        BlobClient blob = Blob($"{pipeline}/{name}");
        await new BlobContainerClient(azurite.ConnectionString, "uploads").CreateIfNotExistsAsync();
        DateTimeOffset expiresAt = TimeProvider.System.GetUtcNow().AddMinutes(5);
        Uri url = blob.GenerateSasUri(BlobSasPermissions.Create, expiresAt);
        _app.On($"POST /api/pipelines/{pipeline}/uploads", _ => Answer.Json(new { path = $"{pipeline}/{name}", url, expiresAt, largestFile }, 201));
        return url;
    }

    private BlobClient Blob(string path) => new(azurite.ConnectionString, "uploads", path, new BlobClientOptions(BlobClientOptions.ServiceVersion.V2021_12_02));

    private Task<CliOutcome> RunAsync(params string[] arguments) => CliRunner.RunAsync([.. arguments, "--url", _app.Url]);
}
