using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Core.Scoring.Bulk;
using ServerlessMlops.Functions.Scoring.Bulk;
using ServerlessMlops.Functions.Tests.Hosting;
using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Functions.Tests.Scoring.Bulk;

/// <summary>Files dropped into <c>scoring/</c>, on the whole app.</summary>
[Collection(TestAppCollection.Name)]
public sealed class BulkScoringTests(TestApp app)
{
    // One model does for all of them; the tests of a collection run one after the other.
    private static (TestApp? App, string? Pipeline) _trained;

    private const string Spec = "target: heavy\nkey: id\ntrain: {candidates: [linear]}\nretrain: {onUpload: true}\n";

    [Fact]
    public async Task File_PackedCsvWithBadRows_IsAnsweredBesideItAndLogged()
    {
        string pipeline = await TrainedAsync();
        string[] rows = TestApp.Rows(3000, 5).TrimEnd('\n').Split('\n');
        rows[100] = "b5-99,many,0.5,red,yes";
        rows[2000] = "b5-1999,1,0.5";
        Run run = await ScoredAsync(pipeline, "march.csv.gz", Pack(string.Join('\n', rows)));

        run.Status.ShouldBe(RunStatus.Succeeded, run.Reason);
        run.Reason.ShouldNotBeNull().ShouldContain("2 of 3000 rows");
        string[] answer = (await ReadAsync($"{pipeline}/march.csv.gz.predictions.csv")).TrimEnd('\n').Split('\n');
        answer[0].ShouldBe("row,key,decision,probability,version,inferenceId,problem");
        answer.Length.ShouldBe(3001);
        answer[100].ShouldStartWith("100,,,,,,\"'weight' is ");
        answer[2000].ShouldStartWith("2000,,,,,,\"more or fewer values than");
        answer.Skip(1).Select(line => int.Parse(line.Split(',')[0], System.Globalization.CultureInfo.InvariantCulture)).ShouldBe(Enumerable.Range(1, 3000));
        int right = answer.Zip(rows).Skip(1).Count(pair => pair.First.Split(',') is [_, _, { Length: > 0 } decision, ..] && decision == (pair.Second.EndsWith("yes", StringComparison.Ordinal) ? "true" : "false"));
        right.ShouldBeGreaterThan(2400, "most decisions are those that came true");

        JsonElement summary = JsonDocument.Parse(await ReadAsync($"{pipeline}/march.csv.gz.predictions.summary.json")).RootElement;
        (summary.GetProperty("rows").GetInt64(), summary.GetProperty("rejected").GetInt64(), summary.GetProperty("version").GetInt32()).ShouldBe((3000, 2, 1));

        // What was made from what: the answer of the file and the version.
        string lineage = await app.Http.GetStringAsync($"api/pipelines/{pipeline}/runs/{run.Id}/lineage");
        lineage.ShouldContain($"{pipeline}/march.csv.gz.predictions.csv");
        lineage.ShouldContain($"{pipeline}/1/model.onnx");

        // Monitors see the rows that were scored, in the minute of the answer.
        WindowRow counted = (await WindowsAsync(pipeline, new BulkJob(BulkOrchestrator.FileOf(run)!, 1, BulkFormat.Csv, true, "", ',', 0, run.StartedAt))).ShouldHaveSingleItem();
        (counted.Sums.Predictions, counted.Sums.Requests, counted.IsOfFile).ShouldBe((2998, 0, true));
        counted.Minute.ShouldBe(summary.GetProperty("endedAt").GetDateTimeOffset(), TimeSpan.FromMinutes(1));

        // Each row is found by its id, as one that was asked for over HTTP.
        string[] last = answer[^1].Split(',');
        JsonElement found = await app.GetAsync<JsonElement>($"api/predictions/{last[5]}");
        found.GetProperty("prediction").GetProperty("key").GetString().ShouldBe(last[1]);
    }

