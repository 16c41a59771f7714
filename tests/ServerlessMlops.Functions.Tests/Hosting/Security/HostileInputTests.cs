using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Functions.Tests.Hosting.Security;

/// <summary>Names that try to leave their folder, specs that try to fill the memory, files that are small until they are opened.</summary>
[Collection(KeyedAppCollection.Name)]
public sealed class HostileInputTests(KeyedApp app)
{
    [Theory]
    [InlineData("..%2f..%2fruns")]
    [InlineData("%2e%2e%2fmodels")]
    [InlineData("..%5c..%5cx")]
    [InlineData("a%00b")]
    [InlineData("a%0d%0aset-cookie:x")]
    [InlineData("%c0%ae%c0%ae")]
    [InlineData("UPPER")]
    [InlineData("a'%20or%20PartitionKey%20gt%20'")]
    [InlineData("a%7Cb")]
    public async Task PipelineName_ThatIsNone_IsRefusedByEveryRoute(string name)
    {
        foreach ((string function, HttpTriggerAttribute trigger) in HttpFunctions.All.Where(function => function.Trigger.Route!.Contains("{pipeline}", StringComparison.Ordinal)))
        {
            foreach (string method in trigger.Methods!)
            {
                (int status, string answer) = await RawAsync(method.ToUpperInvariant(), "/" + HttpFunctions.Path(trigger, name));
                status.ShouldBeOneOf([400, 404], $"{function}: {method} with {name}\n{answer}");
            }
        }
    }

    [Fact]
    public async Task PipelineName_ThatIsNone_IsAProblemDocumentOfEveryRoute()
    {
        (string, HttpTriggerAttribute)[] functions = [.. HttpFunctions.All.Where(function => function.Trigger.Route!.Contains("{pipeline}", StringComparison.Ordinal))];
        functions.Length.ShouldBeGreaterThan(50);
        foreach ((string function, HttpTriggerAttribute trigger) in functions)
        {
            (int status, string answer) = await RawAsync(trigger.Methods![0].ToUpperInvariant(), "/" + HttpFunctions.Path(trigger, "Not-A-Name"));

            // Scoring looks the name up among what serves, before it looks at anything else: no such model.
            bool scores = !trigger.Route!.StartsWith("api/", StringComparison.Ordinal);
            status.ShouldBe(scores ? 404 : 400, $"{function}: {answer}");
            answer.ShouldContain("application/problem+json", Case.Insensitive, function);
            answer.ShouldContain(scores ? "Not-A-Name" : "cannot name a pipeline", Case.Sensitive, function);
        }
    }

    [Theory]
    [InlineData("aliases")]
    [InlineData("ledger")]
    [InlineData("ledger/verify")]
    public async Task PipelineThatNothingWasRecordedOf_IsNotFound(string what)
    {
        string pipeline = app.NewPipeline("unheard");

        (HttpStatusCode status, System.Text.Json.JsonElement problem) = await app.SendAsync(HttpMethod.Get, $"api/pipelines/{pipeline}/{what}");

        status.ShouldBe(HttpStatusCode.NotFound);
        problem.GetProperty("detail").GetString()!.ShouldContain($"Nothing was ever recorded of a pipeline '{pipeline}'");
    }

    [Theory]
    [InlineData("Upper/rows.csv")]
    [InlineData("rows.csv")]
    [InlineData("a'b/rows.csv")]
    [InlineData("a|b/rows.csv")]
    public async Task UploadThatBelongsToNoPipeline_IsARejectedRunThatAllCanSee(string path)
    {
        string marker = $"-{Guid.CreateVersion7():N}.csv";
        await UploadAsync(path.Replace(".csv", marker, StringComparison.Ordinal), Encoding.UTF8.GetBytes("a,b\n1,2\n"));

        Run run = await app.RunAsync(Core.Pipelines.PipelineName.Unassigned, "the upload was seen", r => r.IsEnded && r.Inputs.Any(i => i.Id.Contains(marker, StringComparison.Ordinal)));

        run.Status.ShouldBe(RunStatus.Rejected, run.Reason);
    }

