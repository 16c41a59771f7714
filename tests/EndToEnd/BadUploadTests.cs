using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using ServerlessMlops.EndToEnd.Harness;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.EndToEnd;

/// <summary>One app for the class, which must get through all that is dropped on it.</summary>
public sealed class AppFixture : IAsyncLifetime
{
    private readonly AzuriteFixture _azurite = new();

    internal AppProcess App { get; private set; } = null!;

    internal string ConnectionString => _azurite.ConnectionString;

    internal string UniqueName(string prefix) => _azurite.UniqueName(prefix);

    public async Task InitializeAsync()
    {
        await _azurite.InitializeAsync();
        App = await AppProcess.StartAsync(ConnectionString);
    }

    public async Task DisposeAsync()
    {
        if (App is not null)
        {
            await App.DisposeAsync();
        }

        await _azurite.DisposeAsync();
    }
}

/// <summary>
/// Files that cannot be trained on: each ends on the runs list with a reason that a person can act on, none stops the line, and the next good
/// upload works.
/// </summary>
public sealed class BadUploadTests(AppFixture fixture) : IClassFixture<AppFixture>
{
    [Fact]
    public async Task Upload_UnknownPipeline_WaitsForASpecAndGoesOnWhenItComes()
    {
        string pipeline = fixture.UniqueName("unknown");
        await DropAsync($"{pipeline}/birds.csv", Uploads.Rows(800));

        RunView waiting = await fixture.App.RunAsync(pipeline, "the ingestion waits", run => run.Status == "waiting");
        waiting.Reason.ShouldNotBeNull();
        waiting.Reason.ShouldContain("spec");

        await fixture.App.PutSpecAsync(pipeline, Uploads.Spec);
        await ServesAsync(pipeline);
    }

    public static TheoryData<string, string> BadFiles() => new()
    {
        { "empty.csv", "empty" },
        { "binary.csv", "" },
        { "truncated.csv.gz", "" },
        { "wide.csv", "column" },
        { "no-target.csv", "damaged" },
        { "header-only.csv", "" },
    };

    [Theory]
    [MemberData(nameof(BadFiles))]
    public async Task Upload_BadFile_IsRejectedWithAReasonAndTheNextGoodOneWorks(string name, string word)
    {
        string pipeline = fixture.UniqueName("bad");
        await fixture.App.PutSpecAsync(pipeline, Uploads.Spec);
        await DropAsync($"{pipeline}/{name}", Content(name));

        RunView ended = await fixture.App.RunAsync(pipeline, $"the ingestion of {name} has ended", run => run.Kind == "ingestion" && run.IsEnded);
        ended.Status.ShouldBe("rejected", ended.ToString());
        ended.Reason.ShouldNotBeNullOrWhiteSpace();
        ended.Reason.ShouldContain(word, Case.Insensitive);
        ended.Reason.Length.ShouldBeLessThan(4000);
        ended.Inputs.ShouldContain($"{pipeline}/{name}");

        await DropAsync($"{pipeline}/good.csv", Uploads.Rows(800));
        await ServesAsync(pipeline);
    }

    [Fact]
    public async Task Upload_InSubFolders_IsTheirPipelinesAndScores()
    {
        string pipeline = fixture.UniqueName("nested");
        await fixture.App.PutSpecAsync(pipeline, Uploads.Spec);
        await DropAsync($"{pipeline}/1990/first half/birds.csv", Uploads.Rows(800));

        await ServesAsync(pipeline);
        RunView run = await fixture.App.RunAsync(pipeline, "the ingestion", r => r.Kind == "ingestion");
        run.Inputs.ShouldContain($"{pipeline}/1990/first half/birds.csv");
        (HttpStatusCode status, string body) = await fixture.App.PostAsync($"models/{pipeline}/invocations", Invocation);
        status.ShouldBe(HttpStatusCode.OK, body);
        JsonDocument.Parse(body).RootElement.GetProperty("predictions").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task Upload_Compressed_IsAccepted()
    {
        string pipeline = fixture.UniqueName("gzip");
        await fixture.App.PutSpecAsync(pipeline, Uploads.Spec);
        await DropAsync($"{pipeline}/birds.csv.gz", Gzip(Uploads.Rows(800)));

        await ServesAsync(pipeline);
    }

    private const string Invocation = """
        {"dataframe_records": [{"aircraft": "B-737-300", "operator": "SOUTHWEST AIRLINES", "origin_state": "Texas", "phase": "Climb",
          "wildlife_size": "Large", "wildlife_species": "Canada goose", "time_of_day": "Day", "speed_knots": 200}]}
        """;

    private static byte[] Content(string name) => name switch
    {
        "empty.csv" => [],
        "binary.csv" => Binary(),
        "truncated.csv.gz" => Gzip(Uploads.Rows(800))[..2000],
        "wide.csv" => Encoding.UTF8.GetBytes(string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"column{i}")) + "\n"),
        "no-target.csv" => Encoding.UTF8.GetBytes("strike_id,flight_date,phase\ns1,1990-01-01,Climb\ns2,1990-01-02,Taxi\n"),
        "header-only.csv" => Uploads.Rows(0),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such bad file"),
    };

    private static byte[] Binary()
    {
        byte[] bytes = new byte[100_000];
        new Random(11).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Gzip(byte[] content)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Optimal))
        {
            gzip.Write(content);
        }

        return buffer.ToArray();
    }

    private Task DropAsync(string path, byte[] content) => Uploads.DropAsync(fixture.ConnectionString, path, content);

    private async Task ServesAsync(string pipeline)
    {
        RunView rollout = await fixture.App.RunAsync(pipeline, "a version serves", run => run.Kind == "rollout" && run.IsEnded);
        rollout.Status.ShouldBe("succeeded", rollout.ToString());
        (await fixture.App.LiveAsync(pipeline)).ShouldBe(1);
    }
}
