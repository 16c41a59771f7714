using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Engine;
using Microsoft.DurableTask.Engine.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Offline.Tests.Durable;

/// <summary>The engine on the table and blob services.</summary>
public sealed class AzuriteEngineTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private readonly string _hub = azurite.UniqueName("hub");

    [Fact]
    public async Task Orchestration_WithFiveActivities_ReturnsTheirSum()
    {
        await using var host = await Host().StartAsync();

        (await host.RunAsync("Sum", 5)).ReadOutputAs<int>().ShouldBe(20);
    }

    [Fact]
    public async Task LargePayloads_BeyondARow_SpillToBlobsAndComeBack()
    {
        await using var host = await Host()
            .Orchestrator<string, string>("Grow", async (context, text) => await context.CallActivityAsync<string>("Grow", text))
            .Activity<string, string>("Grow", text => Task.FromResult(text + text))
            .StartAsync();
        var text = new string('ä', 100_000);

        var ended = await host.RunAsync("Grow", text);

        ended.ReadInputAs<string>().ShouldBe(text);
        ended.ReadOutputAs<string>()!.Length.ShouldBe(200_000);
        var container = new BlobServiceClient(azurite.ConnectionString).GetBlobContainerClient(HubNames.PayloadContainer(_hub));
        container.GetBlobs().ShouldNotBeEmpty();
        (await host.Client.PurgeInstanceAsync(ended.InstanceId)).PurgedInstanceCount.ShouldBe(1);
        container.GetBlobs().ShouldBeEmpty();
        (await host.Client.GetInstanceAsync(ended.InstanceId)).ShouldBeNull();
    }

    [Theory]
    [InlineData("a/b\\c#d?e")]
    [InlineData("100%^2F")]
    [InlineData("o'brien")]
    [InlineData("größe ☃ 𝄞")]
    public async Task InstanceIds_WithCharactersThatKeysMayNotHold_AreKept(string id)
    {
        await using var host = await Host().StartAsync();

        await host.Client.ScheduleNewOrchestrationInstanceAsync("Sum", 1, new StartOrchestrationOptions(id));
        var ended = await host.EndAsync(id);

        ended.InstanceId.ShouldBe(id);
        var listed = new List<string>();
        await foreach (var metadata in host.Client.GetAllInstancesAsync(new OrchestrationQuery(InstanceIdPrefix: id)))
        {
            listed.Add(metadata.InstanceId);
        }

        listed.ShouldBe([id]);
    }

    [Fact]
    public async Task RunningInstance_WhenItsHostStops_GoesOnInTheNext()
    {
        string id;
        await using (var first = await Host().StartAsync())
        {
            id = await first.Client.ScheduleNewOrchestrationInstanceAsync("Listen");
            await first.UntilAsync(id, metadata => metadata.IsRunning);
        }

        await using var second = await Host().StartAsync();
        await second.Client.RaiseEventAsync(id, "word", "back");

        (await second.EndAsync(id)).ReadOutputAs<string>().ShouldBe("back");
    }

    [Fact]
    public async Task SecondHost_OnAnOwnedHub_SendsButDoesNotRun_UntilTheFirstStops()
    {
        var first = await Host().StartAsync();
        var id = await first.RunAsync("Sum", 1);
        await using var second = await Host().StartAsync();
        second.Engine.IsOwner.ShouldBeFalse();

        // What the second sends, the first runs.
        var other = await second.Client.ScheduleNewOrchestrationInstanceAsync("Sum", 2);
        (await second.EndAsync(other)).ReadOutputAs<int>().ShouldBe(2);
        second.Engine.IsOwner.ShouldBeFalse();

        await first.DisposeAsync();
        (await second.RunAsync("Sum", 3)).ReadOutputAs<int>().ShouldBe(6);
        second.Engine.IsOwner.ShouldBeTrue();
    }

    [Fact]
    public async Task GetAllInstances_WithPages_ListsEachOnce()
    {
        await using var host = await Host().StartAsync();
        var ids = new List<string>();
        for (var i = 0; i < 7; i++)
        {
            ids.Add((await host.RunAsync("Sum", 1, new StartOrchestrationOptions($"page-{i}"))).InstanceId);
        }

        var pages = new List<int>();
        var listed = new List<string>();
        var query = new OrchestrationQuery(InstanceIdPrefix: "page-", PageSize: 3, Statuses: [OrchestrationRuntimeStatus.Completed]);
        await foreach (var page in host.Client.GetAllInstancesAsync(query).AsPages())
        {
            pages.Add(page.Values.Count);
            listed.AddRange(page.Values.Select(metadata => metadata.InstanceId));
        }

        listed.ShouldBe(ids);
        pages.ShouldAllBe(count => count <= 3);
    }

    private DurableHost Host()
    {
        var settings = new EngineSettings { Replay = DurableHost.Replay, PollInterval = TimeSpan.FromMilliseconds(200) };
        var blobs = new BlobServiceClient(azurite.ConnectionString);
        var store = new TableInstanceStore(new TableServiceClient(azurite.ConnectionString), blobs, _hub, TimeProvider.System);
        return new DurableHost(store, settings, new BlobHubLease(blobs, _hub, TimeProvider.System, NullLoggerFactory.Instance))
            .Orchestrator<int, int>("Sum", async (context, count) =>
            {
                var sum = 0;
                for (var i = 0; i < count; i++)
                {
                    sum += await context.CallActivityAsync<int>("Double", i);
                }

                return sum;
            })
            .Orchestrator<object, string>("Listen", (context, _) => context.WaitForExternalEvent<string>("word"))
            .Activity<int, int>("Double", value => Task.FromResult(2 * value));
    }
}
