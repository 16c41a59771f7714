using Microsoft.DurableTask;
using Microsoft.DurableTask.Engine;

namespace ServerlessMlops.Offline.Tests.Durable;

/// <summary>What many instances cost: memory while they wait, reads when the process starts.</summary>
public sealed class BoundTests
{
    [Fact]
    public async Task WaitingInstances_BeyondTheLimit_LeaveMemoryAndGoOnWhenWoken()
    {
        var hub = new MemoryHub();
        await using var host = await Host(hub, new EngineSettings { Replay = DurableHost.Replay, MaxLoadedInstances = 3 }).StartAsync();
        string[] ids = [.. Enumerable.Range(0, 40).Select(i => $"w{i:00}")];
        foreach (var id in ids)
        {
            await host.Client.ScheduleNewOrchestrationInstanceAsync("Wait", null, new StartOrchestrationOptions(id));
            await host.UntilAsync(id, metadata => metadata.SerializedCustomStatus == "\"waiting\"");
        }

        host.Engine.LoadedAtRest.ShouldBeLessThanOrEqualTo(3);
        var loadsBefore = hub.Operations.GetValueOrDefault("load");

        foreach (var id in ids)
        {
            await host.Client.RaiseEventAsync(id, "go", id);
        }

        foreach (var id in ids)
        {
            // The activity before the wait ran once: that it was begun is not forgotten with the history.
            (await host.EndAsync(id)).ReadOutputAs<string>().ShouldBe($"1 {id}");
        }

        (hub.Operations["load"] - loadsBefore).ShouldBeGreaterThanOrEqualTo(ids.Length - 3);
    }

    /// <summary>Timers that were begun before an instance left memory fire once.</summary>
    [Fact]
    public async Task Timers_OfInstancesThatLeftMemory_StillFire()
    {
        var hub = new MemoryHub();
        await using var host = await Host(hub, new EngineSettings { Replay = DurableHost.Replay, MaxLoadedInstances = 1 }).StartAsync();
        string[] ids = [.. Enumerable.Range(0, 10).Select(i => $"t{i}")];
        foreach (var id in ids)
        {
            await host.Client.ScheduleNewOrchestrationInstanceAsync("Sleep", null, new StartOrchestrationOptions(id));
        }

        foreach (var id in ids)
        {
            (await host.EndAsync(id)).ReadOutputAs<string>().ShouldBe("slept");
        }
    }

    /// <summary>A start reads the instances that have something to do, whatever number has ended.</summary>
    [Fact]
    public async Task Start_AfterManyEnded_LoadsOnlyTheActiveOnes()
    {
        var hub = new MemoryHub();
        var settings = new EngineSettings { Replay = DurableHost.Replay };
        await using (var first = await Host(hub, settings).StartAsync())
        {
            for (var i = 0; i < 100; i++)
            {
                await first.RunAsync("Nothing");
            }

            await first.Client.ScheduleNewOrchestrationInstanceAsync("Wait", null, new StartOrchestrationOptions("one"));
            await first.UntilAsync("one", metadata => metadata.SerializedCustomStatus == "\"waiting\"");
        }

        hub.Operations.Clear();
        await using var second = await Host(hub, settings).StartAsync();
        await second.Client.RaiseEventAsync("one", "go", "x");
        await second.EndAsync("one");

        hub.Operations["list"].ShouldBe(1);
        hub.Operations["load"].ShouldBeLessThanOrEqualTo(3, "the active one, and once more when word of its event is read after its end");
    }

    private static DurableHost Host(MemoryHub hub, EngineSettings settings)
    {
        var ran = 0;
        return new DurableHost(new MemoryInstanceStore(hub), settings)
            .Orchestrator<object, string>("Wait", async (context, _) =>
            {
                var count = await context.CallActivityAsync<int>("Count", context.InstanceId);
                context.SetCustomStatus("waiting");
                return $"{count} {await context.WaitForExternalEvent<string>("go")}";
            })
            .Orchestrator<object, string>("Sleep", async (context, _) =>
            {
                await context.CreateTimer(TimeSpan.FromMilliseconds(200), CancellationToken.None);
                return "slept";
            })
            .Orchestrator<object, string>("Nothing", (_, _) => Task.FromResult(string.Empty))
            .Activity<string, int>("Count", id => Task.FromResult(id == "w00" ? Interlocked.Increment(ref ran) : 1));
    }
}
