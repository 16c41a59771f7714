using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Functions.Scoring;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Functions.Tests.Scoring;

/// <summary>Scoring while its storage, its models, its pointer or itself go wrong, on a real storage account: the last good model keeps answering.</summary>
public sealed class ScoringResilienceTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task StorageGoesAwayAndComesBack_EveryRequestIsAnsweredAndNothingLoggedIsLost()
    {
        string folder = Directory.CreateTempSubdirectory("mlops-outage-").FullName;
        AzuriteProcess storage = await AzuriteProcess.StartAsync(folder);
        try
        {
            await using ScoringNode node = await ScoringNode.StartAsync(storage.ConnectionString);
            await node.AddVersionAsync("flights");
            await node.AddVersionAsync("flights");
            await node.Registry.PromoteAsync("flights", 1, ScoringNode.Because, default);
            (HttpStatusCode _, int _, string before) = await node.ScoreAsync("flights");
            (node.Status, node.Ready).ShouldBe(("healthy", 200));

            await storage.DisposeAsync();
            await node.ScoreUntilAsync("flights", _ => node.Status == "degraded", "health tells that storage is away");
            (HttpStatusCode status, int version, string during) = await node.ScoreAsync("flights");
            (status, version, node.Ready).ShouldBe((HttpStatusCode.OK, 1, 200));
            node.Health.GetProperty("models")[0].GetProperty("fault").GetString().ShouldNotBeNullOrEmpty();
            node.Health.GetProperty("logBufferedBytes").GetInt64().ShouldBeGreaterThan(0);

            storage = await AzuriteProcess.StartAsync(folder, inPlaceOf: storage);
            await node.Registry.PromoteAsync("flights", 2, ScoringNode.Because, default);
            await node.ScoreUntilAsync("flights", v => v == 2 && node.Status == "healthy", "storage is back: health says so, and what was promoted answers");
            PredictionLookup lookup = node.Services.GetRequiredService<PredictionLookup>();
            foreach (string id in (string[])[before, during])
            {
                (PredictionEvidence? found, _) = await lookup.FindAsync(id, null, 1, default);
                found.ShouldNotBeNull($"{id} was answered, and is in the log").Prediction.GetProperty("version").GetInt32().ShouldBe(1);
            }

            node.Health.GetProperty("logDroppedRows").GetInt64().ShouldBe(0);
        }
        finally
        {
            await storage.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("changed")]
    [InlineData("cut off")]
    [InlineData("gone")]
    [InlineData("card cut off")]
    [InlineData("card gone")]
    public async Task PromotedVersionsBlobIs_LastGoodAnswersUntilItIsRepaired(string damage)
    {
        string pipeline = azurite.UniqueName("damaged");
        await using ScoringNode node = await ScoringNode.StartAsync(azurite.ConnectionString);
        await node.AddVersionAsync(pipeline);
        await node.AddVersionAsync(pipeline);
        await node.Registry.PromoteAsync(pipeline, 1, ScoringNode.Because, default);
        await node.ScoreUntilAsync(pipeline, v => v == 1, "version 1");
        BlobContainerClient models = new BlobServiceClient(azurite.ConnectionString).GetBlobContainerClient("models");
        BlobClient blob = models.GetBlobClient(damage.StartsWith("card", StringComparison.Ordinal) ? $"{pipeline}/2/model.json" : $"{pipeline}/2/model.onnx");
        BinaryData good = (await blob.DownloadContentAsync()).Value.Content;
        await (damage switch
        {
            "changed" => blob.UploadAsync(BinaryData.FromBytes((byte[])[9]), overwrite: true),
            "cut off" => blob.UploadAsync(BinaryData.FromBytes(Array.Empty<byte>()), overwrite: true),
            "card cut off" => blob.UploadAsync(BinaryData.FromBytes(good.ToArray()[..(good.ToMemory().Length / 2)]), overwrite: true),
            _ => (Task)blob.DeleteAsync(),
        });

        await node.Registry.PromoteAsync(pipeline, 2, ScoringNode.Because, default);
        await node.ScoreUntilAsync(pipeline, _ => node.Status == "degraded", "health tells of the damage");
        (await node.ScoreAsync(pipeline)).Version.ShouldBe(1);
        node.Ready.ShouldBe(200);
        await using (ScoringNode fresh = await ScoringNode.StartAsync(azurite.ConnectionString))
        {
            // An instance that has no last good model cannot answer, and says so.
            (await fresh.ScoreAsync(pipeline)).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
            (fresh.Status, fresh.Ready).ShouldBe(("degraded", 503));
        }

        await blob.UploadAsync(good, overwrite: true);
        await node.ScoreUntilAsync(pipeline, v => v == 2 && node.Status == "healthy", "version 2, repaired");
    }

    [Fact]
    public async Task PointerIsHalfWritten_LastGoodAnswersUntilItIsWhole()
    {
        string pipeline = azurite.UniqueName("pointer");
        await using ScoringNode node = await ScoringNode.StartAsync(azurite.ConnectionString);
        await node.AddVersionAsync(pipeline);
        await node.Registry.PromoteAsync(pipeline, 1, ScoringNode.Because, default);
        await node.ScoreUntilAsync(pipeline, v => v == 1, "version 1");
        TableClient table = new TableServiceClient(azurite.ConnectionString).GetTableClient("registry");
        TableEntity head = await table.GetEntityAsync<TableEntity>(pipeline, "head");
        string live = head.GetString("Live");
        foreach (string half in (string[])[live[..(live.Length / 2)], """{"version":"#"}"""])
        {
            head["Live"] = half;
            await table.UpsertEntityAsync(head, TableUpdateMode.Replace);
            await node.ScoreUntilAsync(pipeline, _ => node.Status == "degraded", $"health tells that the pointer cannot be read ({half})");
            ((await node.ScoreAsync(pipeline)).Version, node.Ready).ShouldBe((1, 200));
            head["Live"] = live;
            await table.UpsertEntityAsync(head, TableUpdateMode.Replace);
            await node.ScoreUntilAsync(pipeline, _ => node.Status == "healthy", "the pointer is whole again");
        }
    }

    [Fact]
    public async Task RollBack_WithTwoInstances_TakesEffectWithinSecondsOnBoth()
    {
        string pipeline = azurite.UniqueName("two");
        await using ScoringNode one = await ScoringNode.StartAsync(azurite.ConnectionString);
        await using ScoringNode other = await ScoringNode.StartAsync(azurite.ConnectionString);
        await one.AddVersionAsync(pipeline);
        await one.AddVersionAsync(pipeline);
        await one.Registry.PromoteAsync(pipeline, 1, ScoringNode.Because, default);
        await one.Registry.PromoteAsync(pipeline, 2, ScoringNode.Because, default);
        await Task.WhenAll(one.ScoreUntilAsync(pipeline, v => v == 2, "version 2"), other.ScoreUntilAsync(pipeline, v => v == 2, "version 2"));

        long began = Stopwatch.GetTimestamp();
        await one.Registry.RollBackAsync(pipeline, 2, ScoringNode.Because, default);
        await Task.WhenAll(one.ScoreUntilAsync(pipeline, v => v == 1, "version 1"), other.ScoreUntilAsync(pipeline, v => v == 1, "version 1"));

        // RefreshAfter is one second here; the rest is for a busy machine.
        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(10));
        (await one.ScoreAsync(pipeline)).Version.ShouldBe(1);
        (await other.ScoreAsync(pipeline)).Version.ShouldBe(1);
    }

    [Fact]
    public async Task Canary_OnTwoInstancesUnderLoad_KeepsEachKeyOnOneSideAndFailsNothing()
    {
        string pipeline = azurite.UniqueName("canary");
        await using ScoringNode one = await ScoringNode.StartAsync(azurite.ConnectionString);
        await using ScoringNode other = await ScoringNode.StartAsync(azurite.ConnectionString);
        await one.AddVersionAsync(pipeline);
        await one.AddVersionAsync(pipeline);
        await one.Registry.PromoteAsync(pipeline, 1, ScoringNode.Because, default);
        await Task.WhenAll(one.ScoreUntilAsync(pipeline, v => v == 1, "version 1"), other.ScoreUntilAsync(pipeline, v => v == 1, "version 1"));
        using var stop = new CancellationTokenSource();
        var sequences = new ConcurrentDictionary<(ScoringNode, string), ConcurrentQueue<int>>();
        Task[] callers = [.. Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
        {
            ScoringNode node = caller % 2 == 0 ? one : other;
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                // A key has one caller on each instance, so its answers are in order.
                string key = $"customer-{caller / 2}-{i % 100}";
                (HttpStatusCode status, int version, string id) = await node.ScoreAsync(pipeline, key);
                status.ShouldBe(HttpStatusCode.OK, id);
                ConcurrentQueue<int> seen = sequences.GetOrAdd((node, key), _ => new ConcurrentQueue<int>());
                if (seen.IsEmpty || seen.Last() != version)
                {
                    seen.Enqueue(version);
                }
            }
        }))];

        const double Share = 0.3;
        const int Keys = 600;
        await one.Registry.MoveAsync(pipeline, (head, at) => RolloutMoves.Begin(head, new RolloutStart("rollout-1", 2, DeployStrategy.Canary, Share), ScoringNode.Because, at), default);
        await Task.WhenAll(TriesAsync(one), TriesAsync(other));
        int[][] sides = await Task.WhenAll(SidesAsync(one), SidesAsync(other));
        await one.Registry.MoveAsync(pipeline, (head, at) => RolloutMoves.Complete(head, "rollout-1", ScoringNode.Because, at), default);
        await Task.WhenAll(one.ScoreUntilAsync(pipeline, v => v == 2, "version 2"), other.ScoreUntilAsync(pipeline, v => v == 2, "version 2"));
        await stop.CancelAsync();
        await Task.WhenAll(callers);

        sides[0].ShouldBe(sides[1], "every instance puts a key on the same side");
        sides[0].Count(v => v == 2).ShouldBeInRange((int)((Keys * Share) - (5 * Math.Sqrt(Keys * Share * (1 - Share)))), (int)((Keys * Share) + (5 * Math.Sqrt(Keys * Share * (1 - Share)))));
        foreach (ConcurrentQueue<int> seen in sequences.Values)
        {
            string.Join(' ', seen).ShouldBeOneOf("1", "2", "1 2");
        }

        Task TriesAsync(ScoringNode node) => node.ScoreUntilAsync(
            pipeline, _ => node.Health.GetProperty("models")[0].TryGetProperty("challenger", out JsonElement challenger) && challenger.ValueKind == JsonValueKind.Number, "the challenger");

        Task<int[]> SidesAsync(ScoringNode node) => Task.WhenAll(Enumerable.Range(0, Keys).Select(async i => (await node.ScoreAsync(pipeline, $"key-{i}")).Version));
    }

    [Fact]
    public async Task Restart_UnderLoad_FailsNoRequestThatWasTakenAndLogsAllThatWereAnswered()
    {
        string pipeline = azurite.UniqueName("restart");
        await using ScoringNode stays = await ScoringNode.StartAsync(azurite.ConnectionString);
        await stays.AddVersionAsync(pipeline);
        await stays.Registry.PromoteAsync(pipeline, 1, ScoringNode.Because, default);
        ScoringNode restarts = await ScoringNode.StartAsync(azurite.ConnectionString);
        using var stop = new CancellationTokenSource();
        var answered = new ConcurrentQueue<string>();
        int refused = 0;

        // Callers as behind a load balancer: one whose connection is refused or cut before an answer goes to the other instance.
        Task[] callers = [.. Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                ScoringNode target = i % 2 == 0 ? Volatile.Read(ref restarts) : stays;
                try
                {
                    (HttpStatusCode status, _, string id) = await target.ScoreAsync(pipeline, $"{caller}-{i}");
                    status.ShouldBe(HttpStatusCode.OK, id);
                    answered.Enqueue(id);
                }
                catch (Exception cut) when (cut is HttpRequestException or OperationCanceledException or ObjectDisposedException && target != stays)
                {
                    Interlocked.Increment(ref refused);
                }
            }
        }))];
        for (int restart = 0; restart < 2; restart++)
        {
            int before = answered.Count;
            await Eventually.HoldsAsync(() => answered.Count > before + 200 || callers.Any(c => c.IsFaulted), "traffic");
            await restarts.DisposeAsync();
            Volatile.Write(ref restarts, await ScoringNode.StartAsync(azurite.ConnectionString));
        }

        await stop.CancelAsync();
        await Task.WhenAll(callers);
        await restarts.DisposeAsync();

        // The instances that answered most of them are gone: what they had in memory was written when they stopped.
        PredictionLookup lookup = stays.Services.GetRequiredService<PredictionLookup>();
        foreach (string id in answered.Where((_, i) => i % 7 == 0))
        {
            (await lookup.FindAsync(id, null, 1, default)).Found.ShouldNotBeNull(id);
        }
    }
}