    [Fact]
    public async Task File_JsonLines_IsAnsweredInItsFormat_AndAnEventThatComesTwiceChangesNothing()
    {
        string pipeline = await TrainedAsync();
        Run run = await ScoredAsync(pipeline, "deep/rows.jsonl", Encoding.UTF8.GetBytes("{\"weight\":9,\"height\":0.5,\"colour\":\"red\"}\n{\"weight\":[]}\n{\"weight\":1,\"height\":0.5,\"colour\":\"blue\"}"));
        string[] answer = (await ReadAsync($"{pipeline}/deep/rows.jsonl.predictions.jsonl")).TrimEnd('\n').Split('\n');
        answer.Select(line => JsonDocument.Parse(line).RootElement).Select(a => a.TryGetProperty("decision", out JsonElement d) ? d.GetString() : "problem").ShouldBe(["true", "problem", "false"]);

        BlobClient file = Scoring.GetBlobClient($"{pipeline}/deep/rows.jsonl");
        Response<BlobProperties> before = await Scoring.GetBlobClient($"{pipeline}/deep/rows.jsonl.predictions.jsonl").GetPropertiesAsync();
        await ActivatorUtilities.CreateInstance<ScoringFileArrived>(app.Services).Run(file, $"{pipeline}/deep/rows.jsonl", app.Durable, default);
        await ActivatorUtilities.CreateInstance<ScoringFileArrived>(app.Services).Reconcile(new Microsoft.Azure.Functions.Worker.TimerInfo(), app.Durable, default);
        (await app.Durable.GetInstanceAsync(run.Id))!.IsCompleted.ShouldBeTrue();
        (await Scoring.GetBlobClient($"{pipeline}/deep/rows.jsonl.predictions.jsonl").GetPropertiesAsync()).Value.ETag.ShouldBe(before.Value.ETag);
        (await app.GetAsync<ServerlessMlops.Core.Page<Run>>($"api/pipelines/{pipeline}/runs?top=1000")).Items.Count(r => r.Inputs.Any(i => i.Id == $"{pipeline}/deep/rows.jsonl")).ShouldBe(1);
    }

