using System.Net;
using System.Text.Json;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Monitoring;
using ServerlessMlops.Functions.Rollout;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Functions.Tests.Hosting;
using ServerlessMlops.Functions.Training;

namespace ServerlessMlops.Functions.Tests.Runs;

[Collection(TestAppCollection.Name)]
public sealed class RunVerbsTests(TestApp app)
{
    private IRunLog Runs => app.Services.GetRequiredService<IRunLog>();

    private ITrainingRequests Requests => app.Services.GetRequiredService<ITrainingRequests>();

    [Fact]
    public async Task Cancel_ATrainingThatRuns_EndsItAndLetsTheNextOneStart()
    {
        string pipeline = app.NewPipeline();
        using IDisposable held = await app.Services.GetRequiredService<TrainingSlot>().EnterAsync(default);
        await app.PutSpecAsync(pipeline, TestApp.Spec);
        await app.UploadAsync($"{pipeline}/rows.csv", TestApp.Rows(200, 1));
        Run run = await app.RunAsync(pipeline, "the training trains", r => r is { Kind: RunKind.Training, Stage: "training" });
        JsonElement progress = (await app.GetAsync<JsonElement>($"api/pipelines/{pipeline}/runs/{run.Id}")).GetProperty("progress");
        (progress.GetProperty("stage").GetString(), progress.GetProperty("of").GetInt32()).ShouldBe(("training", 2));

        (HttpStatusCode status, var body) = await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/runs/{run.Id}/cancel", new { why = "wrong file" });

        status.ShouldBe(HttpStatusCode.Accepted);
        body.GetProperty("status").GetString().ShouldBe("cancelled");
        Run after = (await Runs.GetAsync(pipeline, run.Id, default))!;
        after.Status.ShouldBe(RunStatus.Cancelled);
        after.Reason.ShouldBe("Cancelled by unverified:ada: wrong file");
        after.EndedAt.ShouldNotBeNull();
        (await Requests.GetAsync(pipeline, default)).Running.ShouldBeFalse();
        OrchestrationMetadata ended = await app.Durable.WaitForInstanceCompletionAsync(run.Id, new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token);
        ended.RuntimeStatus.ShouldBe(OrchestrationRuntimeStatus.Terminated);
    }