    [Fact]
    public async Task YamlBombs_AreRefusedAtOnceAndChangeNothing()
    {
        string laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
            + string.Concat(Enumerable.Range(1, 12).Select(i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))}]\n")) + "target: *a12\n";
        string merge = "base: &b {x: 1}\ntarget: y\ncolumns:\n  <<: *b\n";
        string deep = "target: y\ncolumns: " + string.Concat(Enumerable.Repeat("{a: ", 50_000));
        string wide = "target: y\nslices: [" + string.Join(',', Enumerable.Repeat("a", 100_000)) + "]";
        string big = "target: y\n# " + new string('x', 900_000);
        string tooBig = "target: y\n# " + new string('x', 2_000_000);
        string pipeline = app.NewPipeline("bomb");
        foreach (string yaml in (string[])[laughs, merge, deep, wide, big, tooBig])
        {
            long before = GC.GetTotalAllocatedBytes();
            using var body = new StringContent(yaml, Encoding.UTF8, "text/yaml");
            using HttpResponseMessage answer = await app.Http.PutAsync($"api/pipelines/{pipeline}", body);

            ((int)answer.StatusCode).ShouldBeOneOf(400, 413);
            (await answer.Content.ReadAsStringAsync()).Length.ShouldBeLessThan(100_000);
            (GC.GetTotalAllocatedBytes() - before).ShouldBeLessThan(200L << 20);
        }

        (await app.Http.GetAsync($"api/pipelines/{pipeline}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("zip")]
    [InlineData("gz")]
    public async Task DecompressionBomb_IsRejectedWithItsReason(string kind)
    {
        string pipeline = app.NewPipeline("inflate");
        await app.PutSpecAsync(pipeline, "target: b\n");
        byte[] bomb = Compressed(kind, 80 << 20);
        bomb.Length.ShouldBeLessThan(1 << 20);

        await UploadAsync($"{pipeline}/rows.csv.{kind}", bomb);

        Run run = await app.RunAsync(pipeline, "the upload was judged", r => r is { Kind: RunKind.Ingestion, IsEnded: true });
        run.Status.ShouldBe(RunStatus.Rejected, run.Reason);
        run.Reason!.ShouldContain("times its size");
    }

    private static byte[] Compressed(string kind, int bytes)
    {
        using var target = new MemoryStream();
        if (kind == "gz")
        {
            using var gzip = new GZipStream(target, CompressionLevel.SmallestSize, leaveOpen: true);
            Fill(gzip, bytes);
        }
        else
        {
            using var zip = new ZipArchive(target, ZipArchiveMode.Create, leaveOpen: true);
            using Stream entry = zip.CreateEntry("rows.csv", CompressionLevel.SmallestSize).Open();
            Fill(entry, bytes);
        }

        return target.ToArray();
    }

    private static void Fill(Stream stream, int bytes)
    {
        stream.Write("a,b\n"u8);
        byte[] row = Encoding.ASCII.GetBytes("0," + new string('0', 1020) + "\n");
        byte[] block = [.. Enumerable.Repeat(row, 64).SelectMany(text => text)];
        for (int written = 0; written < bytes; written += block.Length)
        {
            stream.Write(block);
        }
    }

    private async Task UploadAsync(string path, byte[] content)
    {
        BlobContainerClient container = new BlobServiceClient(app.ConnectionString).GetBlobContainerClient("uploads");
        await container.CreateIfNotExistsAsync();
        await container.GetBlobClient(path).UploadAsync(BinaryData.FromBytes(content), overwrite: true);
    }

    // A socket of its own: HTTP clients tidy paths up before they send them.
    private async Task<(int Status, string Answer)> RawAsync(string method, string path)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, app.Http.BaseAddress!.Port);
        await using NetworkStream stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nx-functions-key: {KeyedApp.Master}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"));
        using var reader = new StreamReader(stream, Encoding.ASCII);
        string answer = await reader.ReadToEndAsync();
        return (int.Parse(answer.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), answer);
    }
}
