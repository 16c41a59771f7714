using System.Net;
using System.Reflection;
using System.Text.Json;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Approvals;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Rollout;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Functions.Tests.Hosting;

namespace ServerlessMlops.Functions.Tests.Approvals;

/// <summary>A person decides: in time, before the wait, twice, too late, and about what has been overtaken.</summary>
[Collection(TestAppCollection.Name)]
public sealed class ApprovalTests(TestApp app)
{
    private const string Manual = TestApp.Spec + "deploy: {approval: manual}\n";

    private IModelRegistry Models => app.Services.GetRequiredService<IModelRegistry>();

    [Fact]
    public async Task Approve_AVersionThatWaits_RollsItOutAndTheLedgerSaysWho()
    {
        string pipeline = app.NewPipeline();
        Run training = await app.TrainAsync(pipeline, Manual);
        training.Status.ShouldBe(RunStatus.Succeeded, training.Reason);
        Run waiting = await WaitingAsync(pipeline, 1);
        waiting.Reason!.ShouldStartWith("Version 1 waits for a decision until ");
        waiting.Inputs.ShouldContain(i => i.Kind == "gate" && i.Id == "auc >= 0.6" && i.Detail!.StartsWith("passed"));
        waiting.Inputs.ShouldContain(new RunArtifact("run", training.Id));
        (await Models.GetHeadAsync(pipeline, default)).Live.ShouldBeNull("nothing serves before a person has said so");

        // By the training's run, as somebody would who looked at what it registered.
        (HttpStatusCode status, JsonElement body) = await DecideAsync(pipeline, training.Id, "approve");

        status.ShouldBe(HttpStatusCode.OK);
        body.GetProperty("approval").GetProperty("decidedBy").GetString().ShouldBe("unverified:ada");
        await app.RunAsync(pipeline, "the version serves", r => r is { Kind: RunKind.Rollout, Status: RunStatus.Succeeded });
        Run ended = await app.RunAsync(pipeline, "the approval has ended", r => r is { Kind: RunKind.Approval, IsEnded: true });
        (ended.Status, ended.Stage).ShouldBe((RunStatus.Succeeded, "approved"));
        ServedAt served = await app.GetAsync<ServedAt>($"api/pipelines/{pipeline}/deployment?at={Uri.EscapeDataString(TimeProvider.System.GetUtcNow().ToString("O"))}");
        (served.Version, served.Approved!.Actor, served.Approved.Why).ShouldBe((1, "unverified:ada", "looks right"));
        served.Moved.Why.ShouldContain("approved by unverified:ada: looks right");
        OrchestrationMetadata instance = await app.Durable.WaitForInstanceCompletionAsync(ended.Id, new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token);
        instance.RuntimeStatus.ShouldBe(OrchestrationRuntimeStatus.Completed, "the timer that lost was cancelled, so nothing keeps the orchestration");
    }

