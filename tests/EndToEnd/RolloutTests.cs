using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using ServerlessMlops.EndToEnd.Harness;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.EndToEnd;

/// <summary>Canaries from the second upload to their end, under traffic, in a process of its own.</summary>
public sealed class RolloutTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private const string Spec = """
        target: heavy
        key: id
        train: {candidates: [linear]}
        gates: [auc >= 0.6]
        deploy: {strategy: canary, steps: [40%, 100%], hold: 3s, maxHold: 90s, minimumRequests: 40, withoutEvidence: rollBack}
        """;

    [Fact]
    public async Task Canary_OfASoundModel_GoesIntoServiceByItself()
    {
        await using AppProcess app = await AppProcess.StartAsync(azurite.ConnectionString);
        string pipeline = await ServingAsync(app);

        await Uploads.DropAsync(azurite.ConnectionString, $"{pipeline}/more.csv", Rows(600, 2, heavyAbove: 6));
        (RunView run, Seen seen) = await UnderTrafficAsync(app, pipeline);

        run.Status.ShouldBe("succeeded", run.ToString());
        (await app.LiveAsync(pipeline)).ShouldBe(2);
        (await app.LedgerAsync(pipeline)).ShouldBe(["specChanged", "registered 1", "promoted 1", "registered 2", "rolloutStarted 2", "promoted 2"]);
        seen.ShouldHaveKeptKeysOnOneVersionDuringTheRollout();
        seen.Progress.ShouldNotBeNull("GET deployment showed the running rollout").ShouldContain("\"strategy\":\"canary\"");
    }

    [Fact]
    public async Task Canary_OfAModelLearnedFromWrongLabels_IsRolledBackByItself()
    {
        await using AppProcess app = await AppProcess.StartAsync(azurite.ConnectionString);
        string pipeline = await ServingAsync(app);

        // Somebody's labelling has gone wrong: nearly everything is heavy now. It passes the gates, for its hold-out is labelled the same way.
        await Uploads.DropAsync(azurite.ConnectionString, $"{pipeline}/wrong.csv", Rows(6000, 3, heavyAbove: 1));
        (RunView run, Seen seen) = await UnderTrafficAsync(app, pipeline);

        run.Status.ShouldBe("rejected", run.ToString());
        run.Reason!.ShouldContain("Version 2 was rolled back, version 1 serves.");
        run.Reason!.ShouldContain("mean output");
        (await app.LiveAsync(pipeline)).ShouldBe(1);
        (await app.LedgerAsync(pipeline)).TakeLast(2).ShouldBe(["rolloutStarted 2", "rolloutWithdrawn 2"]);
        seen.ShouldHaveKeptKeysOnOneVersionDuringTheRollout();

        // Every request goes to the version that serves again, within seconds.
        await Eventually.GetAsync("version 1 answers everybody", async () =>
        {
            int[] versions = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => VersionOfAsync(app, pipeline, $"after-{i}")));
            return (versions.All(v => v == 1) ? "all" : null, string.Join(' ', versions));
        });
    }

    private async Task<string> ServingAsync(AppProcess app)
    {
        string pipeline = azurite.UniqueName("canary");
        await app.PutSpecAsync(pipeline, Spec);
        await Uploads.DropAsync(azurite.ConnectionString, $"{pipeline}/rows.csv", Rows(600, 1, heavyAbove: 6));
        await app.RunAsync(pipeline, "version 1 serves", run => run is { Kind: "rollout", Status: "succeeded" });
        return pipeline;
    }

    /// <summary>Sends requests, every one of which must be answered, until the rollout of version 2 has ended.</summary>
    private static async Task<(RunView Run, Seen Seen)> UnderTrafficAsync(AppProcess app, string pipeline)
    {
        using var over = new CancellationTokenSource();
        var seen = new Seen();
        Task[] callers = [.. Enumerable.Range(0, 4).Select(async caller =>
        {
            for (int i = 0; !over.IsCancellationRequested; i++)
            {
                string key = $"customer-{caller}-{i % 400}";
                seen.Add(key, await VersionOfAsync(app, pipeline, key));
            }
        })];
        Task<RunView> ended = app.RunAsync(pipeline, "the rollout of version 2 has ended", run => run is { Kind: "rollout", IsEnded: true } && run.Id.EndsWith("-2", StringComparison.Ordinal));
        while (!ended.IsCompleted && !callers.Any(c => c.IsFaulted))
        {
            using JsonDocument deployment = await app.GetAsync($"api/pipelines/{pipeline}/deployment");
            seen.Progress = deployment.RootElement.TryGetProperty("rollout", out JsonElement rollout) ? rollout.GetRawText() : seen.Progress;
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        }

        await over.CancelAsync();
        await Task.WhenAll(callers);
        return (await ended, seen);
    }

    private static async Task<int> VersionOfAsync(AppProcess app, string pipeline, string key)
    {
        // Rows like those that were uploaded: the weight follows from the key and is spread evenly over the keys.
        double weight = (key.Aggregate(2166136261u, (hash, c) => (hash ^ c) * 16777619u) * 2654435761u >> 8) % 1000 / 100.0;
        string body = string.Create(CultureInfo.InvariantCulture, $"{{\"dataframe_split\":{{\"columns\":[\"id\",\"weight\",\"height\"],\"data\":[[\"{key}\",{weight},0.5]]}}}}");
        (HttpStatusCode status, string answer) = await app.PostAsync($"models/{pipeline}/invocations", body);
        status.ShouldBe(HttpStatusCode.OK, answer);
        using JsonDocument document = JsonDocument.Parse(answer);
        return document.RootElement.GetProperty("version").GetInt32();
    }

    private static byte[] Rows(int count, int seed, double heavyAbove)
    {
        var random = new Random(seed);
        var csv = new StringBuilder("id,weight,height,heavy\n");
        for (int i = 0; i < count; i++)
        {
            double weight = random.NextDouble() * 10;
            bool heavy = weight + (random.NextDouble() * 2) - 1 > heavyAbove;
            csv.Append(CultureInfo.InvariantCulture, $"b{seed}-{i},{weight:0.###},{random.NextDouble():0.###},{(heavy ? "yes" : "no")}\n");
        }

        return Encoding.UTF8.GetBytes(csv.ToString());
    }

    /// <summary>What callers saw.</summary>
    private sealed class Seen
    {
        private readonly Dictionary<string, List<int>> _versions = new(StringComparer.Ordinal);

        public string? Progress { get; set; }

        public void Add(string key, int version)
        {
            lock (_versions)
            {
                if (!_versions.TryGetValue(key, out List<int>? versions))
                {
                    _versions[key] = versions = [];
                }

                if (versions.Count == 0 || versions[^1] != version)
                {
                    versions.Add(version);
                }
            }
        }

        /// <summary>A key changes its version at most when the rollout begins and when it ends; none goes to and fro.</summary>
        public void ShouldHaveKeptKeysOnOneVersionDuringTheRollout()
        {
            _versions.Values.Count(versions => versions.Contains(2)).ShouldBeGreaterThan(20);
            foreach (List<int> versions in _versions.Values)
            {
                string.Join(' ', versions).ShouldBeOneOf("1", "1 2", "1 2 1", "2", "2 1");
            }
        }
    }
}