    [Theory]
    [InlineData("height,colour\n1,red\n", "'weight' is missing")]
    [InlineData("[{\"weight\":1}]", "JSON array")]
    [InlineData("", "it is empty")]
    [InlineData("w\0e\0i\0", "NUL bytes")]
    public async Task File_ThatNoRowOfCanBeScored_IsRejectedWithItsReason(string content, string expected)
    {
        string pipeline = await TrainedAsync();
        Run run = await ScoredAsync(pipeline, "bad.csv", Encoding.UTF8.GetBytes(content));
        run.Status.ShouldBe(RunStatus.Rejected);
        run.Reason.ShouldNotBeNull().ShouldContain(expected);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Parts_DoneTwiceInSmallPieces_GiveOneAnswer(bool isPacked)
    {
        string pipeline = await TrainedAsync();
        string rows = TestApp.Rows(400, 9);
        BlobClient blob = Scoring.GetBlobClient($"{pipeline}/small-{isPacked}.predictions.of-nobody");
        await Scoring.CreateIfNotExistsAsync();
        Response<BlobContentInfo> uploaded = await blob.UploadAsync(BinaryData.FromBytes(isPacked ? Pack(rows) : Encoding.UTF8.GetBytes(rows)), overwrite: true);
        var file = new Upload(blob.Name, uploaded.Value.ETag.ToString().Trim('"'));
        var activities = ActivatorUtilities.CreateInstance<BulkActivities>(app.Services, Options.Create(new BulkOptions { PieceBytes = 1024, PartTime = TimeSpan.Zero }));
        await app.Services.GetRequiredService<IRunLog>().StartAsync(
            new Run { Pipeline = pipeline, Id = BulkOrchestrator.RunIdOf(file), Kind = RunKind.Scoring, Status = RunStatus.Running, Stage = "scoring", StartedAt = DateTimeOffset.UnixEpoch }, default);

        BulkJob job = (await activities.OpenBulkFile(new BulkOpening(file, DateTimeOffset.UnixEpoch.AddHours(12.5)), default)).ShouldNotBeNull();
        var progress = new BulkProgress(job.StartOffset, 0, 0, 0, false, []);
        int parts = 0;
        while (!progress.IsComplete)
        {
            BulkProgress first = (await activities.ScoreBulkPart(new BulkPart(job, progress), default))!;
            BulkProgress again = (await activities.ScoreBulkPart(new BulkPart(job, progress), default))!;
            (again.Offset, again.Rows, again.Pieces).ShouldBe((first.Offset, first.Rows, first.Pieces));
            progress = again;
            parts++;
        }

        parts.ShouldBeGreaterThan(8);
        // Finished twice within an attempt at the run, and once more days later in another: the rows count once, in the minute of the first answer.
        await activities.FinishBulkFile(new BulkPart(job, progress), default);
        await activities.FinishBulkFile(new BulkPart(job, progress), default);
        var later = new ManualTimeProvider(app.Services.GetRequiredService<TimeProvider>().GetUtcNow().AddDays(2));
        await ActivatorUtilities.CreateInstance<BulkActivities>(app.Services, Options.Create(new BulkOptions()), later).FinishBulkFile(new BulkPart(job, progress), default);
        (await WindowsAsync(pipeline, job)).ShouldHaveSingleItem().Sums.Predictions.ShouldBe(400);
        string[] answer = (await ReadAsync(BulkAnswer.PathOf(file.Path, job.Format))).TrimEnd('\n').Split('\n');
        answer.Skip(1).Select(line => line.Split(',')[1]).ShouldBe(rows.TrimEnd('\n').Split('\n').Skip(1).Select(line => line.Split(',')[0]));
        answer.Skip(1).Select(line => line.Split(',')[5]).Distinct().Count().ShouldBe(400);
        (await app.GetAsync<JsonElement>($"api/predictions/{answer[^1].Split(',')[5]}")).GetProperty("prediction").GetProperty("key").GetString().ShouldBe("b9-399");

        // Once the file is another, the rest of the job ends and says so.
        await blob.UploadAsync(BinaryData.FromString(rows + "x"), overwrite: true);
        (await activities.ScoreBulkPart(new BulkPart(job, new BulkProgress(job.StartOffset, 0, 0, 0, false, [])), default)).ShouldBeNull();
    }

    private BlobContainerClient Scoring => new BlobServiceClient(app.ConnectionString).GetBlobContainerClient("scoring");

    private async Task<List<WindowRow>> WindowsAsync(string pipeline, BulkJob job)
    {
        var rows = new List<WindowRow>();
        DateTimeOffset now = app.Services.GetRequiredService<TimeProvider>().GetUtcNow();
        await foreach (WindowRow row in app.Services.GetRequiredService<IWindowStore>().ReadAsync(pipeline, job.Version, now.AddHours(-1), now.AddDays(3), default))
        {
            if (row.Instance == WindowRow.OfFile(pipeline, job.Version, job.Instance, now, row.Sums).Instance)
            {
                rows.Add(row);
            }
        }

        return rows;
    }

    private async Task<string> TrainedAsync()
    {
        if (_trained.Pipeline is not null && _trained.App == app)
        {
            return _trained.Pipeline;
        }

        string pipeline = app.NewPipeline("bulk");
        (await app.TrainAsync(pipeline, Spec)).Status.ShouldBe(RunStatus.Succeeded);
        await app.RunAsync(pipeline, "version 1 is live", r => r is { Kind: RunKind.Rollout, IsEnded: true });
        _trained = (app, pipeline);
        return pipeline;
    }

    private async Task<Run> ScoredAsync(string pipeline, string name, byte[] content)
    {
        await Scoring.CreateIfNotExistsAsync();
        BlobClient blob = Scoring.GetBlobClient($"{pipeline}/{name}");
        string etag = (await blob.UploadAsync(BinaryData.FromBytes(content), overwrite: true)).Value.ETag.ToString().Trim('"');
        string run = BulkOrchestrator.RunIdOf(new Upload(blob.Name, etag));
        return await app.RunAsync(pipeline, "the file is answered", r => r.Id == run && r.IsEnded);
    }

    private async Task<string> ReadAsync(string path) => (await Scoring.GetBlobClient(path).DownloadContentAsync()).Value.Content.ToString();

    private static byte[] Pack(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }
}
