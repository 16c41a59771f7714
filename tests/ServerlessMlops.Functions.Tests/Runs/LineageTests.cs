using System.Text.Json;
using ServerlessMlops.Core.Lineage;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Tests.Hosting;

namespace ServerlessMlops.Functions.Tests.Runs;

/// <summary>The OpenLineage events of real runs.</summary>
[Collection(TestAppCollection.Name)]
public sealed class LineageTests(TestApp app)
{
    [Fact]
    public async Task Lineage_OfATraining_JoinsOntoThatOfItsIngestion()
    {
        string pipeline = app.NewPipeline();
        Run training = await app.TrainAsync(pipeline, TestApp.Spec);
        Run ingestion = await app.RunAsync(pipeline, "the ingestion", r => r.Kind == RunKind.Ingestion);

        JsonElement[] trained = await EventsAsync(training);
        JsonElement[] ingested = await EventsAsync(ingestion);

        trained.Select(e => e.GetProperty("eventType").GetString()).ShouldBe(["START", "COMPLETE"]);
        trained[0].GetProperty("run").GetProperty("runId").GetString().ShouldBe(OpenLineage.RunUuid(pipeline, training.Id, 1).ToString());
        string[] read = Names(trained[1], "inputs");
        string[] batches = Names(ingested[1], "outputs");
        batches.ShouldHaveSingleItem();
        read.ShouldContain(batches[0], "what the ingestion wrote is what the training read");
        read.ShouldContain($"{pipeline}/rows-1.csv");
        Names(ingested[0], "inputs").ShouldBe([$"{pipeline}/rows-1.csv"]);
        Names(trained[1], "outputs").ShouldBe([$"{pipeline}/1/model.onnx"]);
        JsonElement facts = trained[1].GetProperty("run").GetProperty("facets").GetProperty("serverlessMlops_run");
        (facts.GetProperty("seed").GetString(), facts.GetProperty("status").GetString()).ShouldBe(("20260101", "succeeded"));
    }

    [Fact]
    public async Task Lineage_OfARunThatWaitedForItsSpec_HasBothAttempts()
    {
        string pipeline = app.NewPipeline();
        await app.UploadAsync($"{pipeline}/early.csv", TestApp.Rows(100, 1));
        Run waiting = await app.RunAsync(pipeline, "the upload waits for a spec", r => r.Status == RunStatus.Waiting);
        await app.PutSpecAsync(pipeline, "target: heavy\nretrain: {onUpload: false}\n");
        await app.RunAsync(pipeline, "the second attempt has ended", r => r is { Attempt: 2, IsEnded: true });

        (await EventsAsync(waiting)).Select(e => e.GetProperty("eventType").GetString()).ShouldBe(["START", "ABORT", "START", "COMPLETE"]);
    }

    private static string[] Names(JsonElement lineageEvent, string side) =>
        [.. lineageEvent.GetProperty(side).EnumerateArray().Select(d => d.GetProperty("name").GetString()!).Where(n => !n.Contains("/specs/", StringComparison.Ordinal) && !n.EndsWith("manifest.json", StringComparison.Ordinal))];

    private async Task<JsonElement[]> EventsAsync(Run run) => await app.GetAsync<JsonElement[]>($"api/pipelines/{run.Pipeline}/runs/{run.Id}/lineage");
}
