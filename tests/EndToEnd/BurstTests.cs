using System.Globalization;
using System.Text;
using Azure.Storage.Blobs.Models;
using ServerlessMlops.EndToEnd.Harness;
using ServerlessMlops.TestSupport.Azurite;
using Xunit.Abstractions;

namespace ServerlessMlops.EndToEnd;

/// <summary>
/// Many small files dropped at once over several pipelines: each is ingested exactly once, and a burst of files becomes a few trainings. The number of
/// files and pipelines can be raised by the environment (<c>MLOPS_BURST=1000x20</c>) for a longer run by hand.
/// </summary>
public sealed class BurstTests(AzuriteFixture azurite, ITestOutputHelper output) : IClassFixture<AzuriteFixture>
{
    private static readonly (int Files, int Pipelines) Size = Environment.GetEnvironmentVariable("MLOPS_BURST")?.Split('x') is [var files, var pipelines]
        ? (int.Parse(files, CultureInfo.InvariantCulture), int.Parse(pipelines, CultureInfo.InvariantCulture))
        : (200, 8);

    private const string Spec = "target: heavy\nkey: id\ntrain: {candidates: [baseline]}\ngates: [auc >= 0.1]\n";

    [Fact]
    public async Task Drop_ManyFilesAtOnce_IngestsEachOnceAndTrainsAFewTimes()
    {
        await using AppProcess app = await AppProcess.StartAsync(azurite.ConnectionString);
        string[] pipelines = [.. Enumerable.Range(0, Size.Pipelines).Select(_ => azurite.UniqueName("burst"))];
        foreach (string pipeline in pipelines)
        {
            await app.PutSpecAsync(pipeline, Spec);
        }

        int each = Size.Files / Size.Pipelines;
        long started = TimeProvider.System.GetTimestamp();
        await Parallel.ForAsync(0, each * pipelines.Length, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
            await Uploads.DropAsync(azurite.ConnectionString, $"{pipelines[i % pipelines.Length]}/part-{i / pipelines.Length:0000}.csv", Rows(i / pipelines.Length)));

        var trainings = new List<int>();
        foreach (string pipeline in pipelines)
        {
            IReadOnlyList<RunView> runs = await SettledAsync(app, pipeline, each, started);
            var ingestions = runs.Where(r => r.Kind == "ingestion").ToList();
            ingestions.Count.ShouldBe(each, pipeline);
            ingestions.Select(r => r.Inputs).Distinct().Count().ShouldBe(each, "each upload has one run");
            ingestions.ShouldAllBe(r => r.Status == "succeeded", string.Join("\n", ingestions.Where(r => r.Status != "succeeded")));
            trainings.Add(runs.Count(r => r.Kind == "training"));
            (await BatchRowsAsync(pipeline)).ShouldBe(each * 20, "every row of every file is in a batch, once");
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{each * pipelines.Length} files over {pipelines.Length} pipelines: {TimeProvider.System.GetElapsedTime(started).TotalSeconds:F0} s from the first file to the end of the last training; trainings per pipeline {trainings.Min()} to {trainings.Max()}, {trainings.Sum()} in all"));

        // A training takes what is there; what comes while it runs is the next one's. In a burst that is a few, not one for each file.
        trainings.ShouldAllBe(count => count >= 1 && count <= 8, $"trainings per pipeline: {string.Join(", ", trainings)} for {each} files each");
    }

    /// <summary>The pipeline's runs once all its files are ingested and nothing goes on any more.</summary>
    private static async Task<IReadOnlyList<RunView>> SettledAsync(AppProcess app, string pipeline, int files, long started)
    {
        TimeSpan limit = TimeSpan.FromSeconds(Math.Max(180, Size.Files));
        while (true)
        {
            IReadOnlyList<RunView> runs = await app.RunsAsync(pipeline);
            if (runs.Count(r => r.Kind == "ingestion" && r.IsEnded) >= files && runs.Any(r => r.Kind == "training") && runs.All(r => r.IsEnded))
            {
                return runs;
            }

            TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(limit, $"{pipeline}: {runs.Count(r => r.IsEnded)} of {files} files and their trainings have ended");
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
        }
    }

    private async Task<long> BatchRowsAsync(string pipeline)
    {
        long rows = 0;
        var container = new Azure.Storage.Blobs.BlobContainerClient(azurite.ConnectionString, "datasets", new(Azure.Storage.Blobs.BlobClientOptions.ServiceVersion.V2021_12_02));
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, $"{pipeline}/batches/", default))
        {
            if (blob.Name.EndsWith("/batch.json", StringComparison.Ordinal))
            {
                var batch = await container.GetBlobClient(blob.Name).DownloadContentAsync();
                using var json = System.Text.Json.JsonDocument.Parse(batch.Value.Content.ToMemory());
                rows += json.RootElement.GetProperty("rows").GetInt64();
            }
        }

        return rows;
    }

    private static byte[] Rows(int file)
    {
        var random = new Random(file);
        var csv = new StringBuilder("id,weight,heavy\n");
        for (int i = 0; i < 20; i++)
        {
            double weight = Math.Round(random.NextDouble() * 10, 3);
            csv.Append(CultureInfo.InvariantCulture, $"f{file}-{i},{weight},{(weight > 5 ? "yes" : "no")}\n");
        }

        return Encoding.UTF8.GetBytes(csv.ToString());
    }
}
