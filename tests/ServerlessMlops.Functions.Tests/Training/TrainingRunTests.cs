using System.Net;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Runs;
using ServerlessMlops.Functions.Tests.Hosting;
using ServerlessMlops.Functions.Training;

namespace ServerlessMlops.Functions.Tests.Training;

/// <summary>Trainings on the whole app: search, cache, lineage, and the same bytes however many threads.</summary>
[Collection(TestAppCollection.Name)]
public sealed class TrainingRunTests(TestApp app)
{
    private const string SearchSpec = "target: heavy\nkey: id\ntrain: {candidates: [boosting], search: {trials: 4}}\n";

    [Fact]
    public async Task Train_WithSearch_RecordsEveryTrialOnTheRun()
    {
        string pipeline = app.NewPipeline();

        Run run = await app.TrainAsync(pipeline, SearchSpec);

        run.Status.ShouldBe(RunStatus.Succeeded, run.Reason);
        RunArtifact artifact = run.Outputs.Single(o => o.Kind == "search");
        artifact.Id.ShouldBe($"models/{pipeline}/runs/{run.Id}/search.json");
        artifact.Detail!.ShouldStartWith("5 settings in 3 stage(s), 8 trainings; ");
        SearchRecord search = await app.GetAsync<SearchRecord>($"api/pipelines/{pipeline}/runs/{run.Id}/search");
        search.Results.GroupBy(r => r.Trial.Rung).Select(g => g.Count()).ShouldBe([5, 2, 1]);
        search.Results.ShouldAllBe(r => r.Loss < 0, "the loss is the negative area under the curve");
        search.Best.ShouldNotBeNull();
        run.Outputs.Select(o => o.Kind).ShouldBe(["version", "model", "search"], ignoreOrder: true);
        ModelCard card = await app.GetAsync<ModelCard>($"api/pipelines/{pipeline}/models/1");
        card.Candidates.Any(c => c.Name == Candidates.Tuned).ShouldBe(search.Tuned() is not null);
    }

    [Fact]
    public async Task Train_SpecWithCostsAndCalibration_DecidesByThemAndTellsWhatItGoesBy()
    {
        string pipeline = app.NewPipeline();

        Run run = await app.TrainAsync(pipeline, "target: heavy\nkey: id\ntrain: {candidates: [linear], calibration: platt, costs: {fp: 1, fn: 9}}\n");

        run.Status.ShouldBe(RunStatus.Succeeded, run.Reason);
        ModelCard card = await app.GetAsync<ModelCard>($"api/pipelines/{pipeline}/models/1");
        card.Threshold.ShouldBeInRange(0.001, 0.4);
        card.Influences[0].Input.ShouldBe("weight");
        card.Influences[0].Curve[0].Outputs[^1].ShouldBeLessThan(card.Influences[0].Curve[^1].Outputs[^1]);
    }

    [Fact]
    public async Task Train_LineageOfTheRun_GoesDownToUploadsCodeAndSeed()
    {
        string pipeline = app.NewPipeline();

        Run run = await app.TrainAsync(pipeline, TestApp.Spec);

        run.Inputs.Select(i => i.Kind).ShouldBe(["request", "spec", "code", "seed", "dataset", "batch", "upload"]);
        run.Inputs.Single(i => i.Kind == "code").Id.ShouldBe(CodeVersion.Current);
        run.Inputs.Single(i => i.Kind == "upload").Id.ShouldBe($"{pipeline}/rows-1.csv");
        run.Inputs.Single(i => i.Kind == "batch").Detail.ShouldBe($"600 rows of {pipeline}/rows-1.csv");
    }

    [Fact]
    public async Task Train_SameDataAndSpec_IsACacheHitThatVerifiedTheBytes()
    {
        string pipeline = app.NewPipeline();
        Run first = await app.TrainAsync(pipeline, TestApp.Spec);

        Run second = await TrainAgainAsync(pipeline);

        second.Status.ShouldBe(RunStatus.Cached);
        string modelId = first.Outputs.Single(o => o.Kind == "model").Id;
        second.Reason!.ShouldStartWith($"Cache hit: the same data and spec were trained by {first.Id}: ");
        second.Reason!.ShouldEndWith($"The bytes of version 1 were read again: their SHA-256 is the recorded {modelId[..16]}.");
    }

    [Fact]
    public async Task Train_SameDataButTheModelWasTamperedWith_IsPutRightFromTheTrainingsCopy()
    {
        string pipeline = app.NewPipeline();
        await app.TrainAsync(pipeline, TestApp.Spec);
        BlobClient model = new BlobServiceClient(app.ConnectionString).GetBlobContainerClient("models").GetBlobClient($"{pipeline}/1/model.onnx");
        byte[] before = (await model.DownloadContentAsync()).Value.Content.ToArray();
        await model.UploadAsync(BinaryData.FromString("not a model"), overwrite: true);

        Run second = await TrainAgainAsync(pipeline);

        second.Status.ShouldBe(RunStatus.Cached, second.Reason);
        (await model.DownloadContentAsync()).Value.Content.ToArray().ShouldBe(before);
    }

