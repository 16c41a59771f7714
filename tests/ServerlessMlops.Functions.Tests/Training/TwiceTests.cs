using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Offline;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Approvals;
using ServerlessMlops.Functions.Tests.Hosting;
using ServerlessMlops.Learners.Onnx;

namespace ServerlessMlops.Functions.Tests.Training;

/// <summary>An app that runs every activity twice, as after a crash that lost the answer of the first time.</summary>
public sealed class TwiceApp : TestApp
{
    protected override void Configure(FunctionsApplicationBuilder builder) => builder.Use(next => async context =>
    {
        await next(context);
        if (((OfflineFunctionContext)context).Function.TriggerAttribute is ActivityTriggerAttribute)
        {
            await next(context);
        }
    });
}

/// <summary>Every activity of the way from an upload to a model that serves may run twice: what is left is what once leaves. Not beside the other app: two make each other slow.</summary>
[Collection(TestAppCollection.Name)]
public sealed class TwiceTests(TwiceApp app) : IClassFixture<TwiceApp>
{
    [Fact]
    public async Task Everything_WithEachActivityRunTwice_IsDoneOnce()
    {
        string pipeline = app.NewPipeline();
        Run training = await app.TrainAsync(
            pipeline, "target: heavy\nkey: id\ntrain: {candidates: [baseline, boosting], search: {trials: 2}}\ndeploy: {approval: manual}\n");
        training.Status.ShouldBe(RunStatus.Succeeded, training.Reason);
        string approval = ApprovalOrchestrator.RunId(pipeline, 1);
        await app.RunAsync(pipeline, "a person is asked", r => r.Id == approval && r.Status == RunStatus.Waiting);
        await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/runs/{approval}/approval", new { decision = "approve", why = "looks right" });
        await app.RunAsync(pipeline, "the version is live", r => r is { Kind: RunKind.Rollout, IsEnded: true });
        await TestApp.EventuallyAsync(
            async () => !(await app.Services.GetRequiredService<ITrainingRequests>().GetAsync(pipeline, default)).Running, () => "the training's request is closed");

        IModelRegistry registry = app.Services.GetRequiredService<IModelRegistry>();
        LedgerEntry[] ledger = [.. (await registry.ListLedgerAsync(pipeline, 100, null, default)).Items.Reverse()];
        ledger.Select(e => e.Action).ShouldBe(
            [LedgerAction.SpecChanged, LedgerAction.Registered, LedgerAction.ApprovalRequested, LedgerAction.Approved, LedgerAction.Promoted]);
        (await app.GetAsync<LedgerVerification>($"api/pipelines/{pipeline}/ledger/verify")).Faults.ShouldBeEmpty();
        (await registry.ListVersionsAsync(pipeline, 10, null, default)).Items.ShouldHaveSingleItem().Stage.ShouldBe(ModelStage.Serving);
        Core.Page<Run> runs = await app.Services.GetRequiredService<IRunLog>().ListAsync(pipeline, 100, null, default);
        runs.Items.Select(r => (r.Kind, r.Status, r.Attempt)).ShouldBe(
            [
                (RunKind.Rollout, RunStatus.Succeeded, 1), (RunKind.Approval, RunStatus.Succeeded, 1),
                (RunKind.Training, RunStatus.Succeeded, 1), (RunKind.Ingestion, RunStatus.Succeeded, 1),
            ],
            ignoreOrder: true);
        training.Outputs.Select(o => o.Kind).ShouldBe(["version", "model", "search"], ignoreOrder: true);
        (await app.GetAsync<System.Text.Json.JsonElement[]>($"api/pipelines/{pipeline}/runs/{training.Id}/lineage")).Length.ShouldBe(2);
    }

    [Fact]
    public async Task Drop_AModelMadeElsewhere_WithEachActivityRunTwice_IsHandedOver()
    {
        string pipeline = app.NewPipeline();
        Run training = await app.TrainAsync(pipeline, "target: heavy\nkey: id\ntrain: {candidates: [baseline]}\n");
        await IncomingModelTests.DropAsync(app, pipeline, "elsewhere.onnx", OnnxWriter.Write(await IncomingModelTests.TrainElsewhereAsync(app, pipeline, training)));

        Run incoming = await app.RunAsync(pipeline, "the dropped model was judged", r => r.Id.StartsWith("incoming-", StringComparison.Ordinal) && r.IsEnded);
        incoming.Status.ShouldBe(RunStatus.Succeeded, incoming.Reason);
        string version = incoming.Outputs.Single(o => o.Kind == "version").Id;
        await app.RunAsync(pipeline, "its rollout has ended", r => r.Id == $"rollout-{pipeline}-{version}" && r.IsEnded);
    }
}
