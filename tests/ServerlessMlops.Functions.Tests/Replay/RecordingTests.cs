using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Engine;
using Microsoft.DurableTask.Engine.History;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Approvals;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Monitoring;
using ServerlessMlops.Functions.Rollout;
using ServerlessMlops.Functions.Tests.Hosting;
using ServerlessMlops.Functions.Training;

namespace ServerlessMlops.Functions.Tests.Replay;

/// <summary>Runs every orchestrator of the product once and replays what it did; with <c>RECORD_HISTORIES=1</c> it keeps the histories as the golden ones.</summary>
[Collection(TestAppCollection.Name)]
public sealed class RecordingTests(TestApp app)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public async Task EveryOrchestrator_AsItRunsToday_ReplaysToTheSame()
    {
        var ids = new Dictionary<string, string>();
        string pipeline = app.NewPipeline();

        // A training with a search, whose model goes live at once.
        Run training = await app.TrainAsync(pipeline, "target: heavy\nkey: id\ntrain: {candidates: [baseline, boosting], search: {trials: 2}}\n");
        training.Status.ShouldBe(RunStatus.Succeeded, training.Reason);
        ids["training-search"] = training.Id;
        ids["ingestion"] = (await app.RunAsync(pipeline, "the ingestion", r => r.Kind == RunKind.Ingestion)).Id;
        ids["rollout-replace"] = (await app.RunAsync(pipeline, "version 1 is live", r => r is { Kind: RunKind.Rollout, IsEnded: true })).Id;
        await EndedAsync(training.Id);

        // The night asks for a training of every pipeline; nothing has changed, so this one says so.
        await ActivatorUtilities.CreateInstance<NightlyRetrain>(app.Services).Run(new TimerInfo(), app.Durable, default);
        Run nightly = await app.RunAsync(pipeline, "the nightly training", r => r is { Kind: RunKind.Training, IsEnded: true } && r.Inputs.Any(i => i.Id == "nightly"));
        nightly.Status.ShouldBe(RunStatus.Cached);
        ids["nightly"] = nightly.Id;

        // The hourly check.
        var until = new DateTimeOffset(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
        ids["monitor"] = MonitorTimer.InstanceId(until);
        await app.Durable.StartOnceAsync(nameof(MonitorOrchestrator), ids["monitor"], new MonitorInput(until), default);

        // A file to score.
        BlobContainerClient scoring = new BlobServiceClient(app.ConnectionString).GetBlobContainerClient("scoring");
        await scoring.CreateIfNotExistsAsync();
        await scoring.GetBlobClient($"{pipeline}/rows.csv").UploadAsync(BinaryData.FromString(TestApp.Rows(50, 3)));
        ids["scoring"] = (await app.RunAsync(pipeline, "the file is answered", r => r is { Kind: RunKind.Scoring, IsEnded: true })).Id;

        // The next version asks a person, then goes out as a canary, until somebody promotes it by hand.
        await app.PutSpecAsync(pipeline, "target: heavy\nkey: id\ntrain: {candidates: [linear]}\ndeploy: {strategy: canary, steps: [5%, 100%], hold: 6s, approval: manual}\n");
        await app.UploadAsync($"{pipeline}/rows-2.csv", TestApp.Rows(600, 2));
        ids["approval"] = ApprovalOrchestrator.RunId(pipeline, 2);
        await app.RunAsync(pipeline, "a person is asked", r => r.Id == ids["approval"] && r.Status == RunStatus.Waiting);
        await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/runs/{ids["approval"]}/approval", new { decision = "approve", why = "looks right" });
        ids["rollout-canary"] = RolloutOrchestrator.RunId(pipeline, 2);
        await TestApp.EventuallyAsync(
            async () => (await HistoryAsync(ids["rollout-canary"])).OfType<TaskScheduled>().Any(t => t.Name == nameof(RolloutActivities.JudgeStep)), () => "the canary is watched");
        await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/promote", new { version = 2, why = "by hand" });

        foreach ((string name, string id) in ids)
        {
            await EndedAsync(id);
            IReadOnlyList<HistoryEvent> history = await HistoryAsync(id);
            ProductOrchestrators.FirstDifference(id, history).ShouldBeNull(name);
            if (Environment.GetEnvironmentVariable("RECORD_HISTORIES") == "1")
            {
                string text = JsonNode.Parse(HistoryJson.Write(history))!.ToJsonString(Indented);
                await File.WriteAllTextAsync(Path.Combine(GoldenHistoryTests.Folder, $"{name}.json"), text + "\n");
            }
        }
    }

    private async Task<IReadOnlyList<HistoryEvent>> HistoryAsync(string id) => (await app.Hub.Engine.Store.LoadAsync(id, default))?.History ?? [];

    private async Task EndedAsync(string id)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        OrchestrationMetadata ended = await app.Durable.WaitForInstanceCompletionAsync(id, deadline.Token);
        ended.RuntimeStatus.ShouldBe(OrchestrationRuntimeStatus.Completed, $"{id}: {ended.FailureDetails?.ErrorMessage}");
    }
}