    [Fact]
    public async Task Prediction_OfAnApprovedVersion_IsProvenFromTheDataToThePersonWhoLetItGoLive()
    {
        string pipeline = app.NewPipeline();
        Run training = await app.TrainAsync(pipeline, Manual);
        await WaitingAsync(pipeline, 1);
        await DecideAsync(pipeline, training.Id, "approve");
        await app.RunAsync(pipeline, "the version serves", r => r is { Kind: RunKind.Rollout, Status: RunStatus.Succeeded });
        (HttpStatusCode status, JsonElement answer) = await app.SendAsync(HttpMethod.Post, $"models/{pipeline}/invocations", new
        {
            dataframe_split = new { columns = new[] { "id", "weight", "height", "colour" }, data = new object[] { new object[] { "k1", 7.5, 0.5, "red" } } },
        });
        status.ShouldBe(HttpStatusCode.OK, answer.ToString());
        string id = answer.GetProperty("predictions")[0].GetProperty("inferenceId").GetString()!;

        JsonElement proof = await app.GetAsync<JsonElement>($"api/predictions/{Uri.EscapeDataString(id)}");

        proof.GetProperty("prediction").GetProperty("inferenceId").GetString().ShouldBe(id);
        proof.GetProperty("prediction").GetProperty("features").GetProperty("weight").GetDouble().ShouldBe(7.5);
        JsonElement model = proof.GetProperty("model");
        model.GetProperty("version").GetInt32().ShouldBe(1);
        model.GetProperty("runId").GetString().ShouldBe(training.Id);
        (await app.Http.GetAsync($"api/pipelines/{pipeline}/datasets/{model.GetProperty("datasetId").GetString()}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        model.GetProperty("gates").EnumerateArray().Select(g => g.GetProperty("gate").GetString()).ShouldContain("auc >= 0.6");
        proof.GetProperty("approval").GetProperty("decidedBy").GetString().ShouldBe("unverified:ada");
        proof.GetProperty("promotions").EnumerateArray().Select(e => e.GetProperty("action").GetString()).ShouldBe(["promoted", "approved", "approvalRequested", "registered"]);
        (await app.Http.GetAsync("api/predictions/no-such-id")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await app.Http.GetAsync($"api/predictions/no-such-id?pipeline={pipeline}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Decide_Twice_IsOneDecisionAndTheOtherWayIsRefused()
    {
        string pipeline = await AskedAsync(Manual);

        (await DecideAsync(pipeline, ApprovalOrchestrator.RunId(pipeline, 1), "decline")).Status.ShouldBe(HttpStatusCode.OK);
        (await DecideAsync(pipeline, ApprovalOrchestrator.RunId(pipeline, 1), "decline")).Status.ShouldBe(HttpStatusCode.OK);
        (HttpStatusCode status, JsonElement problem) = await DecideAsync(pipeline, ApprovalOrchestrator.RunId(pipeline, 1), "approve");

        status.ShouldBe(HttpStatusCode.Conflict);
        problem.GetProperty("detail").GetString()!.ShouldStartWith("Version 1 cannot be approved any more: unverified:ada declined it ");
        Run ended = await app.RunAsync(pipeline, "the approval has ended", r => r is { Kind: RunKind.Approval, IsEnded: true });
        ended.Status.ShouldBe(RunStatus.Rejected);
        (await Models.GetHeadAsync(pipeline, default)).Live.ShouldBeNull();
        (await Models.ReadLedgerAsync(pipeline, default).CountAsync(e => e.Action == LedgerAction.Declined)).ShouldBe(1);
    }

    [Fact]
    public async Task Decide_BeforeTheOrchestrationWaits_IsNotLost()
    {
        string pipeline = await RegisteredAsync(Manual);
        await Models.MoveVersionAsync(pipeline, 1, (h, row, at) => ApprovalMoves.Request(h, row, TimeSpan.FromDays(1), Because, at), default);
        (await DecideAsync(pipeline, ApprovalOrchestrator.RunId(pipeline, 1), "approve")).Status.ShouldBe(HttpStatusCode.OK);

        await StartAsync(pipeline, 1);

        await app.RunAsync(pipeline, "the version rolls out", r => r.Kind == RunKind.Rollout);
    }

    [Fact]
    public async Task Decide_AfterTheTimeout_IsRefusedAndNothingServes()
    {
        string pipeline = await AskedAsync(TestApp.Spec + "deploy: {approval: manual, approvalTimeout: 1s}\n", waiting: false);

        Run ended = await app.RunAsync(pipeline, "the time to decide is over", r => r is { Kind: RunKind.Approval, IsEnded: true });
        (HttpStatusCode status, JsonElement problem) = await DecideAsync(pipeline, ended.Id, "approve");

        (ended.Status, ended.Stage).ShouldBe((RunStatus.Rejected, "expired"));
        status.ShouldBe(HttpStatusCode.Conflict);
        problem.GetProperty("detail").GetString()!.ShouldContain("the time to decide ended");
        (await Models.GetHeadAsync(pipeline, default)).Live.ShouldBeNull();
    }

    [Fact]
    public async Task Decide_ASupersededCandidate_IsRefused()
    {
        string pipeline = await AskedAsync(Manual);
        await RegisterAsync(pipeline, "newer", (await Models.GetVersionAsync(pipeline, 1, default))!.SpecHash);
        await StartAsync(pipeline, 2);
        await WaitingAsync(pipeline, 2);

        (HttpStatusCode status, JsonElement problem) = await DecideAsync(pipeline, ApprovalOrchestrator.RunId(pipeline, 1), "approve");

        status.ShouldBe(HttpStatusCode.Conflict);
        problem.GetProperty("detail").GetString()!.ShouldContain("version 2 is newer");
        Run older = await app.RunAsync(pipeline, "the older question is closed", r => r.Id == ApprovalOrchestrator.RunId(pipeline, 1) && r.IsEnded);
        (older.Status, older.Stage).ShouldBe((RunStatus.Cancelled, "superseded"));
    }

    [Fact]
    public async Task Request_AnotherIsAskedAboutBetweenReadingAndAsking_OnlyTheNewerQuestionStaysOpen()
    {
        string pipeline = await RegisteredAsync(Manual);
        await RegisterAsync(pipeline, "newer", (await Models.GetVersionAsync(pipeline, 1, default))!.SpecHash);
        IModelRegistry late = DispatchProxy.Create<IModelRegistry, FirstHead>();
        ((FirstHead)late).Inner = Models;
        ((FirstHead)late).Head = await Models.GetHeadAsync(pipeline, default);
        await StartAsync(pipeline, 1);
        await WaitingAsync(pipeline, 1);
        var input = new RolloutInput(pipeline, 2, "training run-1 passed every gate", "run-1");
        await app.Services.GetRequiredService<IRunLog>().StartAsync(
            new Run { Pipeline = pipeline, Id = ApprovalOrchestrator.RunId(pipeline, 2), Kind = RunKind.Approval, Status = RunStatus.Running, Stage = "asking", StartedAt = DateTimeOffset.UnixEpoch }, default);

        ModelApproval asked = await ActivatorUtilities.CreateInstance<ApprovalActivities>(app.Services, late).RequestApproval(input, app.Durable, default);

        asked.State.ShouldBe(ApprovalState.Pending);
        (await Models.GetVersionAsync(pipeline, 1, default))!.Approval!.State.ShouldBe(ApprovalState.Superseded);
        (await Models.GetHeadAsync(pipeline, default)).PendingApproval.ShouldBe(2);
    }

    [Fact]
    public async Task Watchdog_ADecisionWhoseWordWasLost_WakesTheOrchestration()
    {
        string pipeline = await AskedAsync(Manual);

        // As if the app had died between writing the decision and raising the event.
        await Models.MoveVersionAsync(pipeline, 1, (h, row, at) => ApprovalMoves.Decide(h, row, true, Because, at), default);
        await ActivatorUtilities.CreateInstance<RunWatchdog>(app.Services).WatchAsync(app.Durable, default);

        await app.RunAsync(pipeline, "the version rolls out", r => r.Kind == RunKind.Rollout);
    }

    [Theory]
    [InlineData("maybe", "because")]
    [InlineData("approve", "")]
    [InlineData("approve", null)]
    public async Task Decide_WithoutADecisionOrAReason_IsABadRequest(string decision, string? why) =>
        (await app.SendAsync(HttpMethod.Post, "api/pipelines/birds/runs/approval-birds-1/approval", new { decision, why })).Status.ShouldBe(HttpStatusCode.BadRequest);

    [Fact]
    public async Task Decide_ARunThatIsAboutNoVersion_Is404() =>
        (await DecideAsync("birds", "ingest-1", "approve")).Status.ShouldBe(HttpStatusCode.NotFound);

    private static MoveReason Because { get; } = new("unverified:test", "because", "test");

    private Task<(HttpStatusCode Status, JsonElement Body)> DecideAsync(string pipeline, string run, string decision) =>
        app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/runs/{run}/approval", new { decision, why = "looks right" });

    private Task<Run> WaitingAsync(string pipeline, int version) => app.RunAsync(
        pipeline, "a person is asked", r => r.Id == ApprovalOrchestrator.RunId(pipeline, version) && r.Status == RunStatus.Waiting);

    /// <summary>A pipeline whose version 1 a person is asked about.</summary>
    private async Task<string> AskedAsync(string spec, bool waiting = true)
    {
        string pipeline = await RegisteredAsync(spec);
        await StartAsync(pipeline, 1);
        if (waiting)
        {
            await WaitingAsync(pipeline, 1);
        }

        return pipeline;
    }

    private async Task<string> RegisteredAsync(string spec)
    {
        string pipeline = app.NewPipeline();
        await app.PutSpecAsync(pipeline, spec);
        await RegisterAsync(pipeline, "a", (await Models.GetHeadAsync(pipeline, default)).SpecHash!);
        return pipeline;
    }

    private Task RegisterAsync(string pipeline, string id, string specHash) => Models.RegisterAsync(
        pipeline,
        new ModelRegistration { ModelId = id, DatasetId = "d", SpecHash = specHash, Candidate = "linear", RunId = "run-1", Metrics = new Dictionary<string, double> { ["auc"] = 0.8 } },
        Because,
        default);

    private Task StartAsync(string pipeline, int version) => app.Durable.StartOnceAsync(
        nameof(ApprovalOrchestrator), ApprovalOrchestrator.RunId(pipeline, version), new RolloutInput(pipeline, version, "training run-1 passed every gate", "run-1"), default);

    /// <summary>A registry whose head is at first the one that was read before something happened.</summary>
    public class FirstHead : DispatchProxy
    {
        internal IModelRegistry Inner { get; set; } = null!;

        internal RegistryHead? Head { get; set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            if (Head is { } first && targetMethod!.Name == nameof(IModelRegistry.GetHeadAsync))
            {
                Head = null;
                return Task.FromResult(first);
            }

            return targetMethod!.Invoke(Inner, args);
        }
    }
}
