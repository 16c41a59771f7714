using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Feedback;
using ServerlessMlops.Functions.Tests.Hosting;
using ServerlessMlops.Functions.Training;

namespace ServerlessMlops.Functions.Tests.Feedback;

/// <summary>Labels on the whole app: scored over HTTP, labelled by HTTP and by file, counted once.</summary>
[Collection(TestAppCollection.Name)]
public sealed class LabelsTests(TestApp app)
{
    [Fact]
    public async Task Labels_ByHttpFileAndAgain_AreJoinedOnceAndCorrected()
    {
        string pipeline = app.NewPipeline();
        (await app.TrainAsync(pipeline, TestApp.Spec)).Status.ShouldBe(RunStatus.Succeeded);
        string[] ids = await ScoreAsync(pipeline, 20);

        // By inference id over HTTP; one label is of nobody.
        Run first = await PostAsync(pipeline, "inferenceId,heavy\n" + string.Concat(ids.Take(10).Select((id, i) => $"{id},{(i < 5 ? "yes" : "no")}\n")) + $"{pipeline}.2020010100.00000000.0.0,yes\n");
        first.Status.ShouldBe(RunStatus.Succeeded, first.Reason);
        first.Outputs.Select(o => (o.Kind, o.Id)).ShouldBe([("joined", "10"), ("corrected", "0"), ("unknown", "1")]);

        // Tried again for the one that found nothing, the run still says what its file has brought: retraining counts by that.
        await ActivatorUtilities.CreateInstance<LabelsArrived>(app.Services).Reconcile(new TimerInfo(), app.Durable, default);
        Run second = await app.RunAsync(pipeline, "the second attempt has ended", run => run.Id == first.Id && run is { Attempt: 2, IsEnded: true });
        second.Outputs.Select(o => (o.Kind, o.Id)).ShouldBe([("joined", "10"), ("corrected", "0"), ("unknown", "1")]);

        // The same body again is the same run; the same labels in another file change nothing.
        (await PostAsync(pipeline, "inferenceId,heavy\n" + string.Concat(ids.Take(10).Select((id, i) => $"{id},{(i < 5 ? "yes" : "no")}\n")) + $"{pipeline}.2020010100.00000000.0.0,yes\n")).Id.ShouldBe(first.Id);
        Run again = await PostAsync(pipeline, "inferenceId,heavy\n" + string.Concat(ids.Take(10).Select((id, i) => $"{id},{(i < 5 ? "yes" : "no")}\n")));
        again.Outputs[0].Id.ShouldBe("0");
        (await CoverageAsync(pipeline)).ShouldBe((20, 10));

        // By key, as a file; and a correction, known later.
        await DropAsync($"{pipeline}/march/labels.csv", "id,heavy\n" + string.Concat(Enumerable.Range(10, 10).Select(i => $"s{i},no\n")));
        Run dropped = await app.RunAsync(pipeline, "the file is joined", run => run is { Kind: RunKind.Labels, IsEnded: true } && run.Inputs[0].Id == $"{pipeline}/march/labels.csv");
        dropped.Outputs[0].Id.ShouldBe("10");
        Run corrected = await PostAsync(pipeline, $"id,heavy,labelledAt\ns0,no,{TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(5).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}\n");
        corrected.Outputs.Select(o => o.Id).ShouldBe(["0", "1", "0"]);
        (await CoverageAsync(pipeline)).ShouldBe((20, 20));

        // Rollouts judge by the same counts.
        LabelledOutcomes outcomes = (await app.Services.GetRequiredService<IOutcomeReader>().ReadAsync(pipeline, 1, TimeProvider.System.GetUtcNow().AddHours(-2), TimeProvider.System.GetUtcNow().AddHours(1), default))!;
        outcomes.Rows.ShouldBe(20);
        outcomes.LossSum.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Labels_TwoFilesAtOnce_NeitherIsLost()
    {
        string pipeline = app.NewPipeline();
        await app.TrainAsync(pipeline, TestApp.Spec);
        string[] ids = await ScoreAsync(pipeline, 30);

        Run[] runs = await Task.WhenAll(Enumerable.Range(0, 3).Select(part =>
            PostAsync(pipeline, "inferenceId,heavy\n" + string.Concat(ids.Skip(part * 10).Take(10).Select(id => $"{id},yes\n")))));

        runs.ShouldAllBe(run => run.Status == RunStatus.Succeeded);
        (await CoverageAsync(pipeline)).ShouldBe((30, 30));
    }

    [Fact]
    public async Task Labels_WithoutTheTarget_AreRejectedWithTheReason()
    {
        string pipeline = app.NewPipeline();
        await app.PutSpecAsync(pipeline, TestApp.Spec);
        Run run = await PostAsync(pipeline, "id,answer\nk1,yes\n");
        run.Status.ShouldBe(RunStatus.Rejected);
        run.Reason!.ShouldContain("the label is expected in a column named as the target, 'heavy'");
        (await app.SendAsync(HttpMethod.Post, $"api/pipelines/{app.NewPipeline()}/labels")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task EnoughLabels_AskForATrainingOnce_AndNotWithoutNewData()
    {
        string pipeline = app.NewPipeline();
        string spec = TestApp.Spec.Replace("retrain: {onUpload: true, nightly: true}", "retrain: {onUpload: false, minLabels: 10, learnFromLabels: false, cooldown: 1h}", StringComparison.Ordinal);
        await app.PutSpecAsync(pipeline, spec);
        await app.UploadAsync($"{pipeline}/rows-1.csv", TestApp.Rows(600, 1));
        await app.RunAsync(pipeline, "the upload is read", run => run is { Kind: RunKind.Ingestion, IsEnded: true });
        await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/train");
        await app.RunAsync(pipeline, "the training has ended", run => run is { Kind: RunKind.Training, IsEnded: true });
        await app.RunAsync(pipeline, "the rollout has ended", run => run is { Kind: RunKind.Rollout, IsEnded: true });
        string[] ids = await ScoreAsync(pipeline, 20);

        await PostAsync(pipeline, "inferenceId,heavy\n" + string.Concat(ids.Take(12).Select(id => $"{id},yes\n")));
        (await TrainingsAsync(pipeline)).ShouldBe(1, "there is no data that the first training did not see");

        await app.UploadAsync($"{pipeline}/rows-2.csv", TestApp.Rows(600, 2));
        await app.RunAsync(pipeline, "the second upload is read", run => run is { Kind: RunKind.Ingestion, IsEnded: true } && run.Inputs[0].Id.EndsWith("rows-2.csv", StringComparison.Ordinal));
        await PostAsync(pipeline, "inferenceId,heavy\n" + string.Concat(ids.Skip(12).Take(1).Select(id => $"{id},yes\n")));
        Run second = await app.RunAsync(pipeline, "the labels' training", run => run is { Kind: RunKind.Training, IsEnded: true } && run.Id == TrainingRequest.RunId(pipeline, 2));
        second.Inputs.Single(i => i.Kind == "request").Id.ShouldStartWith("automatic, Labels: labels of ");

        // Cooling down: the same labels again, and others, ask for nothing more.
        await PostAsync(pipeline, "inferenceId,heavy\n" + string.Concat(ids.Skip(13).Select(id => $"{id},yes\n")));
        (await TrainingsAsync(pipeline)).ShouldBe(2);
    }

    [Fact]
    public async Task RetrainGuard_TheSameObservationFromTwoInstances_IsOneTraining()
    {
        string pipeline = app.NewPipeline();
        await app.PutSpecAsync(pipeline, TestApp.Spec.Replace("onUpload: true", "onUpload: false", StringComparison.Ordinal));
        await app.UploadAsync($"{pipeline}/rows-1.csv", TestApp.Rows(600, 1));
        await app.RunAsync(pipeline, "the upload is read", run => run is { Kind: RunKind.Ingestion, IsEnded: true });
        RetrainGuard guard = app.Services.GetRequiredService<RetrainGuard>();
        var wish = new RetrainWish(pipeline, RetrainCause.Drift, "drift-v1-2026030112", "auc fell");

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => guard.AskAsync(wish, app.Durable, default)));
        await app.RunAsync(pipeline, "the training has ended", run => run is { Kind: RunKind.Training, IsEnded: true });
        TrainingRequest row = await app.Services.GetRequiredService<ITrainingRequests>().GetAsync(pipeline, default);

        (row.Generation, row.Pending).ShouldBe((1, false));
        (await guard.AskAsync(wish with { Cause = RetrainCause.Suspicion, Id = "other" }, app.Durable, default)).Reason.ShouldStartWith("Drift is suspected");
    }

    [Fact]
    public async Task RetrainGuard_AfterRejections_FreezesAndTellsUntilItIsLifted()
    {
        string pipeline = app.NewPipeline();
        string spec = TestApp.Spec.Replace("auc >= 0.6", "auc >= 0.9999", StringComparison.Ordinal);
        string Frozen(int after) => spec.Replace("onUpload: true", $"onUpload: false, freezeAfterRejections: {after}", StringComparison.Ordinal);
        await app.PutSpecAsync(pipeline, Frozen(1));
        await app.UploadAsync($"{pipeline}/rows-1.csv", TestApp.Rows(600, 1));
        await app.RunAsync(pipeline, "the upload is read", run => run is { Kind: RunKind.Ingestion, IsEnded: true });
        await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/train");
        (await app.RunAsync(pipeline, "the training has ended", run => run is { Kind: RunKind.Training, IsEnded: true })).Status.ShouldBe(RunStatus.Rejected);
        await app.UploadAsync($"{pipeline}/rows-2.csv", TestApp.Rows(600, 2));
        await app.RunAsync(pipeline, "the second upload is read", run => run is { Kind: RunKind.Ingestion, IsEnded: true } && run.Inputs[0].Id.EndsWith("rows-2.csv", StringComparison.Ordinal));
        RetrainGuard guard = app.Services.GetRequiredService<RetrainGuard>();

        (await guard.AskAsync(new RetrainWish(pipeline, RetrainCause.Drift, "drift-1", "auc fell"), app.Durable, default)).Frozen.ShouldBeTrue();
        Core.Alerts.Alert told = (await app.GetAsync<Core.Page<Core.Alerts.Alert>>($"api/pipelines/{pipeline}/alerts")).Items.Single(alert => alert.Subject == "retraining");
        (told.State, told.Title).ShouldBe((Core.Alerts.AlertState.Firing, "Trainings no longer start by themselves"));
        told.Detail.ShouldContain("What asked: auc fell.");
        (await TrainingsAsync(pipeline)).ShouldBe(1);

        await app.PutSpecAsync(pipeline, Frozen(0));
        await TestApp.EventuallyAsync(
            () => Task.FromResult(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() > told.LastAt.ToUnixTimeSeconds()), () => "observations are told apart by the second");
        RetrainDecision lifted = await guard.AskAsync(new RetrainWish(pipeline, RetrainCause.Drift, "drift-2", "auc fell"), app.Durable, default);
        lifted.Allowed.ShouldBeTrue(lifted.Reason);
        (await app.GetAsync<Core.Page<Core.Alerts.Alert>>($"api/pipelines/{pipeline}/alerts")).Items.Single(alert => alert.Subject == "retraining").State.ShouldBe(Core.Alerts.AlertState.Resolved);
        await app.RunAsync(pipeline, "the drift's training", run => run.Id == TrainingRequest.RunId(pipeline, 2) && run.IsEnded);
    }

    [Fact]
    public async Task NightlyRetrain_FiredTwiceAndOnTwoInstances_IsOneWishANight()
    {
        string pipeline = app.NewPipeline();
        await app.PutSpecAsync(pipeline, TestApp.Spec);
        NightlyRetrain nightly = ActivatorUtilities.CreateInstance<NightlyRetrain>(app.Services);
        ITrainingRequests requests = app.Services.GetRequiredService<ITrainingRequests>();
        var night = new TimerInfo { ScheduleStatus = new ScheduleStatus { Next = new DateTime(2026, 3, 1, 23, 50, 0) } };

        await Task.WhenAll(nightly.Run(night, app.Durable, default), nightly.Run(night, app.Durable, default));
        await app.RunAsync(pipeline, "the first night's training", run => run is { Kind: RunKind.Training, IsEnded: true });
        await TestApp.EventuallyAsync(async () => !(await requests.GetAsync(pipeline, default)).Running, () => "the request is closed");
        await nightly.Run(new TimerInfo { IsPastDue = true, ScheduleStatus = night.ScheduleStatus }, app.Durable, default);
        (await requests.GetAsync(pipeline, default)).Generation.ShouldBe(1);

        await nightly.Run(new TimerInfo { ScheduleStatus = new ScheduleStatus { Next = new DateTime(2026, 3, 2, 23, 50, 0) } }, app.Durable, default);
        (await requests.GetAsync(pipeline, default)).Generation.ShouldBe(2);
    }

    [Theory]
    [InlineData("2026-03-29T02:30:00", "2026-03-29T03:00:00")] // clocks go forward: the hour that is skipped is made up for
    [InlineData("2026-10-25T02:30:00", "2026-10-25T02:30:00")] // clocks go back: the hour that comes twice
    public void NightlyRetrain_OverDaylightSaving_OneNightPerDate(string due, string also)
    {
        string Of(string at) => NightlyRetrain.WishOf(new TimerInfo { ScheduleStatus = new ScheduleStatus { Next = DateTime.Parse(at, CultureInfo.InvariantCulture) } }, default);
        Of(due).ShouldBe(Of(also));
        Of(due).ShouldNotBe(Of(DateTime.Parse(due, CultureInfo.InvariantCulture).AddDays(1).ToString("s", CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void HoursOf_MintedIds_AreOnlyTheirs_KeysAreTheWholeHorizon()
    {
        var now = new DateTimeOffset(2026, 3, 2, 10, 30, 0, TimeSpan.Zero);
        var minted = new LabelBatch();
        minted.Add("birds.2026030209.abcdef01.0.0", null, new Label("yes", now));
        minted.Add("birds.2026010109.abcdef01.0.0", null, new Label("yes", now));
        JoinLabels.HoursOf("birds", minted, TimeSpan.FromDays(1), now).ShouldBe([new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.Zero)]);
        minted.Add(null, "k1", new Label("yes", now));
        JoinLabels.HoursOf("birds", minted, TimeSpan.FromDays(1), now).Count().ShouldBe(25);
    }

    private async Task<int> TrainingsAsync(string pipeline) =>
        (await app.GetAsync<Core.Page<Run>>($"api/pipelines/{pipeline}/runs?top=1000")).Items.Count(run => run.Kind == RunKind.Training);

    private async Task<(long Predictions, long Labelled)> CoverageAsync(string pipeline)
    {
        LabelCoverage coverage = await app.GetAsync<LabelCoverage>($"api/pipelines/{pipeline}/labels");
        return (coverage.Predictions, coverage.Labelled);
    }

    private async Task<Run> PostAsync(string pipeline, string csv)
    {
        using var body = new StringContent(csv, Encoding.UTF8, "text/csv");
        using HttpResponseMessage answer = await app.Http.PostAsync($"api/pipelines/{pipeline}/labels", body);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        LabelsAnswer accepted = (await answer.Content.ReadFromJsonAsync<LabelsAnswer>(Core.MlopsJson.Options))!;
        return await app.RunAsync(pipeline, "the labels are joined", run => run.Id == accepted.RunId && run.IsEnded);
    }

    private async Task DropAsync(string path, string csv)
    {
        BlobContainerClient container = new BlobServiceClient(app.ConnectionString).GetBlobContainerClient("labels");
        await container.CreateIfNotExistsAsync();
        await container.GetBlobClient(path).UploadAsync(BinaryData.FromString(csv));
    }

    private async Task<string[]> ScoreAsync(string pipeline, int rows)
    {
        JsonElement body = default;
        await TestApp.EventuallyAsync(
            async () =>
            {
                object[] records = [.. Enumerable.Range(0, rows).Select(i => (object)new { id = $"s{i}", weight = i % 10 + 0.5, height = 0.5, colour = "red" })];
                (HttpStatusCode status, body) = await app.SendAsync(HttpMethod.Post, $"models/{pipeline}/invocations", new { dataframe_records = records });
                return status == HttpStatusCode.OK;
            },
            () => $"the model answers: {body}");
        return [.. body.GetProperty("predictions").EnumerateArray().Select(row => row.GetProperty("inferenceId").GetString()!)];
    }
}
