using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Tests.Hosting;

namespace ServerlessMlops.Functions.Tests.Registry;

[Collection(TestAppCollection.Name)]
public sealed class CardApiTests(TestApp app)
{
    [Fact]
    public async Task Card_ByAcceptHeader_IsAPageMarkdownOrJson()
    {
        string pipeline = app.NewPipeline();
        (await app.TrainAsync(pipeline, TestApp.Spec)).Status.ShouldBe(RunStatus.Succeeded);

        using HttpResponseMessage page = await GetAsync(pipeline, "text/html,application/xhtml+xml,*/*;q=0.8");
        using HttpResponseMessage text = await GetAsync(pipeline, "*/*");
        using HttpResponseMessage json = await GetAsync(pipeline, "application/json");

        page.Content.Headers.ContentType!.ToString().ShouldBe("text/html; charset=utf-8");
        page.Headers.GetValues("Content-Security-Policy").Single().ShouldStartWith("default-src 'none'");
        page.Headers.Vary.ShouldContain("Accept");
        (await page.Content.ReadAsStringAsync()).ShouldContain($"<h1>{pipeline}, version 1</h1>");
        text.Content.Headers.ContentType!.MediaType.ShouldBe("text/markdown");
        string markdown = await text.Content.ReadAsStringAsync();
        markdown.ShouldContain($"| upload | `{pipeline}/rows-1.csv` |");
        markdown.ShouldContain("| seed | `20260101` |");
        json.Content.Headers.ContentType!.MediaType.ShouldBe("application/json");
        (await app.SendAsync(HttpMethod.Get, $"api/pipelines/{pipeline}/models/9/card")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Overview_TrainedPipeline_SaysWhatServesAndWhatHappened()
    {
        string pipeline = app.NewPipeline();
        (await app.TrainAsync(pipeline, TestApp.Spec)).Status.ShouldBe(RunStatus.Succeeded);
        await app.RunAsync(pipeline, "the rollout has ended", run => run is { Kind: RunKind.Rollout, IsEnded: true });

        using HttpResponseMessage page = await GetAsync(pipeline, "text/html", "overview");
        using HttpResponseMessage text = await GetAsync(pipeline, "*/*", "overview");
        using HttpResponseMessage json = await GetAsync(pipeline, "application/json", "overview");

        page.Headers.GetValues("Content-Security-Policy").Single().ShouldStartWith("default-src 'none'");
        (await page.Content.ReadAsStringAsync()).ShouldContain($"<h1>{pipeline}</h1>");
        string markdown = await text.Content.ReadAsStringAsync();
        markdown.ShouldContain("**version 1 serves**");
        markdown.ShouldContain($"`train-{pipeline}-1`");
        JsonElement overview = JsonDocument.Parse(await json.Content.ReadAsStringAsync()).RootElement;
        overview.GetProperty("live").GetProperty("version").GetInt32().ShouldBe(1);
        overview.GetProperty("runs").GetArrayLength().ShouldBe(3);
        (await app.SendAsync(HttpMethod.Get, $"api/pipelines/{app.NewPipeline()}/overview")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Listings_ByAcceptHeader_ArePagesThatLeadOnOrJson()
    {
        string pipeline = app.NewPipeline();
        (await app.TrainAsync(pipeline, TestApp.Spec)).Status.ShouldBe(RunStatus.Succeeded);

        foreach (string what in (string[])["models", "runs", $"runs/train-{pipeline}-1", "ledger", "alerts"])
        {
            using HttpResponseMessage page = await GetAsync(pipeline, "text/html,*/*;q=0.8", what);
            using HttpResponseMessage json = await GetAsync(pipeline, "*/*", what);

            page.Content.Headers.ContentType!.MediaType.ShouldBe("text/html", what);
            page.Headers.GetValues("Content-Security-Policy").Single().ShouldStartWith("default-src 'none'");
            page.Headers.Vary.ShouldContain("Accept");
            (await page.Content.ReadAsStringAsync()).ShouldContain($"href=\"/api/pipelines/{pipeline}/overview\"");
            json.Content.Headers.ContentType!.MediaType.ShouldBe("application/json", what);
        }

        using HttpResponseMessage keyed = await GetAsync(pipeline, "text/html", "runs?code=a%22b");
        keyed.Headers.CacheControl!.NoStore.ShouldBeTrue();
        (await keyed.Content.ReadAsStringAsync()).ShouldContain("/overview?code=a%22b");
    }

    private async Task<HttpResponseMessage> GetAsync(string pipeline, string accept, string what = "models/1/card")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"api/pipelines/{pipeline}/{what}");
        foreach (string part in accept.Split(','))
        {
            request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(part));
        }

        HttpResponseMessage answer = await app.Http.SendAsync(request);
        answer.IsSuccessStatusCode.ShouldBeTrue(await answer.Content.ReadAsStringAsync());
        return answer;
    }
}
