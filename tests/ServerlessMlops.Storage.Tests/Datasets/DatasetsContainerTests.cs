using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Profiling;
using ServerlessMlops.Data.Snapshots;
using ServerlessMlops.Storage.Datasets;
using ServerlessMlops.Storage.Tests.Uploads;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Storage.Tests.Datasets;

public class DatasetsContainerTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private const int Columns = 40;
    private const int RowsPerGroup = 10_000;
    private const int Groups = 4;

    [Fact]
    public async Task ReadAsync_OneColumnOfMany_FetchesLittleMoreThanThatColumn()
    {
        string pipeline = azurite.UniqueName("columns");
        (BlobServiceClient service, RangeReads reads) = RangeReads.Client(azurite);
        TableSchema schema = new([.. Enumerable.Range(0, Columns).Select(c => new ColumnSchema($"c{c}", ColumnType.Number))]);
        MemoryStream part = Part(schema);
        string batch = new('a', 64);
        BlobContainerClient container = service.GetBlobContainerClient(DatasetsContainer.Name);
        await container.CreateIfNotExistsAsync();
        await container.GetBlobClient($"{pipeline}/batches/{batch}/part.arrow").UploadAsync(part);
        var manifest = new DatasetManifest
        {
            SpecHash = "s",
            Batches = [new DatasetBatch(batch, Groups * RowsPerGroup)],
            Schema = schema,
            Split = new SplitRule(SplitKind.Row, null, 0.2),
        };
        var datasets = new DatasetsContainer(service);

        reads.Restart();
        ColumnTable one = await datasets.ReadAsync(pipeline, manifest, ["c17"], default);
        long few = reads.Bytes;
        reads.Restart();
        ColumnTable all = await datasets.ReadAsync(pipeline, manifest, null, default);

        one.Schema.Columns.Select(c => c.Name).ShouldBe(["c17"]);
        one.RowCount.ShouldBe(Groups * RowsPerGroup);
        for (int row = 0; row < one.RowCount; row += 997)
        {
            ((NumberColumn)one["c17"]).Values[row].ShouldBe(Value(17, row));
            ((NumberColumn)all["c17"]).Values[row].ShouldBe(Value(17, row));
        }

        // The column itself is a fortieth; the schema, the groups' headers and the smallest range come on top.
        few.ShouldBeLessThan(part.Length / 10, $"of {part.Length} bytes");
        reads.Bytes.ShouldBeInRange(part.Length - (part.Length / 50), part.Length + (part.Length / 10));
        reads.Requests.ShouldBeLessThan(25);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    [InlineData(PartDraft.BlockBytes)]
    [InlineData(PartDraft.BlockBytes + 1)]
    [InlineData((3 * PartDraft.BlockBytes) - 7)]
    public async Task SaveBatchAsync_PartOfAnySize_IsKeptOnceAndLeavesNoDraft(int length)
    {
        string pipeline = azurite.UniqueName("parts");
        var service = new BlobServiceClient(azurite.ConnectionString);
        var datasets = new DatasetsContainer(service);
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        var batch = new BatchSummary { BatchId = new('b', 64), Rows = 1, Schema = new TableSchema([]), ReceivedAt = DateTimeOffset.UnixEpoch };
        var profile = new DatasetProfile { Rows = 1, Columns = [] };

        // The second of the same content keeps what stands; each begins anew in the middle, as a second reading does.
        for (int round = 0; round < 2; round++)
        {
            await using IPartDraft part = await datasets.BeginPartAsync(pipeline, default);
            part.Content.Write(new byte[PartDraft.BlockBytes + 5]);
            part.Content.Seek(0, SeekOrigin.Begin);
            part.Content.SetLength(0);
            for (int at = 0; at < length; at += 300_001)
            {
                part.Content.Write(content.AsSpan(at, Math.Min(300_001, length - at)));
            }

            part.Content.Length.ShouldBe(length);
            await datasets.SaveBatchAsync(pipeline, batch, profile, part, new MemoryStream(), default);
        }

        BlobContainerClient container = service.GetBlobContainerClient(DatasetsContainer.Name);
        (await container.GetBlobClient($"{pipeline}/batches/{batch.BatchId}/part.arrow").DownloadContentAsync()).Value.Content.ToArray().AsSpan().SequenceEqual(content).ShouldBeTrue();
        (await container.ListAsync($"{pipeline}/drafts/", default).ToListAsync()).ShouldBeEmpty();
        (await datasets.ListBatchesAsync(pipeline, default)).Count.ShouldBe(1);
    }

    // The emulator's copies do not fail, so what it says of the blob is changed on the way.
    [Fact]
    public async Task SaveBatchAsync_OverWhatAFailedCopyLeft_PutsThePartInItsPlace()
    {
        string pipeline = azurite.UniqueName("failed-copy");
        string batch = new('b', 64);
        using var client = new HttpClient(new FailedCopy("/part.arrow"));
        var service = new BlobServiceClient(azurite.ConnectionString, new BlobClientOptions { Transport = new HttpClientTransport(client) });
        BlobContainerClient container = service.GetBlobContainerClient(DatasetsContainer.Name);
        await container.CreateIfNotExistsAsync();
        BlobClient place = container.GetBlobClient($"{pipeline}/batches/{batch}/part.arrow");
        await place.UploadAsync(Stream.Null);
        var datasets = new DatasetsContainer(service);

        await using (IPartDraft part = await datasets.BeginPartAsync(pipeline, default))
        {
            part.Content.Write(new byte[PartDraft.BlockBytes + 1]);
            var summary = new BatchSummary { BatchId = batch, Rows = 1, Schema = new TableSchema([]), ReceivedAt = DateTimeOffset.UnixEpoch };
            await datasets.SaveBatchAsync(pipeline, summary, new DatasetProfile { Rows = 1, Columns = [] }, part, Stream.Null, default);
        }

        (await place.GetPropertiesAsync()).Value.ContentLength.ShouldBe(PartDraft.BlockBytes + 1);
        (await datasets.GetBatchAsync(pipeline, batch, default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task BeginPartAsync_WriterThatGivesUp_LeavesNothing()
    {
        string pipeline = azurite.UniqueName("given-up");
        var service = new BlobServiceClient(azurite.ConnectionString);
        await using (IPartDraft part = await new DatasetsContainer(service).BeginPartAsync(pipeline, default))
        {
            part.Content.Write(new byte[(2 * PartDraft.BlockBytes) + 1]);
        }

        (await service.GetBlobContainerClient(DatasetsContainer.Name).ListAsync($"{pipeline}/", default).ToListAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task SaveAsync_ReportOfARejectedUpload_KeepsTheRowsAndTheLastWordStands()
    {
        var service = new BlobServiceClient(azurite.ConnectionString);
        var reports = new UploadReports(service);
        var upload = new Upload($"{azurite.UniqueName("reports")}/a.csv", "1");
        var report = new UploadReport
        {
            Upload = upload,
            SpecHash = "s",
            Verdict = BatchVerdict.Rejected,
            RowsRejected = 3,
            Rejections = [new RejectionCount("x", "between", 3)],
            Findings = [new DataFinding(DataFindingCodes.Expectation, FindingSeverity.Error, "x", "too many") { Expectation = "expect_column_values_to_be_between" }],
            Differences = ["x: median 1 -> 2"],
        };

        UploadReport kept = await reports.SaveAsync(report, new MemoryStream("line,column\n2,x\n"u8.ToArray()), default);
        UploadReport read = (await reports.LoadAsync(upload.Pipeline, upload.RunId, default)).ShouldNotBeNull();
        await reports.SaveAsync(report with { Verdict = BatchVerdict.Accepted, BatchId = "b", RowsRejected = 0 }, null, default);

        kept.RejectedRows.ShouldBe($"{upload.Pipeline}/uploads/{upload.RunId}/rejected.csv");
        System.Text.Json.JsonSerializer.Serialize(read, ServerlessMlops.Core.MlopsJson.Options).ShouldBe(System.Text.Json.JsonSerializer.Serialize(kept, ServerlessMlops.Core.MlopsJson.Options));
        BlobClient rows = service.GetBlobContainerClient(DatasetsContainer.Name).GetBlobClient(kept.RejectedRows);
        (await rows.DownloadContentAsync()).Value.Content.ToString().ShouldBe("line,column\n2,x\n");
        (await reports.LoadAsync(upload.Pipeline, upload.RunId, default))!.Verdict.ShouldBe(BatchVerdict.Accepted);
        (await reports.LoadAsync(upload.Pipeline, "ingest-other", default)).ShouldBeNull();
        (await new DatasetsContainer(service).ListDatasetsAsync(upload.Pipeline, default)).ShouldBeEmpty();
    }

    private static double Value(int column, int row) => (column * 1e6) + row;

    private static MemoryStream Part(TableSchema schema)
    {
        var stream = new MemoryStream();
        var writer = new ArrowFileWriter(stream, schema);
        for (int group = 0; group < Groups; group++)
        {
            int from = group * RowsPerGroup;
            writer.Write(new ColumnTable(
                [.. schema.Columns.Select((s, c) => new NumberColumn(s, [.. Enumerable.Range(from, RowsPerGroup).Select(row => Value(c, row))], RowsPerGroup))],
                RowsPerGroup));
        }

        writer.Finish();
        stream.Seek(0, SeekOrigin.Begin);
        return stream;
    }

    /// <summary>Says of empty blobs of that name that their copy failed.</summary>
    private sealed class FailedCopy(string name) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            if (request.Method == HttpMethod.Head && request.RequestUri!.AbsolutePath.EndsWith(name, StringComparison.Ordinal) && response.Content.Headers.ContentLength == 0)
            {
                response.Headers.Add("x-ms-copy-status", "failed");
            }

            return response;
        }
    }
}