    [Fact]
    public async Task Train_SameDataButTheVersionWasDeleted_TrainsAnewOnce()
    {
        string pipeline = app.NewPipeline();
        await app.TrainAsync(pipeline, TestApp.Spec + "deploy: {approval: manual}\n");
        IModelRegistry registry = app.Services.GetRequiredService<IModelRegistry>();
        await app.RunAsync(pipeline, "a person is asked", r => r is { Kind: RunKind.Approval, Status: RunStatus.Waiting });
        await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/runs/approval-{pipeline}-1/approval", new { decision = "decline", why = "wrong data" });
        (await app.SendAsync(HttpMethod.Delete, $"api/pipelines/{pipeline}/models/1")).Status.ShouldBe(HttpStatusCode.OK);

        Run second = await TrainAgainAsync(pipeline);
        Run third = await TrainAgainAsync(pipeline);

        second.Outputs.Single(o => o.Kind == "version").Id.ShouldBe("2", "the same bytes have a version of their own again");
        third.Status.ShouldBe(RunStatus.Cached, third.Reason);
        (await registry.GetHeadAsync(pipeline, default)).LastVersion.ShouldBe(2);
    }

    [Fact]
    public async Task JudgeCandidates_OfARunThatWasCancelled_RegistersNothing()
    {
        string pipeline = app.NewPipeline();
        Run run = await app.TrainAsync(pipeline, TestApp.Spec);
        string dataset = run.Inputs.Single(i => i.Kind == "dataset").Id, spec = run.Inputs.Single(i => i.Kind == "spec").Id;
        IRunLog runs = app.Services.GetRequiredService<IRunLog>();
        await runs.StartAsync(run with { Id = "cancelled", Status = RunStatus.Cancelled }, default);
        TrainedCandidate candidate = await ActivatorUtilities.CreateInstance<TrainCandidate>(app.Services).Run(new CandidateInput(pipeline, "cancelled", dataset, spec, "baseline"), default);

        RegisteredModel registered = await ActivatorUtilities.CreateInstance<JudgeCandidates>(app.Services).Run(
            new JudgementInput(pipeline, "cancelled", dataset, spec, [candidate]), default);

        registered.Version.ShouldBeNull();
        (await app.Services.GetRequiredService<IModelRegistry>().GetHeadAsync(pipeline, default)).LastVersion.ShouldBe(1);
    }

    [Fact]
    public async Task TrainCandidateAndTrial_OnOneAndTwoThreads_GiveTheSameModelIdAndLoss()
    {
        string pipeline = app.NewPipeline();
        Run run = await app.TrainAsync(pipeline, SearchSpec);
        SearchRecord search = await app.GetAsync<SearchRecord>($"api/pipelines/{pipeline}/runs/{run.Id}/search");
        string dataset = run.Inputs.Single(i => i.Kind == "dataset").Id;
        string spec = run.Inputs.Single(i => i.Kind == "spec").Id;
        var ids = new List<string>();
        var losses = new List<double?>();
        foreach (int threads in (int[])[1, 2])
        {
            using var slot = ActivatorUtilities.CreateInstance<TrainingSlot>(app.Services, Options.Create(new TrainingOptions { Threads = threads }));
            TrainCandidate train = ActivatorUtilities.CreateInstance<TrainCandidate>(app.Services, slot);
            foreach (string name in (string[])["linear", "boosting"])
            {
                ids.Add((await train.Run(new CandidateInput(pipeline, run.Id, dataset, spec, name), default)).ModelId!);
            }

            SearchTrials trials = ActivatorUtilities.CreateInstance<SearchTrials>(app.Services, slot);
            losses.Add((await trials.TrainTrial(new TrialInput(pipeline, run.Id, dataset, spec, search.Results[^1].Trial), default)).Loss);
        }

        ids[2..].ShouldBe(ids[..2]);
        losses[0].ShouldBe(search.Results[^1].Loss);
        losses[1].ShouldBe(losses[0]);
    }

    private async Task<Run> TrainAgainAsync(string pipeline)
    {
        // The training before has ended its run and may still be closing its request; what asks meanwhile is answered by the generation after.
        (HttpStatusCode status, var body) = await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/train");
        status.ShouldBe(HttpStatusCode.Accepted);
        string id = body.GetProperty("runId").GetString()!;
        return await app.RunAsync(pipeline, "the second training has ended", run => run.Id == id && run.IsEnded);
    }
}
