using System.Globalization;
using System.Net;
using System.Text.Json;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Feedback;
using ServerlessMlops.Functions.Labelling;
using ServerlessMlops.Functions.Tests.Hosting;

namespace ServerlessMlops.Functions.Tests.Labelling;

/// <summary>Asked for labels, answered, joined: on the whole app.</summary>
[Collection(TestAppCollection.Name)]
public sealed class LabellingTests(TestApp app)
{
    private BlobServiceClient Blobs => new(app.ConnectionString);

    [Fact]
    public async Task Request_FilledInAndDropped_IsJoined_AndWhatIsLeftIsReviewed()
    {
        string pipeline = app.NewPipeline();
        (await app.TrainAsync(pipeline, TestApp.Spec + "labelling: {rows: 12}\nscoring: {review: {between: {atLeast: 0, atMost: 1}}}\n")).Status.ShouldBe(RunStatus.Succeeded);
        await Blobs.GetBlobContainerClient("pipelines").GetBlobClient($"{pipeline}.labelling.md").UploadAsync(BinaryData.FromString("Heavy is from 5 kg on."));
        int scored = await ScoreAsync(pipeline, 40);
        string day = TimeProvider.System.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

        // Asked twice, also at once, it is one file.
        (HttpStatusCode status, JsonElement body) = await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/labelling?day={day}");
        status.ShouldBe(HttpStatusCode.Created, body.ToString());
        (body.GetProperty("rows").GetInt32(), body.GetProperty("of").GetInt32()).ShouldBe((12, scored));
        (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/labelling?day={day}")).Body.GetProperty("reason").GetString()!.ShouldContain("was written before");
        (await app.GetAsync<string[]>($"api/pipelines/{pipeline}/labelling")).ShouldBe([day]);

        BlobContainerClient labels = Blobs.GetBlobContainerClient("labels");
        string csv = (await labels.GetBlobClient($"{pipeline}/requests/{day}.csv").DownloadContentAsync()).Value.Content.ToString();
        (await app.Http.GetStringAsync($"api/pipelines/{pipeline}/labelling/{day}")).ShouldBe(csv);
        (await labels.GetBlobClient($"{pipeline}/requests/{day}.md").DownloadContentAsync()).Value.Content.ToString().ShouldContain("Heavy is from 5 kg on.");
        string[] lines = csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        lines.Skip(1).Sum(line => double.Parse(line.Split(',')[4], CultureInfo.InvariantCulture)).ShouldBe(scored, 0.01);

        // One half dropped elsewhere, the other filled in where the request stands.
        await labels.GetBlobClient($"{pipeline}/answers/{day}.csv").UploadAsync(BinaryData.FromString(Filled(lines, i => i <= 6)));
        Run first = await AnsweredAsync(pipeline, $"{pipeline}/answers/{day}.csv");
        first.Status.ShouldBe(RunStatus.Succeeded, first.Reason);
        first.Outputs[0].Id.ShouldBe("6");
        await labels.GetBlobClient($"{pipeline}/requests/{day}.csv").UploadAsync(BinaryData.FromString(Filled(lines, i => i > 6)), overwrite: true);
        Run second = await AnsweredAsync(pipeline, $"{pipeline}/requests/{day}.csv");
        second.Status.ShouldBe(RunStatus.Succeeded, second.Reason);
        second.Outputs[0].Id.ShouldBe("6");

        // The queue: what is labelled is not in it; a decision is a label, a later one corrects it.
        ReviewQueue queue = await app.GetAsync<ReviewQueue>($"api/pipelines/{pipeline}/reviews?margin=1&top=1000");
        queue.Items.Count.ShouldBe(scored - 12);
        (await app.GetAsync<ReviewQueue>($"api/pipelines/{pipeline}/reviews?top=1000")).Items.Count.ShouldBe(scored - 12, "the spec marks every answer");
        (await app.GetAsync<ReviewQueue>($"api/pipelines/{pipeline}/reviews?margin=0&top=1000")).Items.ShouldBeEmpty();
        string id = queue.Items[0].InferenceId;
        lines.ShouldNotContain(line => line.StartsWith(id + ",", StringComparison.Ordinal));
        (status, body) = await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/reviews/{id}", new { label = "yes", why = "seen it" });
        status.ShouldBe(HttpStatusCode.Accepted, body.ToString());
        string runId = body.GetProperty("runId").GetString()!;
        (await app.RunAsync(pipeline, "the decision is joined", run => run.Id == runId && run.IsEnded)).Outputs[0].Id.ShouldBe("1");
        (await app.GetAsync<ReviewQueue>($"api/pipelines/{pipeline}/reviews?margin=1&top=1000")).Items.ShouldNotContain(item => item.InferenceId == id);
        (await app.GetAsync<LabelCoverage>($"api/pipelines/{pipeline}/labels")).Labelled.ShouldBe(13);
        (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/reviews/{id}", new { label = "perhaps" })).Body.GetProperty("detail").GetString()!.ShouldContain("expected one of");
    }

    [Fact]
    public async Task Requests_NothingToAsk_SayWhy()
    {
        string pipeline = app.NewPipeline();
        (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/labelling")).Status.ShouldBe(HttpStatusCode.NotFound);
        await app.PutSpecAsync(pipeline, TestApp.Spec);
        (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/labelling")).Body.GetProperty("reason").GetString()!.ShouldContain("no live model");
        (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/labelling?day=yesterday")).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await app.SendAsync(HttpMethod.Get, $"api/pipelines/{pipeline}/labelling/2026-01-01")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await app.SendAsync(HttpMethod.Get, $"api/pipelines/{pipeline}/reviews?hours=0")).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/reviews/other.2026010100.00000000.0.0", new { label = "yes" })).Status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Timer_OnePipelineInTrouble_TheOthersAreAskedForAllTheSame()
    {
        string faulty = app.NewPipeline("aa"), well = app.NewPipeline("zz");
        await app.PutSpecAsync(well, TestApp.Spec);
        await Blobs.GetBlobContainerClient("pipelines").GetBlobClient($"{faulty}.yaml").UploadAsync(BinaryData.FromString("nonsense: ["));
        var timer = new LabelRequestTimer(
            app.Services.GetRequiredService<LabelRequests>(), app.Services.GetRequiredService<IPipelineStore>(), NullLogger<LabelRequestTimer>.Instance);
        await timer.Run(new Microsoft.Azure.Functions.Worker.TimerInfo(), default);
        await Should.ThrowAsync<Functions.Pipelines.SpecFaultException>(() => app.Services.GetRequiredService<LabelRequests>().WriteAsync(faulty, new DateOnly(2026, 3, 1), default));
        await Blobs.GetBlobContainerClient("pipelines").DeleteBlobAsync($"{faulty}.yaml");
    }

    private static string Filled(string[] lines, Func<int, bool> answered) =>
        string.Join("\r\n", lines.Select((line, i) => i == 0 || !answered(i) ? line : line + (i % 2 == 0 ? "yes" : "no"))) + "\r\n";

    private Task<Run> AnsweredAsync(string pipeline, string path) =>
        app.RunAsync(pipeline, $"{path} is joined", run => run is { Kind: RunKind.Labels, IsEnded: true } && run.Inputs[0].Id == path);

    private async Task<int> ScoreAsync(string pipeline, int rows)
    {
        int answered = 0;
        await TestApp.EventuallyAsync(
            async () =>
            {
                object[] records = [.. Enumerable.Range(0, rows).Select(i => (object)new { id = $"s{i}", weight = (i % 10) + 0.5, height = 0.5, colour = "red" })];
                (HttpStatusCode status, JsonElement body) = await app.SendAsync(HttpMethod.Post, $"models/{pipeline}/invocations", new { dataframe_records = records });
                answered += status == HttpStatusCode.OK ? body.GetProperty("predictions").GetArrayLength() : 0;
                return status == HttpStatusCode.OK;
            },
            () => "the model answers");
        return answered;
    }
}
