using System.Text;
using Azure.Storage.Blobs;
using ServerlessMlops.Cli.Storage;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Cli.Tests.Storage;

public sealed class UploadContainerTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task Push_SameContentTwice_WritesOnce()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("year.csv", "a,b\n1,2\n");
        string pipeline = azurite.UniqueName("birds");
        var uploads = UploadContainer.Connect(azurite.ConnectionString);

        UploadResult first = await PushAsync(uploads, file, pipeline);
        string etag = await ETagAsync(first.Path);
        UploadResult second = await PushAsync(uploads, file, pipeline);

        first.ShouldBe(new UploadResult($"{pipeline}/year.csv", Uploaded: true, 8));
        second.ShouldBe(first with { Uploaded = false });
        (await ETagAsync(first.Path)).ShouldBe(etag);
    }

    [Fact]
    public async Task Push_SameLengthOtherContent_Writes()
    {
        using var folder = new TemporaryFolder();
        string pipeline = azurite.UniqueName("birds");
        var uploads = UploadContainer.Connect(azurite.ConnectionString);
        await PushAsync(uploads, folder.Write("year.csv", "a\n1\n"), pipeline);

        (await PushAsync(uploads, folder.Write("year.csv", "a\n2\n"), pipeline)).Uploaded.ShouldBeTrue();
        (await ReadAsync($"{pipeline}/year.csv")).ShouldBe("a\n2\n");
    }

    [Fact]
    public async Task Push_Forced_WritesAgain()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("year.csv", "a\n1\n");
        string pipeline = azurite.UniqueName("birds");
        var uploads = UploadContainer.Connect(azurite.ConnectionString);
        string etag = await ETagAsync((await PushAsync(uploads, file, pipeline)).Path);

        UploadResult again = await uploads.PushAsync(file, pipeline, "year.csv", force: true, progress: null, CancellationToken.None);

        again.Uploaded.ShouldBeTrue();
        (await ETagAsync(again.Path)).ShouldNotBe(etag);
    }

    [Fact]
    public async Task Push_EmptyFileInSubFolder_IsUploadedAsItIs()
    {
        using var folder = new TemporaryFolder();
        string pipeline = azurite.UniqueName("birds");
        var uploads = UploadContainer.Connect(azurite.ConnectionString);

        UploadResult result = await uploads.PushAsync(
            folder.Write("empty.csv", ""), pipeline, "2001/ünï code/empty.csv", force: false, progress: null, CancellationToken.None);

        (await ReadAsync(result.Path)).ShouldBe("");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\\b.csv")]
    [InlineData("a\nb.csv")]
    public async Task Push_NameThatNoBlobCanHave_IsRefused(string name)
    {
        using var folder = new TemporaryFolder();
        var uploads = UploadContainer.Connect(azurite.ConnectionString);

        CliException problem = await Should.ThrowAsync<CliException>(
            () => uploads.PushAsync(folder.Write("f.csv", "a\n"), "birds", name, force: false, progress: null, CancellationToken.None));

        problem.ExitCode.ShouldBe(ExitCode.Usage);
        problem.Message.ShouldContain("cannot be the name of an upload");
    }

    [Fact]
    public async Task Push_CredentialsAreWrong_NamesTheAccountAndTheFault()
    {
        using var folder = new TemporaryFolder();
        string wrong = azurite.ConnectionString.Replace(
            AzuriteProcess.AccountKey, Convert.ToBase64String(Encoding.UTF8.GetBytes("wrong")), StringComparison.Ordinal);

        CliException problem = await Should.ThrowAsync<CliException>(() => PushAsync(UploadContainer.Connect(wrong), folder.Write("f.csv", "a\n"), "birds"));

        problem.ExitCode.ShouldBe(ExitCode.Environment);
        problem.Message.ShouldContain("devstoreaccount1");
        problem.Message.ShouldContain("refused the request (403");
    }

    [Fact]
    public void Connect_NoConnectionString_SaysWhatIsExpected() =>
        Should.Throw<CliException>(() => UploadContainer.Connect("nonsense")).Message.ShouldContain("expected one as the Azure portal shows it", Case.Insensitive);

    private static Task<UploadResult> PushAsync(UploadContainer uploads, string file, string pipeline) =>
        uploads.PushAsync(file, pipeline, Path.GetFileName(file), force: false, progress: null, CancellationToken.None);

    private BlobClient Blob(string path) => new(
        azurite.ConnectionString, UploadContainer.Name, path, new BlobClientOptions(BlobClientOptions.ServiceVersion.V2021_12_02));

    private async Task<string> ETagAsync(string path) => (await Blob(path).GetPropertiesAsync()).Value.ETag.ToString();

    private async Task<string> ReadAsync(string path) => (await Blob(path).DownloadContentAsync()).Value.Content.ToString();
}
