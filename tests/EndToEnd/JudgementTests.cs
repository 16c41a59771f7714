using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using ServerlessMlops.EndToEnd.Harness;

namespace ServerlessMlops.EndToEnd;

/// <summary>
/// One pipeline whose challenger wins, then one whose challenger only seems to, then one whose challenger loses: real uploads, real trainings, and the
/// three verdicts in words.
/// </summary>
public sealed class JudgementTests(AppFixture fixture) : IClassFixture<AppFixture>
{
    private const string Gates = "gates: [auc > champion, size_mb <= 20, latency_p99_ms <= 1000]";

    [Fact]
    public async Task Train_Challengers_WinOnlyWhereTheEvidenceIsThere()
    {
        string pipeline = fixture.UniqueName("judged");
        await fixture.App.PutSpecAsync(pipeline, Spec("boosting", Gates));
        RunView first = await TrainAsync(pipeline, "1.csv", Rows(0, 400));
        first.Status.ShouldBe("succeeded", first.ToString());
        first.Reason.ShouldNotBeNull().ShouldContain("It passed 3 of 3 gates");

        // Ten times the data: the challenger has learned more.
        RunView better = await TrainAsync(pipeline, "2.csv", Rows(400, 6000));
        better.Status.ShouldBe("succeeded", better.ToString());
        better.Reason.ShouldNotBeNull().ShouldContain("It beats version 1, which serves (auc ");
        await fixture.App.RunAsync(pipeline, "version 2 serves", run => run.Kind == "rollout" && run.IsEnded && run.Id.Contains('2'));

        // Hardly more data: as good a model, a little better or worse by chance.
        RunView same = await TrainAsync(pipeline, "3.csv", Rows(6400, 50));
        same.Status.ShouldBe("rejected", same.ToString());
        same.Reason.ShouldNotBeNull().ShouldContain("the difference is inside the noise (");
        same.Reason.ShouldNotBeNull().ShouldContain("gate 'auc > champion' has insufficient evidence: auc is 0.");

        // A spec that asks for too simple a model.
        await fixture.App.PutSpecAsync(pipeline, Spec("baseline", Gates));
        RunView worse = await TrainAsync(pipeline, "4.csv", Rows(6450, 100));
        worse.Status.ShouldBe("rejected", worse.ToString());
        worse.Reason.ShouldNotBeNull().ShouldContain("It loses to version 2, which serves (auc ");
        worse.Reason.ShouldNotBeNull().ShouldContain("more than chance explains (");
        worse.Reason.ShouldNotBeNull().ShouldContain("gate 'auc > champion' failed: auc is 0.5");

        (await fixture.App.VersionsAsync(pipeline)).ShouldBe([2, 1]);
        JsonElement report = await GetAsync($"api/pipelines/{pipeline}/models/2/evaluation");
        report.GetProperty("sandbox").GetProperty("verdict").GetString().ShouldBe("passed");
        report.GetProperty("comparisons")[0].GetProperty("outcome").GetString().ShouldBe("wins");
        report.GetProperty("models").EnumerateArray().Select(m => m.GetProperty("name").GetString()).ShouldBe(["boosting", "champion"]);
        report.GetProperty("models")[0].GetProperty("slices").GetArrayLength().ShouldBe(2);
        JsonElement rejected = await GetAsync($"api/pipelines/{pipeline}/runs/{worse.Id}/evaluation");
        rejected.GetProperty("gates")[0].GetProperty("verdict").GetString().ShouldBe("failed");
        JsonElement card = await GetAsync($"api/pipelines/{pipeline}/models/2");
        card.GetProperty("evaluation").GetProperty("comparison").GetProperty("outcome").GetString().ShouldBe("wins");
    }

    [Fact]
    public async Task Train_ModelThatMisbehaves_IsHeldBackByItsTest()
    {
        string pipeline = fixture.UniqueName("behaved");
        await fixture.App.PutSpecAsync(pipeline, Spec("linear", "tests: [{monotonic: {column: speed, direction: down}}, {monotonic: {column: speed}}, {invariant: {column: sex}, tolerance: 0.2}, {leakage: {}}, {overlap: {}}]"));

        RunView run = await TrainAsync(pipeline, "1.csv", Rows(0, 600));

        run.Status.ShouldBe("rejected", run.ToString());
        run.Reason.ShouldNotBeNull().ShouldContain("It is not registered: test 'monotonic speed down' failed: the prediction never rises by more than 0 as speed rises in all but ");
        JsonElement report = await GetAsync($"api/pipelines/{pipeline}/runs/{run.Id}/evaluation");
        report.GetProperty("tests").EnumerateArray().Select(t => t.GetProperty("verdict").GetString()).ShouldBe(["failed", "passed", "passed", "passed", "passed"]);
    }

    private static string Spec(string candidate, string rest) => $"""
        target: late
        key: id
        columns: {'{'} sex: {'{'}type: category, sensitive: true{'}'} {'}'}
        train: {'{'} candidates: [{candidate}] {'}'}
        {rest}
        """;

    /// <summary>Rows whose chance of being late hangs on two columns together, which takes many rows to learn.</summary>
    private static byte[] Rows(int from, int count)
    {
        var text = new StringBuilder("id,speed,load,sex,late\n");
        for (int id = from; id < from + count; id++)
        {
            var random = new Random(id);
            double speed = random.NextDouble() * 10, load = random.NextDouble() * 10;
            double logit = (speed - 5) * 0.5 + (Math.Sin(speed) * Math.Cos(load) * 3);
            text.Append(CultureInfo.InvariantCulture, $"k{id},{speed:0.###},{load:0.###},{(random.Next(2) == 0 ? "f" : "m")},{(random.NextDouble() < 1 / (1 + Math.Exp(-logit)) ? "yes" : "no")}\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Drops a file and waits for the training that it brings.</summary>
    private async Task<RunView> TrainAsync(string pipeline, string name, byte[] content)
    {
        HashSet<string> before = [.. (await fixture.App.RunsAsync(pipeline)).Select(run => run.Id)];
        await Uploads.DropAsync(fixture.ConnectionString, $"{pipeline}/{name}", content);
        return await fixture.App.RunAsync(pipeline, $"the training on {name} has ended", run => run.Kind == "training" && run.IsEnded && !before.Contains(run.Id));
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        (HttpStatusCode status, string body) = await fixture.App.GetTextAsync(path);
        status.ShouldBe(HttpStatusCode.OK, body);
        return JsonDocument.Parse(body).RootElement;
    }
}
