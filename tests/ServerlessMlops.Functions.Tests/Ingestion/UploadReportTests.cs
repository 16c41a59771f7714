using System.Globalization;
using System.Net;
using Azure.Storage.Blobs;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Tests.Hosting;

namespace ServerlessMlops.Functions.Tests.Ingestion;

/// <summary>What the app keeps and tells of each upload, besides its batch.</summary>
[Collection(TestAppCollection.Name)]
public sealed class UploadReportTests(TestApp app)
{
    private const string Spec = """
        target: y
        columns: {town: {sensitive: true}}
        expect: [{column: x, between: [0, 10000]}]
        rejectTolerance: 0.1
        retrain: {onUpload: false}

        """;

    private static string Rows(int count, double x, string color, int bad = 0, string town = "Oslo") => "x,color,town,y\n" + string.Concat(Enumerable.Range(0, count).Select(i =>
        string.Create(CultureInfo.InvariantCulture, $"{(i < bad ? -5 - i : x + (i % 50) + (i / 1000.0))},{(i % 2 == 0 ? "red" : color)},{(i % 2 == 0 ? town : "Bergen")},{i % 3 % 2}\n")));

    private async Task<(Run Run, UploadReport Report)> IngestAsync(string pipeline, string name, string csv)
    {
        await app.UploadAsync($"{pipeline}/{name}", csv);
        Run run = await app.RunAsync(pipeline, $"{name} is ingested", r => r.IsEnded && r.Inputs.Any(i => i.Id == $"{pipeline}/{name}"));
        return (run, await app.GetAsync<UploadReport>($"api/pipelines/{pipeline}/runs/{run.Id}/report"));
    }

    [Fact]
    public async Task Upload_ThatDiffersFromTheBatchBefore_IsToldInWordsAndWarningsReachTheRun()
    {
        string pipeline = app.NewPipeline("reports");
        await app.PutSpecAsync(pipeline, Spec);
        (Run first, UploadReport plain) = await IngestAsync(pipeline, "a.csv", Rows(300, 700, "blue"));
        (Run second, UploadReport told) = await IngestAsync(pipeline, "b.csv", Rows(300, 900, "green", bad: 3, town: "Lyon"));

        (first.Status, first.Reason, plain.ComparedWith).ShouldBe((RunStatus.Succeeded, null, null));
        plain.Differences.ShouldBeEmpty();
        second.Status.ShouldBe(RunStatus.Succeeded);
        told.ComparedWith.ShouldBe(plain.BatchId);
        told.Differences[0].ShouldMatch(@"^x: median 7\d\d\.\d+ -> 9\d\d\.\d+$");
        told.Differences[1].ShouldStartWith("color: ");
        told.Differences[1].ShouldContain("'blue' 50% -> 0%");
        told.Differences[1].ShouldContain("'green' 0% -> 50");
        told.Differences.Count.ShouldBe(2, "the towns are sensitive");
        told.Findings.ShouldContain(f => f.Code == DataFindingCodes.NewCategories && f.Column == "color" && f.Message.Contains("green", StringComparison.Ordinal));
        told.Findings.ShouldContain(f => f.Code == DataFindingCodes.NewCategories && f.Column == "town" && !f.Message.Contains("Lyon", StringComparison.Ordinal));
        (told.RowsKept, told.RowsRejected, told.RejectedRows).ShouldBe((297, 3, $"{pipeline}/batches/{told.BatchId}/rejected.csv"));
        second.Reason!.ShouldContain("3 rows were set aside: x between (3)");
        second.Reason!.ShouldMatch(@"Worth a look: .*new categories in ('color', 'town'|'town', 'color').* \(GET ");
        second.Reason!.ShouldNotContain("green");
    }

    [Fact]
    public async Task Upload_WithTooManyBadRows_KeepsThemWithTheReport()
    {
        string pipeline = app.NewPipeline("reports");
        await app.PutSpecAsync(pipeline, Spec);
        (Run run, UploadReport report) = await IngestAsync(pipeline, "a.csv", Rows(100, 700, "blue", bad: 40));

        (run.Status, report.Verdict, report.BatchId).ShouldBe((RunStatus.Rejected, BatchVerdict.Rejected, null));
        report.Rejections.ShouldBe([new RejectionCount("x", "between", 40)]);
        report.Findings[0].Code.ShouldBe(DataFindingCodes.TooManyRejected);
        run.Reason!.ShouldContain($"datasets/{report.RejectedRows}");
        BlobClient rejected = new BlobServiceClient(app.ConnectionString).GetBlobContainerClient("datasets").GetBlobClient(report.RejectedRows);
        string[] lines = (await rejected.DownloadContentAsync()).Value.Content.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        (lines.Length, lines[0], lines[1]).ShouldBe((41, "line,column,rule,value,expected", "2,x,between,-5,0 to 10000"));
        (await app.SendAsync(HttpMethod.Get, $"api/pipelines/{pipeline}/runs/ingest-0/report")).Status.ShouldBe(HttpStatusCode.NotFound);
    }
}