    [Fact]
    public async Task Cancel_Twice_IsOneCancellation()
    {
        string pipeline = app.NewPipeline();
        (Run run, _) = await HangingTrainingAsync(pipeline);

        (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/runs/{run.Id}/cancel", new { why = "first" })).Status.ShouldBe(HttpStatusCode.Accepted);
        (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/runs/{run.Id}/cancel", new { why = "second" })).Status.ShouldBe(HttpStatusCode.Accepted);

        (await Runs.GetAsync(pipeline, run.Id, default))!.Reason.ShouldBe("Cancelled by unverified:ada: first");
    }

    [Fact]
    public async Task Cancel_ARunThatEnded_IsRefusedWithItsStatus()
    {
        string pipeline = app.NewPipeline();
        await Runs.StartAsync(ARun(pipeline, $"train-{pipeline}-1", RunKind.Training, RunStatus.Succeeded), default);

        (HttpStatusCode status, var body) = await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/runs/train-{pipeline}-1/cancel");

        status.ShouldBe(HttpStatusCode.Conflict);
        body.GetProperty("detail").GetString()!.ShouldContain("has ended already (succeeded)");
    }

    [Fact]
    public async Task Cancel_ARollout_IsRefusedAndNamesTheVerbsThatDo()
    {
        string pipeline = app.NewPipeline();
        await Runs.StartAsync(ARun(pipeline, $"rollout-{pipeline}-1", RunKind.Rollout, RunStatus.Running), default);

        (HttpStatusCode status, var body) = await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/runs/rollout-{pipeline}-1/cancel");

        status.ShouldBe(HttpStatusCode.Conflict);
        body.GetProperty("detail").GetString()!.ShouldContain("rollback");
    }

    [Fact]
    public async Task Verb_OnNoRun_Is404()
    {
        (await app.SendAsync(HttpMethod.Post, "api/pipelines/nobody/runs/none/retry")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Retry_AnIngestionThatWasRejected_ReadsTheSameUploadOnceMore()
    {
        string pipeline = app.NewPipeline();
        await app.PutSpecAsync(pipeline, "target: heavy\nexpect: [{rows: {atLeast: 1000}}]\nretrain: {onUpload: false}\n");
        await app.UploadAsync($"{pipeline}/few.csv", TestApp.Rows(100, 1));
        Run rejected = await app.RunAsync(pipeline, "the upload is rejected", run => run.Status == RunStatus.Rejected);
        await app.PutSpecAsync(pipeline, "target: heavy\nretrain: {onUpload: false}\n");

        (HttpStatusCode status, var body) = await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/runs/{rejected.Id}/retry");

        status.ShouldBe(HttpStatusCode.Accepted);
        body.GetProperty("runId").GetString().ShouldBe(rejected.Id);
        Run second = await app.RunAsync(pipeline, "the second attempt has ended", run => run is { Attempt: 2, IsEnded: true });
        second.Status.ShouldBe(RunStatus.Succeeded);
        second.Id.ShouldBe(rejected.Id);
        (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/runs/{rejected.Id}/retry")).Status.ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Retry_ATrainingThatWasCancelled_IsTheNextGeneration()
    {
        string pipeline = app.NewPipeline();
        (Run run, TrainingRequest row) = await HangingTrainingAsync(pipeline);
        await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/runs/{run.Id}/cancel");

        (HttpStatusCode status, var body) = await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/runs/{run.Id}/retry");

        status.ShouldBe(HttpStatusCode.Accepted);
        string next = TrainingRequest.RunId(pipeline, row.Generation + 1);
        body.GetProperty("runId").GetString().ShouldBe(next);
        Run retried = await app.RunAsync(pipeline, "the retry has ended", r => r.Id == next && r.IsEnded);
        retried.Inputs.First(i => i.Kind == "request").Id.ShouldContain($"retry of {run.Id}, asked for by unverified:ada");
    }

    [Fact]
    public async Task Watchdog_ARunWhoseOrchestrationIsGone_EndsItAndFreesThePipeline()
    {
        string pipeline = app.NewPipeline();
        await app.PutSpecAsync(pipeline, "target: heavy\n");
        TrainingRequest row = await Requests.UpdateAsync(pipeline, r => r.Ask("test", DateTimeOffset.UnixEpoch), default);
        string id = TrainingRequest.RunId(pipeline, row.Generation);
        await Runs.StartAsync(ARun(pipeline, id, RunKind.Training, RunStatus.Running), default);

        await WatchAsync();

        Run run = (await Runs.GetAsync(pipeline, id, default))!;
        run.Status.ShouldBe(RunStatus.Failed);
        run.Reason.ShouldBe($"Its orchestration '{id}' is gone while the run was at 'training'. Retry the run.");
        (await Requests.GetAsync(pipeline, default)).Running.ShouldBeFalse();
        (await ListOpenAsync(pipeline)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Watchdog_ARequestWhoseRunEndedUnheard_IsClosed()
    {
        string pipeline = app.NewPipeline();
        TrainingRequest row = await Requests.UpdateAsync(pipeline, r => r.Ask("test", DateTimeOffset.UnixEpoch), default);
        await Runs.StartAsync(ARun(pipeline, TrainingRequest.RunId(pipeline, row.Generation), RunKind.Training, RunStatus.Cancelled), default);

        await WatchAsync();

        (await Requests.GetAsync(pipeline, default)).Running.ShouldBeFalse();
    }

    [Fact]
    public async Task Watchdog_ARequestWhoseTrainingBrokeBeforeItsRunStoodOnRecord_IsClosed()
    {
        string pipeline = app.NewPipeline();
        TrainingRequest row = await Requests.UpdateAsync(pipeline, r => r.Ask("test", DateTimeOffset.UnixEpoch), default);
        string id = TrainingRequest.RunId(pipeline, row.Generation);
        await app.Durable.ScheduleNewOrchestrationInstanceAsync(nameof(MonitorOrchestrator), new MonitorInput(DateTimeOffset.UnixEpoch), new StartOrchestrationOptions(id));
        await app.Durable.WaitForInstanceCompletionAsync(id, new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token);

        await WatchAsync();

        (await Requests.GetAsync(pipeline, default)).Running.ShouldBeFalse();
    }

    [Theory]
    [InlineData(RunStatus.Running)]
    [InlineData(RunStatus.Waiting)]
    public async Task Watchdog_ARolloutThatNobodyDrivesAnyMore_EndsItAndTakesTheChallengerFromService(RunStatus status)
    {
        string pipeline = app.NewPipeline();
        await app.PutSpecAsync(pipeline, "target: heavy\n");
        IModelRegistry registry = app.Services.GetRequiredService<IModelRegistry>();
        var reason = new MoveReason("test", "test", "test");
        foreach (string model in new[] { "a", "b" })
        {
            await registry.RegisterAsync(
                pipeline, new ModelRegistration { ModelId = model, DatasetId = "d", SpecHash = "s", Candidate = "c", RunId = "r", Metrics = new Dictionary<string, double>() }, reason, default);
        }

        string id = RolloutOrchestrator.RunId(pipeline, 2);
        await registry.PromoteAsync(pipeline, 1, reason, default);
        await registry.MoveAsync(pipeline, (head, at) => RolloutMoves.Begin(head, new RolloutStart(id, 2, DeployStrategy.Canary, 0.1), reason, at), default);
        await Runs.StartAsync(ARun(pipeline, id, RunKind.Rollout, status), default);

        await WatchAsync();

        (await Runs.GetAsync(pipeline, id, default))!.Status.ShouldBe(RunStatus.Failed);
        LivePointer live = (await registry.GetHeadAsync(pipeline, default)).Live!;
        (live.Version, live.Rollout, live.Shares.Count).ShouldBe((1, null, 0));
        (await registry.ListLedgerAsync(pipeline, 1, null, default)).Items.Single().ShouldSatisfyAllConditions(
            line => line.Action.ShouldBe(LedgerAction.RolloutWithdrawn), line => line.Actor.ShouldBe("system:watchdog"));
    }

    [Fact]
    public async Task Watchdog_ARunThatWaitsOrIsYoung_IsLeftAlone()
    {
        string pipeline = app.NewPipeline();
        await app.PutSpecAsync(pipeline, "target: heavy\n");
        await Runs.StartAsync(ARun(pipeline, "ingest-1", RunKind.Ingestion, RunStatus.Waiting), default);
        await Runs.StartAsync(ARun(pipeline, "ingest-2", RunKind.Ingestion, RunStatus.Running) with { StartedAt = TimeProvider.System.GetUtcNow().AddDays(1) }, default);

        await WatchAsync();

        (await ListOpenAsync(pipeline)).Select(r => r.Status).ShouldBe([RunStatus.Waiting, RunStatus.Running], ignoreOrder: true);
    }

    private async Task<int> WatchAsync() =>
        await ActivatorUtilities.CreateInstance<RunWatchdog>(app.Services).WatchAsync(app.Durable, default);

    private async Task<List<Run>> ListOpenAsync(string pipeline)
    {
        var open = new List<Run>();
        await foreach (Run run in Runs.ListOpenAsync(pipeline, default))
        {
            open.Add(run);
        }

        return open;
    }

    /// <summary>A training that does not end by itself: its request and row as a living one has them, and no orchestration.</summary>
    private async Task<(Run Run, TrainingRequest Row)> HangingTrainingAsync(string pipeline)
    {
        await app.PutSpecAsync(pipeline, "target: heavy\n");
        TrainingRequest row = await Requests.UpdateAsync(pipeline, r => r.Ask("test", DateTimeOffset.UnixEpoch), default);
        Run run = ARun(pipeline, TrainingRequest.RunId(pipeline, row.Generation), RunKind.Training, RunStatus.Running);
        await Runs.StartAsync(run, default);
        return (run, row);
    }

    private static Run ARun(string pipeline, string id, RunKind kind, RunStatus status) => new()
    {
        Pipeline = pipeline, Id = id, Kind = kind, Status = status, Stage = "training", StartedAt = new DateTimeOffset(2026, 1, 2, 12, 0, 0, TimeSpan.Zero),
    };
}
