using System.Net;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Tests.Hosting;

namespace ServerlessMlops.Functions.Tests.Ingestion;

/// <summary>Specs that are dropped into the container as files, like uploads.</summary>
[Collection(TestAppCollection.Name)]
public sealed class SpecArrivedTests(TestApp app)
{
    private const string NoTraining = "target: heavy\nkey: id\nretrain: {onUpload: false}\n";

    private async Task DropAsync(string pipeline, string yaml)
    {
        BlobContainerClient container = new BlobServiceClient(app.ConnectionString).GetBlobContainerClient("pipelines");
        await container.CreateIfNotExistsAsync();
        await container.GetBlobClient($"{pipeline}.yaml").UploadAsync(BinaryData.FromString(yaml), overwrite: true);
    }

    private async Task<LedgerEntry[]> LedgerAsync(string pipeline) =>
        [.. (await app.GetAsync<Core.Page<LedgerEntry>>($"api/pipelines/{pipeline}/ledger?top=1000")).Items.OrderBy(e => e.Number)];

    [Fact]
    public async Task Drop_SpecThatUploadsWaitFor_IsRecordedAndPicksThemUp()
    {
        string pipeline = app.NewPipeline("dropped");
        await app.UploadAsync($"{pipeline}/rows.csv", TestApp.Rows(100, 1));
        await app.RunAsync(pipeline, "the upload waits", run => run.Status == RunStatus.Waiting);

        await DropAsync(pipeline, NoTraining);

        Run run = await app.RunAsync(pipeline, "the upload is ingested", run => run.IsEnded);
        (run.Kind, run.Status, run.Attempt).ShouldBe((RunKind.Ingestion, RunStatus.Succeeded, 2));
        LedgerEntry entry = (await LedgerAsync(pipeline)).ShouldHaveSingleItem();
        (entry.Action, entry.Actor, entry.Why).ShouldBe((LedgerAction.SpecChanged, $"unverified:pipelines/{pipeline}.yaml", "first spec"));
    }

    [Fact]
    public async Task Drop_ChangedSpec_IsANewVersionInTheLedgerAndTheSameTextIsNot()
    {
        string pipeline = app.NewPipeline("changed");
        await app.PutSpecAsync(pipeline, NoTraining);
        await DropAsync(pipeline, NoTraining + "task: binary\n");
        await TestApp.EventuallyAsync(async () => (await LedgerAsync(pipeline)).Length == 2, () => "the dropped spec is in the ledger");
        await DropAsync(pipeline, "# the same, said otherwise\n" + NoTraining + "task: binary\n");
        await DropAsync(pipeline, NoTraining);
        await TestApp.EventuallyAsync(async () => (await LedgerAsync(pipeline)).Length >= 3, () => "the first spec is back");

        LedgerEntry[] ledger = await LedgerAsync(pipeline);
        ledger.Select(e => e.Action).ShouldAllBe(action => action == LedgerAction.SpecChanged);
        ledger.Select(e => e.Why).ShouldBe(["first spec", "spec changed", "spec changed"]);
        ledger[0].Actor.ShouldBe("unverified:http");
        ledger[1].Evidence.ShouldNotBe(ledger[0].Evidence);
        ledger[2].Evidence.ShouldBe(ledger[0].Evidence);
    }

    [Fact]
    public async Task Drop_SpecWithFaults_ChangesNothingAndTheUploadSaysWhy()
    {
        string pipeline = app.NewPipeline("faulty");
        await DropAsync(pipeline, "targt: heavy\n");
        await app.UploadAsync($"{pipeline}/rows.csv", TestApp.Rows(100, 1));

        Run run = await app.RunAsync(pipeline, "the upload waits", run => run.Status == RunStatus.Waiting);

        run.Reason!.ShouldContain($"pipelines/{pipeline}.yaml");
        run.Reason!.ShouldContain("target");
        (await app.SendAsync(HttpMethod.Get, $"api/pipelines/{pipeline}/ledger")).Status.ShouldBe(HttpStatusCode.NotFound, "nothing was recorded");
    }

    [Fact]
    public async Task Get_Datasets_ListsWhatTrainingsSaw()
    {
        string pipeline = app.NewPipeline("datasets");
        Run training = await app.TrainAsync(pipeline, TestApp.Spec);
        string id = training.Inputs.Single(i => i.Kind == "dataset").Id;

        (HttpStatusCode status, var list) = await app.SendAsync(HttpMethod.Get, $"api/pipelines/{pipeline}/datasets?top=1");
        status.ShouldBe(HttpStatusCode.OK);
        list.GetProperty("items")[0].GetProperty("id").GetString().ShouldBe(id);
        list.GetProperty("items")[0].GetProperty("rows").GetInt64().ShouldBe(600);
        (_, var one) = await app.SendAsync(HttpMethod.Get, $"api/pipelines/{pipeline}/datasets/{id}");
        one.GetProperty("manifest").GetProperty("batches").GetArrayLength().ShouldBe(1);
        one.GetProperty("outcome").GetProperty("runId").GetString().ShouldBe(training.Id);
        DatasetManifest manifest = (await app.Services.GetRequiredService<IDatasetStore>().GetManifestAsync(pipeline, id, CancellationToken.None))!;
        manifest.ComputeId().ShouldBe(id);
        foreach (string missing in (string[])[new string('0', 64), "batches", "..%2Fother"])
        {
            (await app.SendAsync(HttpMethod.Get, $"api/pipelines/{pipeline}/datasets/{missing}")).Status.ShouldBe(HttpStatusCode.NotFound, missing);
        }
    }
}
