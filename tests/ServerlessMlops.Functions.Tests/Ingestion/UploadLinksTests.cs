using System.Net;
using System.Text;
using System.Text.Json;
using Azure.Storage.Blobs;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Tests.Hosting;
using ServerlessMlops.Functions.Tests.Hosting.Security;

namespace ServerlessMlops.Functions.Tests.Ingestion;

/// <summary>Links by which somebody without any right on the account drops one file: over HTTP, used as that somebody would.</summary>
[Collection(KeyedAppCollection.Name)]
public sealed class UploadLinksTests(KeyedApp app)
{
    private static readonly HttpClient Somebody = new();

    [Fact]
    public async Task Link_UsedOnce_DropsAFileThatIsTakenIn()
    {
        string pipeline = await PipelineAsync();
        JsonElement link = await LinkAsync(pipeline, new { name = "2026/march rows.csv", minutes = 5 });

        (await PutAsync(Url(link), TestApp.Rows(60, 1))).ShouldBe(HttpStatusCode.Created);

        link.GetProperty("path").GetString().ShouldBe($"{pipeline}/2026/march rows.csv");
        link.GetProperty("expiresAt").GetDateTimeOffset().ShouldBeInRange(TimeProvider.System.GetUtcNow().AddMinutes(4), TimeProvider.System.GetUtcNow().AddMinutes(6));
        Run run = await app.RunAsync(pipeline, "the upload was taken in", r => r is { Kind: RunKind.Ingestion, IsEnded: true });
        run.Status.ShouldBe(RunStatus.Succeeded, run.Reason);
        run.Inputs.ShouldContain(input => input.Id == link.GetProperty("path").GetString());
    }

    [Fact]
    public async Task Link_DoesNothingElse()
    {
        string pipeline = await PipelineAsync();
        Uri url = Url(await LinkAsync(pipeline, new { name = "a.csv" }));
        Uri container = new(url.GetLeftPart(UriPartial.Path).Split($"/{pipeline}/")[0] + url.Query);
        Uri neighbour = new(url.AbsoluteUri.Replace("a.csv", "b.csv", StringComparison.Ordinal));
        (await PutAsync(url, "a,b\n1,2\n")).ShouldBe(HttpStatusCode.Created);

        foreach ((string what, HttpMethod method, Uri address) in ((string, HttpMethod, Uri)[])
                 [
                     ("overwrite", HttpMethod.Put, url), ("read", HttpMethod.Get, url), ("look", HttpMethod.Head, url), ("delete", HttpMethod.Delete, url),
                     ("write a block", HttpMethod.Put, With(url, "comp=block&blockid=AAAA")), ("create a neighbour", HttpMethod.Put, neighbour),
                     ("list", HttpMethod.Get, With(container, "restype=container&comp=list")), ("delete all", HttpMethod.Delete, With(container, "restype=container")),
                     ("last longer", HttpMethod.Put, new Uri(neighbour.AbsoluteUri.Replace("&se=20", "&se=21", StringComparison.Ordinal))),
                     ("write", HttpMethod.Put, new Uri(url.AbsoluteUri.Replace("sp=c", "sp=cw", StringComparison.Ordinal))),
                 ])
        {
            using var request = new HttpRequestMessage(method, address);
            if (method == HttpMethod.Put)
            {
                request.Content = new StringContent("x,y\n3,4\n");
                request.Headers.Add("x-ms-blob-type", "BlockBlob");
            }

            using HttpResponseMessage answer = await Somebody.SendAsync(request);
            answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden, what);
        }

        var blobs = new BlobServiceClient(app.ConnectionString).GetBlobContainerClient("uploads");
        (await blobs.GetBlobClient($"{pipeline}/a.csv").DownloadContentAsync()).Value.Content.ToString().ShouldBe("a,b\n1,2\n");
        (await blobs.GetBlobClient($"{pipeline}/b.csv").ExistsAsync()).Value.ShouldBeFalse();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("/a.csv")]
    [InlineData("a.csv/")]
    [InlineData("a//b.csv")]
    [InlineData("../other/a.csv")]
    [InlineData("a/../../other/a.csv")]
    [InlineData("./a.csv")]
    [InlineData("a./b.csv")]
    [InlineData("a\\..\\b.csv")]
    [InlineData("%2e%2e/other/a.csv")]
    [InlineData("a%00.csv")]
    [InlineData("a\u0000.csv")]
    [InlineData("a\r\nx: y.csv")]
    public async Task Link_ForANameThatIsNone_IsRefused(string? name)
    {
        (HttpStatusCode status, JsonElement problem) = await app.SendAsync(HttpMethod.Post, $"api/pipelines/{await PipelineAsync()}/uploads", new { name });

        status.ShouldBe(HttpStatusCode.BadRequest);
        problem.GetProperty("detail").GetString()!.ShouldContain("cannot be the name of an upload");
    }

    [Fact]
    public async Task Link_AsForWhatIsThereOrTooLongOrForNobody_IsRefused()
    {
        string pipeline = await PipelineAsync();
        await app.UploadAsync($"{pipeline}/there.csv", "a\n1\n");

        (await StatusAsync(pipeline, new { name = "there.csv" })).ShouldBe(HttpStatusCode.Conflict);
        (await StatusAsync(pipeline, new { name = "a.csv", minutes = 0 })).ShouldBe(HttpStatusCode.BadRequest);
        (await StatusAsync(pipeline, new { name = "a.csv", minutes = 1441 })).ShouldBe(HttpStatusCode.BadRequest);
        (await StatusAsync(pipeline, new { name = new string('a', 1024) })).ShouldBe(HttpStatusCode.BadRequest);
        (await StatusAsync(app.NewPipeline("nobody"), new { name = "a.csv" })).ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Link_IsNotKeptByCaches()
    {
        using var body = new StringContent("{\"name\": \"a.csv\"}", Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await app.Http.PostAsync($"api/pipelines/{await PipelineAsync()}/uploads", body);

        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
    }

    private static Uri Url(JsonElement link) => new(link.GetProperty("url").GetString()!);

    private static Uri With(Uri url, string query) => new($"{url.GetLeftPart(UriPartial.Path)}?{query}&{url.Query.TrimStart('?')}");

    private static async Task<HttpStatusCode> PutAsync(Uri url, string csv)
    {
        using var body = new StringContent(csv, Encoding.UTF8, "text/csv");
        body.Headers.Add("x-ms-blob-type", "BlockBlob");
        using HttpResponseMessage answer = await Somebody.PutAsync(url, body);
        return answer.StatusCode;
    }

    private async Task<string> PipelineAsync()
    {
        string pipeline = app.NewPipeline("link");
        await app.PutSpecAsync(pipeline, "target: heavy\nkey: id\nretrain: {onUpload: false}\n");
        return pipeline;
    }

    private async Task<JsonElement> LinkAsync(string pipeline, object wish)
    {
        (HttpStatusCode status, JsonElement link) = await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/uploads", wish);
        status.ShouldBe(HttpStatusCode.Created);
        return link;
    }

    private async Task<HttpStatusCode> StatusAsync(string pipeline, object wish) => (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/uploads", wish)).Status;
}
