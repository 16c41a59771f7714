using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using ServerlessMlops.EndToEnd.Harness;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.EndToEnd;

/// <summary>What a killed process loses of its prediction log, and what can be done with the rest.</summary>
public sealed class PredictionLogTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private const string Spec = "target: heavy\nkey: id\ntrain: {candidates: [linear]}\ngates: [auc >= 0.6]\n";

    [Fact]
    public async Task Kill_LosesOnlyWhatHealthStillShowedAsWaiting_AndTheRestCanBeReplayed()
    {
        const int Written = 120;
        const int Waiting = 40;
        string pipeline = azurite.UniqueName("killed");
        List<string> written;
        List<string> waiting;
        await using (AppProcess first = await AppProcess.StartAsync(azurite.ConnectionString, ("Scoring__LogFlushInterval", "00:00:01")))
        {
            await first.PutSpecAsync(pipeline, Spec);
            await Uploads.DropAsync(azurite.ConnectionString, $"{pipeline}/rows.csv", Rows());
            await first.RunAsync(pipeline, "version 1 serves", run => run is { Kind: "rollout", Status: "succeeded" });
            written = await ScoreAsync(first, pipeline, Written);
            await Eventually.GetAsync("storage has every row", async () =>
            {
                long bytes = await BufferedBytesAsync(first);
                return (bytes == 0 ? "all" : null, $"{bytes} bytes wait");
            });
            waiting = await ScoreAsync(first, pipeline, Waiting);
            await first.KillAsync();
        }

        await using AppProcess second = await AppProcess.StartAsync(azurite.ConnectionString);
        foreach (string id in written)
        {
            (await LookUpAsync(second, id)).Status.ShouldBe(HttpStatusCode.OK, $"{id} had left the process when it was killed");
        }

        int lost = 0;
        foreach (string id in waiting)
        {
            (HttpStatusCode status, string body) = await LookUpAsync(second, id);
            status.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.NotFound);
            lost += status == HttpStatusCode.NotFound ? 1 : 0;
            if (status == HttpStatusCode.NotFound)
            {
                body.ShouldContain("was lost with its process");
            }
        }

        lost.ShouldBeInRange(0, Waiting);
        (int code, string output, string error) = await CliProcess.RunAsync("replay", "-p", pipeline, "--version", "1", "--from", "1h", "--url", second.Url.ToString(), "--json");
        code.ShouldBe(0, $"{output}\n{error}");
        JsonElement sums = JsonDocument.Parse(output[output.IndexOf('{', StringComparison.Ordinal)..]).RootElement.GetProperty("sums");
        sums.GetProperty("rows").GetInt64().ShouldBe(Written + Waiting - lost);
        sums.GetProperty("byVersion").GetProperty("1").GetProperty("flipped").GetInt64().ShouldBe(0, "the version that answered answers the same again");
    }

    private static byte[] Rows()
    {
        var random = new Random(1);
        var csv = new StringBuilder("id,weight,heavy\n");
        for (int i = 0; i < 600; i++)
        {
            double weight = random.NextDouble() * 10;
            csv.Append(CultureInfo.InvariantCulture, $"b{i},{weight:0.###},{(weight + random.NextDouble() > 6 ? "yes" : "no")}\n");
        }

        return Encoding.UTF8.GetBytes(csv.ToString());
    }

    private static string Request(int row) => string.Create(
        CultureInfo.InvariantCulture, $"{{\"dataframe_split\":{{\"columns\":[\"id\",\"weight\"],\"data\":[[\"k{row}\",{row % 100 / 10.0}]]}}}}");

    private static async Task<long> BufferedBytesAsync(AppProcess app)
    {
        using JsonDocument health = await app.GetAsync("health");
        return health.RootElement.GetProperty("logBufferedBytes").GetInt64();
    }

    private static Task<(HttpStatusCode Status, string Body)> LookUpAsync(AppProcess app, string id) => app.GetTextAsync($"api/predictions/{Uri.EscapeDataString(id)}");

    private static async Task<List<string>> ScoreAsync(AppProcess app, string pipeline, int rows)
    {
        var ids = new List<string>();
        while (ids.Count < rows)
        {
            (HttpStatusCode status, string answer) = await app.PostAsync($"models/{pipeline}/invocations", Request(ids.Count));
            status.ShouldBe(HttpStatusCode.OK, answer);
            using JsonDocument document = JsonDocument.Parse(answer);
            ids.Add(document.RootElement.GetProperty("predictions")[0].GetProperty("inferenceId").GetString()!);
        }

        return ids;
    }
}
