using System.Net;
using System.Text.Json;
using ServerlessMlops.Core.Rollout.Replay;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Tests.Hosting;

namespace ServerlessMlops.Functions.Tests.Rollout;

/// <summary>Replays in the whole app: from answered requests to the comparison, and nothing else touched.</summary>
[Collection(TestAppCollection.Name)]
public sealed class ReplayRunTests(TestApp app)
{
    [Fact]
    public async Task Replay_OfAnotherVersion_ComparesWhatWasAnsweredAndTouchesNoTraffic()
    {
        string pipeline = app.NewPipeline("replay");
        await app.TrainAsync(pipeline, TestApp.Spec);
        await app.RunAsync(pipeline, "version 1 serves", run => run is { Kind: RunKind.Rollout, Status: RunStatus.Succeeded });
        await app.UploadAsync($"{pipeline}/wrong.csv", TestApp.Rows(3000, 2).Replace(",no\n", ",yes\n", StringComparison.Ordinal) + "last,0.1,0.5,red,no\n" + TestApp.Rows(40, 3));
        for (int i = 0; i < 30; i++)
        {
            (HttpStatusCode status, JsonElement answer) = await app.SendAsync(HttpMethod.Post, $"models/{pipeline}/invocations", new
            {
                dataframe_split = new { columns = new[] { "id", "weight", "height", "colour" }, data = new object[] { new object[] { $"k{i}", i / 3.0, 0.5, i % 3 == 0 ? "red" : "blue" } } },
            });
            status.ShouldBe(HttpStatusCode.OK, answer.ToString());
        }

        await app.RunAsync(pipeline, "version 2 serves", run => run is { Kind: RunKind.Rollout, IsEnded: true } && run.Id.EndsWith("-2", StringComparison.Ordinal));
        long requestsBefore = await RequestsAsync(pipeline, 2);

        ReplayReport same = await ReplayAsync(pipeline, 1, new { k1 = "no", k29 = "yes" });
        ReplayReport other = await ReplayAsync(pipeline, 2, null);

        same.Sums.Rows.ShouldBeGreaterThanOrEqualTo(30);
        same.Sums.ByVersion[1].ShouldBe(new ReplayedVersion(same.Sums.ByVersion[1].Rows, 0, same.Sums.ByVersion[1].Difference));
        same.Sums.ByVersion[1].Difference.ShouldBe(0, 1e-4, "the log is exact: the version that answered answers the same again");
        same.Sums.Labelled.Rows.ShouldBe(2);
        same.Metrics["accuracy"].Logged.ShouldBe(same.Metrics["accuracy"].Replayed);
        other.Sums.ByVersion[1].Flipped.ShouldBeGreaterThan(3);
        other.Sums.Flips.Keys.ShouldBe(["false -> true"]);
        other.OutputShift!.Value.ShouldBeGreaterThan(0.2);
        (await RequestsAsync(pipeline, 2)).ShouldBe(requestsBefore, "a replay is no traffic");
        (await app.GetAsync<JsonElement>($"api/pipelines/{pipeline}/deployment")).GetProperty("live").GetProperty("version").GetInt32().ShouldBe(2);
    }

    [Fact]
    public async Task Replay_OfAPeriodOrVersionThatIsNone_IsRefusedWithTheFix()
    {
        string pipeline = app.NewPipeline("replay");
        await app.PutSpecAsync(pipeline, TestApp.Spec);

        (HttpStatusCode noVersion, JsonElement answer) = await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/replays", new { version = 7 });
        (HttpStatusCode tooLong, _) = await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/replays", new { version = 1, from = "2026-01-01T00:00:00Z", to = "2026-01-20T00:00:00Z" });
        (HttpStatusCode unknown, _) = await app.SendAsync(HttpMethod.Get, $"api/pipelines/{pipeline}/replays/replay-none");

        noVersion.ShouldBe(HttpStatusCode.NotFound);
        answer.GetProperty("detail").GetString()!.ShouldContain("no model version 7");
        tooLong.ShouldBe(HttpStatusCode.BadRequest);
        unknown.ShouldBe(HttpStatusCode.NotFound);
    }

    private async Task<ReplayReport> ReplayAsync(string pipeline, int version, object? labels)
    {
        (HttpStatusCode status, JsonElement started) = await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/replays", new { version, labels });
        status.ShouldBe(HttpStatusCode.Accepted, started.ToString());
        string id = started.GetProperty("runId").GetString()!;
        await app.RunAsync(pipeline, "the replay has ended", run => run.Id == id && run.Status == RunStatus.Succeeded);
        return await app.GetAsync<ReplayReport>($"api/pipelines/{pipeline}/replays/{id}");
    }

    private async Task<long> RequestsAsync(string pipeline, int version) =>
        (await app.GetAsync<JsonElement>($"api/pipelines/{pipeline}/windows?version={version}")).GetProperty("report").GetProperty("requests").GetInt64();
}
