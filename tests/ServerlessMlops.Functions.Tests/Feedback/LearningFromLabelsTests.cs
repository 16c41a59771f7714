using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Feedback;
using ServerlessMlops.Functions.Monitoring;
using ServerlessMlops.Functions.Tests.Hosting;

namespace ServerlessMlops.Functions.Tests.Feedback;

/// <summary>Labelled predictions become data, and data a training: on the whole app, against real storage.</summary>
[Collection(TestAppCollection.Name)]
public sealed class LearningFromLabelsTests(TestApp app)
{
    private const int Scored = 60;

    [Fact]
    public async Task EnoughLabels_ByHttpAndFile_AreUploadedIngestedAndTrainedOnOnce()
    {
        string pipeline = await ServeAsync("minLabels: 50");
        string[] ids = await ScoreAsync(pipeline);

        await PostAsync(pipeline, Labels(ids, 0, 30));
        (await FilesAsync(pipeline)).ShouldBeEmpty("30 labels are too few");
        await DropAsync($"{pipeline}/may.csv", Labels(ids, 30, 30));

        Run training = await app.RunAsync(pipeline, "the labels' training", run => run is { Kind: RunKind.Training, IsEnded: true } && run.Id == TrainingRequest.RunId(pipeline, 2));
        string path = (await FilesAsync(pipeline)).ShouldHaveSingleItem();
        path.ShouldBe(LabelledFile.PathOf(pipeline, 1));
        training.Inputs.Single(i => i.Kind == "request").Id.ShouldBe($"automatic, Labels: {Scored} labelled predictions of {path}");
        training.Inputs.Single(i => i.Kind == "dataset").Detail.ShouldBe($"2 batches, {600 + Scored} rows");
        training.Inputs.Where(i => i.Kind == "upload").Select(i => i.Id).ShouldContain(path, "where the model comes from is told down to the labels");

        // The rows are what was scored and what came of it.
        string[] lines = (await ReadAsync(path)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(Scored + 1);
        string[] header = lines[0].Split(',');
        header.Order().ShouldBe(["colour", "heavy", "height", "id", "weight"]);
        foreach (string[] row in lines.Skip(1).Select(line => line.Split(',')))
        {
            int number = int.Parse(row[Array.IndexOf(header, "id")][1..], CultureInfo.InvariantCulture);
            double.Parse(row[Array.IndexOf(header, "weight")], CultureInfo.InvariantCulture).ShouldBe(Weight(number), 1e-5);
            row[Array.IndexOf(header, "heavy")].ShouldBe(LabelOf(number) == "yes" ? "true" : "false", "as the model names its classes");
        }

        // Joined again and checked again, by several at once: no second file, no second training.
        await PostAsync(pipeline, Labels(ids, 0, 60));
        await CheckAsync(pipeline, times: 3);
        (await FilesAsync(pipeline)).Count.ShouldBe(1);
        (await TrainingsAsync(pipeline)).ShouldBe(2);
    }

    [Fact]
    public async Task LabelsThatGuardsKeptWaiting_AreAskedForByTheNextChecks_Once()
    {
        string pipeline = await ServeAsync("minLabels: 0");
        string[] ids = await ScoreAsync(pipeline);
        await PostAsync(pipeline, Labels(ids, 0, 60));
        await app.PutSpecAsync(pipeline, Spec("minLabels: 50"));

        await CheckAsync(pipeline, times: 4);

        await app.RunAsync(pipeline, "the labels' training", run => run is { Kind: RunKind.Training, IsEnded: true } && run.Id == TrainingRequest.RunId(pipeline, 2));
        await CheckAsync(pipeline, times: 2);
        (await FilesAsync(pipeline)).Count.ShouldBe(1);
        (await TrainingsAsync(pipeline)).ShouldBe(2);
    }

    [Fact]
    public async Task Exporter_KilledAtAnyStepAndManyAtOnce_PutsEachLabelInOneFile()
    {
        string pipeline = await ServeAsync("minLabels: 0");
        string[] ids = await ScoreAsync(pipeline);
        PipelineSpec spec = PipelineSpecParser.Parse(Spec("minLabels: 10")).Spec!;
        await PostAsync(pipeline, Labels(ids, 0, 20));
        foreach ((int survives, int more) in new[] { (0, 20), (1, 25), (1, 30) })
        {
            // Dies before it is settled what the file has, before the file is written, and before that is noted; more labels come while nobody goes on.
            await Should.ThrowAsync<IOException>(() => Exporter(new DyingExports(app.Services.GetRequiredService<ILabelledExports>(), survives)).WriteAsync(pipeline, spec, default));
            await PostAsync(pipeline, Labels(ids, more, 5));
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Exporter().WriteAsync(pipeline, spec, default)));
        await Exporter().WriteAsync(pipeline, spec, default);
        await PostAsync(pipeline, $"inferenceId,heavy,labelledAt\n{ids[0]},{(LabelOf(0) == "yes" ? "no" : "yes")},{TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(5):yyyy-MM-dd'T'HH:mm:ss'Z'}\n");
        (await Exporter().WriteAsync(pipeline, spec, default)).Rows.ShouldBe(1, "a corrected label comes again");
        (await Exporter().WriteAsync(pipeline, spec, default)).File.ShouldBeNull();

        var keys = new List<string>();
        foreach (string path in await FilesAsync(pipeline))
        {
            string[] lines = (await ReadAsync(path)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
            keys.AddRange(lines.Skip(1).Select(line => line.Split(',')[Array.IndexOf(lines[0].Split(','), "id")]));
        }

        keys.Order(StringComparer.Ordinal).ShouldBe(Enumerable.Range(0, 35).Select(i => $"s{i}").Append("s0").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task LogOfHashes_CannotBeLearnedFrom_AndThatIsSaid()
    {
        string pipeline = await ServeAsync("minLabels: 20", "scoring: {columns: {colour: {log: hash}}}\n");
        string[] ids = await ScoreAsync(pipeline);
        await PostAsync(pipeline, Labels(ids, 0, 60));

        Alert[] told = [];
        await TestApp.EventuallyAsync(
            async () =>
            {
                told = [.. (await app.GetAsync<Page<Alert>>($"api/pipelines/{pipeline}/alerts")).Items.Where(alert => alert.Subject == "learning from labels")];
                return told.Length > 0;
            },
            () => "the alert is on record");
        told.ShouldHaveSingleItem().Detail.ShouldContain("does not keep 'colour' in full");
        (await FilesAsync(pipeline)).ShouldBeEmpty();
        (await TrainingsAsync(pipeline)).ShouldBe(1);
    }

    private static string Spec(string retrain, string more = "") =>
        TestApp.Spec.Replace("retrain: {onUpload: true, nightly: true}", $"retrain: {{onUpload: false, nightly: false, {retrain}, cooldown: 1h}}", StringComparison.Ordinal) + more;

    private static double Weight(int i) => (i % 10) + 0.5;

    private static string LabelOf(int i) => Weight(i) > 5 ? "yes" : "no";

    private static string Labels(string[] ids, int from, int count) =>
        "inferenceId,heavy\n" + string.Concat(Enumerable.Range(from, count).Select(i => $"{ids[i]},{LabelOf(i)}\n"));

    private LabelledExporter Exporter(ILabelledExports? exports = null) => exports is null
        ? ActivatorUtilities.CreateInstance<LabelledExporter>(app.Services)
        : ActivatorUtilities.CreateInstance<LabelledExporter>(app.Services, exports);

    private async Task<string> ServeAsync(string retrain, string more = "")
    {
        string pipeline = app.NewPipeline();
        await app.PutSpecAsync(pipeline, Spec(retrain, more));
        await app.UploadAsync($"{pipeline}/rows-1.csv", TestApp.Rows(600, 1));
        await app.RunAsync(pipeline, "the upload is read", run => run is { Kind: RunKind.Ingestion, IsEnded: true });
        await app.SendAsync(HttpMethod.Post, $"api/pipelines/{pipeline}/train");
        await app.RunAsync(pipeline, "the rollout has ended", run => run is { Kind: RunKind.Rollout, IsEnded: true });
        return pipeline;
    }

    private async Task CheckAsync(string pipeline, int times)
    {
        DateTimeOffset until = TimeProvider.System.GetUtcNow();
        await Task.WhenAll(Enumerable.Range(0, times).Select(_ => ActivatorUtilities.CreateInstance<CheckModel>(app.Services).Run(new CheckInput(pipeline, until), app.Durable, default)));
    }

    private async Task<List<string>> FilesAsync(string pipeline)
    {
        var paths = new List<string>();
        await foreach (ListedUpload listed in app.Services.GetRequiredService<IUploadStore>().ListAsync($"{pipeline}/labelled/", default))
        {
            paths.Add(listed.Upload.Path);
        }

        return paths;
    }

    private async Task<string> ReadAsync(string path) =>
        (await new BlobServiceClient(app.ConnectionString).GetBlobContainerClient("uploads").GetBlobClient(path).DownloadContentAsync()).Value.Content.ToString();

    private async Task<int> TrainingsAsync(string pipeline) =>
        (await app.GetAsync<Page<Run>>($"api/pipelines/{pipeline}/runs?top=1000")).Items.Count(run => run.Kind == RunKind.Training);

    private async Task PostAsync(string pipeline, string csv)
    {
        using var body = new StringContent(csv, Encoding.UTF8, "text/csv");
        using HttpResponseMessage answer = await app.Http.PostAsync($"api/pipelines/{pipeline}/labels", body);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        LabelsAnswer accepted = (await answer.Content.ReadFromJsonAsync<LabelsAnswer>(MlopsJson.Options))!;
        (await app.RunAsync(pipeline, "the labels are joined", run => run.Id == accepted.RunId && run.IsEnded)).Status.ShouldBe(RunStatus.Succeeded);
    }

    private async Task DropAsync(string path, string csv)
    {
        BlobContainerClient container = new BlobServiceClient(app.ConnectionString).GetBlobContainerClient("labels");
        await container.CreateIfNotExistsAsync();
        await container.GetBlobClient(path).UploadAsync(BinaryData.FromString(csv));
    }

    private async Task<string[]> ScoreAsync(string pipeline)
    {
        JsonElement body = default;
        await TestApp.EventuallyAsync(
            async () =>
            {
                object[] records = [.. Enumerable.Range(0, Scored).Select(i => (object)new { id = $"s{i}", weight = Weight(i), height = 0.5, colour = i % 2 == 0 ? "red" : "blue" })];
                (HttpStatusCode status, body) = await app.SendAsync(HttpMethod.Post, $"models/{pipeline}/invocations", new { dataframe_records = records });
                return status == HttpStatusCode.OK;
            },
            () => $"the model answers: {body}");
        return [.. body.GetProperty("predictions").EnumerateArray().Select(row => row.GetProperty("inferenceId").GetString()!)];
    }

    /// <summary>Fails instead of its n-th change of storage.</summary>
    private sealed class DyingExports(ILabelledExports real, int survives) : ILabelledExports
    {
        private int _left = survives;

        public Task<(LabelledExport Export, string? ETag)> LoadAsync(string pipeline, CancellationToken cancellation) => real.LoadAsync(pipeline, cancellation);

        public Task<bool> SaveAsync(string pipeline, LabelledExport export, string? etag, CancellationToken cancellation) => Live(() => real.SaveAsync(pipeline, export, etag, cancellation));

        public Task<Upload> PutAsync(string path, ReadOnlyMemory<byte> csv, CancellationToken cancellation) => Live(() => real.PutAsync(path, csv, cancellation));

        public Task<IReadOnlyList<DateTimeOffset>> ListHoursAsync(string pipeline, DateTimeOffset since, CancellationToken cancellation) => real.ListHoursAsync(pipeline, since, cancellation);

        private Task<T> Live<T>(Func<Task<T>> change) => _left-- > 0 ? change() : throw new IOException("the process is dead");
    }
}
