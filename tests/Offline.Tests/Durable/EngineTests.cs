using DurableTask.Core.Exceptions;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Engine;

namespace ServerlessMlops.Offline.Tests.Durable;

public sealed class EngineTests
{
    [Fact]
    public async Task Orchestration_WithFiveActivities_ReturnsTheirSum()
    {
        await using var host = await new DurableHost()
            .Orchestrator<int, int>("Sum", async (context, count) =>
            {
                var sum = 0;
                for (var i = 0; i < count; i++)
                {
                    sum += await context.CallActivityAsync<int>("Double", i);
                }

                return sum;
            })
            .Activity<int, int>("Double", value => Task.FromResult(2 * value))
            .StartAsync();

        var ended = await host.RunAsync("sum", 5);

        ended.RuntimeStatus.ShouldBe(OrchestrationRuntimeStatus.Completed);
        ended.ReadOutputAs<int>().ShouldBe(20);
    }

    [Fact]
    public async Task Orchestration_WithFiveActivities_TakesTwoStorageCallsPerActivity()
    {
        var hub = new MemoryHub();
        await using var host = await new DurableHost(new MemoryInstanceStore(hub))
            .Orchestrator<int, int>("Five", async (context, _) =>
            {
                for (var i = 0; i < 5; i++)
                {
                    await context.CallActivityAsync("Nothing");
                }

                return 5;
            })
            .Activity<object, object?>("Nothing", _ => Task.FromResult<object?>(null))
            .StartAsync();
        await host.UntilIdleAsync(hub);
        var before = hub.Operations.Values.Sum();

        await host.RunAsync("Five", 1);

        // The start, an episode at first and one per activity; the one who waits reads the row up to three times.
        (hub.Operations.Values.Sum() - before).ShouldBeLessThanOrEqualTo(1 + 6 + 3);
    }

    [Fact]
    public async Task FanOut_OfManyActivities_CollectsAllResults()
    {
        await using var host = await new DurableHost()
            .Orchestrator<int, int>("FanOut", async (context, count) =>
                (await Task.WhenAll(Enumerable.Range(0, count).Select(i => context.CallActivityAsync<int>("Echo", i)))).Sum())
            .Activity<int, int>("Echo", Task.FromResult)
            .StartAsync();

        (await host.RunAsync("FanOut", 500)).ReadOutputAs<int>().ShouldBe(500 * 499 / 2);
    }

    [Fact]
    public async Task RetryPolicy_WithActivityThatFailsTwice_SucceedsAtTheThirdAttempt()
    {
        var attempts = 0;
        await using var host = await new DurableHost()
            .Orchestrator<object, int>("Retry", (context, _) => context.CallActivityAsync<int>(
                "Flaky", options: TaskOptions.FromRetryPolicy(new RetryPolicy(5, TimeSpan.FromMilliseconds(10)))))
            .Activity<object, int>("Flaky", _ => Interlocked.Increment(ref attempts) < 3
                ? throw new InvalidOperationException("not yet")
                : Task.FromResult(attempts))
            .StartAsync();

        (await host.RunAsync("Retry")).ReadOutputAs<int>().ShouldBe(3);
    }

    [Fact]
    public async Task Activity_ThatThrows_FailsTheOrchestrationWithItsDetails()
    {
        await using var host = await new DurableHost()
            .Orchestrator<object, int>("Fails", (context, _) => context.CallActivityAsync<int>("Bad"))
            .Activity<object, int>("Bad", _ => throw new FormatException("no digits"))
            .StartAsync();

        var ended = await host.RunAsync("Fails");

        ended.RuntimeStatus.ShouldBe(OrchestrationRuntimeStatus.Failed);
        ended.FailureDetails!.ErrorType.ShouldBe("Microsoft.DurableTask.TaskFailedException");
        ended.FailureDetails.ErrorMessage.ShouldBe("Task 'Bad' (#0) failed with an unhandled exception: no digits");
        ended.FailureDetails.InnerFailure!.IsCausedBy<FormatException>().ShouldBeTrue();
    }

    [Fact]
    public async Task SubOrchestration_ThatCompletes_GivesItsResultToTheParent()
    {
        await using var host = await new DurableHost()
            .Orchestrator<int, string>("Parent", async (context, n) =>
                string.Join(",", await Task.WhenAll(Enumerable.Range(0, n).Select(i => context.CallSubOrchestratorAsync<string>("Child", i)))))
            .Orchestrator<int, string>("Child", (context, i) => Task.FromResult($"{context.Parent!.Name}{i}"))
            .StartAsync();

        (await host.RunAsync("Parent", 3)).ReadOutputAs<string>().ShouldBe("Parent0,Parent1,Parent2");
    }

    [Fact]
    public async Task SubOrchestration_RetriedUnderItsId_RunsAgain()
    {
        var runs = 0;
        await using var host = await new DurableHost()
            .Orchestrator<int, int>("Parent", (context, _) => context.CallSubOrchestratorAsync<int>(
                "Child", options: TaskOptions.FromRetryPolicy(new RetryPolicy(3, TimeSpan.FromMilliseconds(1))).WithInstanceId("the-child")))
            .Orchestrator<int, int>("Child", async (context, _) => await context.CallActivityAsync<int>("Count"))
            .Activity<object, int>("Count", _ => Interlocked.Increment(ref runs) < 3 ? throw new InvalidOperationException() : Task.FromResult(runs))
            .StartAsync();

        (await host.RunAsync("Parent", 3)).ReadOutputAs<int>().ShouldBe(3);
    }

    [Fact]
    public async Task ExternalEvents_RaisedBeforeAnyoneWaits_ArriveInOrder()
    {
        await using var host = await new DurableHost()
            .Orchestrator<int, string>("Listen", async (context, count) =>
            {
                await context.WaitForExternalEvent<bool>("start");
                var got = string.Empty;
                for (var i = 0; i < count; i++)
                {
                    got += await context.WaitForExternalEvent<string>("WORD");
                }

                return got;
            })
            .StartAsync();
        var id = await host.Client.ScheduleNewOrchestrationInstanceAsync("Listen", 3);
        foreach (var word in new[] { "a", "b", "c" })
        {
            await host.Client.RaiseEventAsync(id, "word", word);
        }

        await host.Client.RaiseEventAsync(id, "start", true);

        (await host.EndAsync(id)).ReadOutputAs<string>().ShouldBe("abc");
    }

    [Fact]
    public async Task WaitForExternalEvent_WhenTheTimeRunsOut_IsCancelled()
    {
        await using var host = await new DurableHost()
            .Orchestrator<object, string>("Patience", async (context, _) =>
            {
                try
                {
                    return await context.WaitForExternalEvent<string>("never", TimeSpan.FromMilliseconds(30));
                }
                catch (TaskCanceledException)
                {
                    return "timeout";
                }
            })
            .StartAsync();

        (await host.RunAsync("Patience")).ReadOutputAs<string>().ShouldBe("timeout");
    }

    [Fact]
    public async Task ContinueAsNew_CountsDown_KeepsIdAndUnprocessedEvents()
    {
        await using var host = await new DurableHost()
            .Orchestrator<int, string>("Countdown", async (context, n) =>
            {
                if (n > 0)
                {
                    await context.CallActivityAsync("Nothing");
                    context.ContinueAsNew(n - 1);
                    return string.Empty;
                }

                return await context.WaitForExternalEvent<string>("late");
            })
            .Activity<object, object?>("Nothing", _ => Task.FromResult<object?>(null))
            .StartAsync();
        var id = await host.Client.ScheduleNewOrchestrationInstanceAsync("Countdown", 20);
        await host.Client.RaiseEventAsync(id, "late", "kept");

        var ended = await host.EndAsync(id);

        ended.ReadOutputAs<string>().ShouldBe("kept");
        ended.ReadInputAs<int>().ShouldBe(0);
    }

    [Fact]
    public async Task SuspendedInstance_KeepsEventsUntilItIsResumed()
    {
        await using var host = await new DurableHost()
            .Orchestrator<object, string>("Wait", (context, _) => context.WaitForExternalEvent<string>("go"))
            .StartAsync();
        var id = await host.Client.ScheduleNewOrchestrationInstanceAsync("Wait");
        await host.Client.SuspendInstanceAsync(id, "lunch");
        await host.UntilAsync(id, metadata => metadata.RuntimeStatus == OrchestrationRuntimeStatus.Suspended);
        await host.Client.RaiseEventAsync(id, "go", "on");
        (await host.Client.GetInstanceAsync(id))!.RuntimeStatus.ShouldBe(OrchestrationRuntimeStatus.Suspended);
        await host.Client.ResumeInstanceAsync(id);

        (await host.EndAsync(id)).ReadOutputAs<string>().ShouldBe("on");
    }

    [Fact]
    public async Task TerminateInstance_Recursively_EndsChildrenToo()
    {
        await using var host = await new DurableHost()
            .Orchestrator<object, string>("Parent", (context, _) =>
                context.CallSubOrchestratorAsync<string>("Child", new SubOrchestrationOptions(instanceId: "child-of-it")))
            .Orchestrator<object, string>("Child", (context, _) => context.WaitForExternalEvent<string>("never"))
            .StartAsync();
        var id = await host.Client.ScheduleNewOrchestrationInstanceAsync("Parent");
        await host.UntilAsync("child-of-it", metadata => metadata.IsRunning);
        await host.Client.TerminateInstanceAsync(id, new TerminateInstanceOptions("enough", Recursive: true));

        var ended = await host.EndAsync(id);

        ended.RuntimeStatus.ShouldBe(OrchestrationRuntimeStatus.Terminated);
        ended.ReadOutputAs<string>().ShouldBe("enough");
        (await host.EndAsync("child-of-it")).RuntimeStatus.ShouldBe(OrchestrationRuntimeStatus.Terminated);
    }

    [Fact]
    public async Task ScheduleNewInstance_UnderTheIdOfARunningOne_IsRefused()
    {
        await using var host = await new DurableHost()
            .Orchestrator<object, string>("Wait", (context, _) => context.WaitForExternalEvent<string>("go"))
            .StartAsync();
        var options = new StartOrchestrationOptions("single");
        await host.Client.ScheduleNewOrchestrationInstanceAsync("Wait", options);

        await Should.ThrowAsync<OrchestrationAlreadyExistsException>(() => host.Client.ScheduleNewOrchestrationInstanceAsync("Wait", options));

        await host.Client.RaiseEventAsync("single", "go", "on");
        await host.EndAsync("single");
        await host.Client.ScheduleNewOrchestrationInstanceAsync("Wait", options);
        await host.Client.RaiseEventAsync("single", "go", "again");
        (await host.EndAsync("single")).ReadOutputAs<string>().ShouldBe("again");
        await Should.ThrowAsync<OrchestrationAlreadyExistsException>(() => host.Client.ScheduleNewOrchestrationInstanceAsync(
            "Wait", options.WithDedupeStatuses(OrchestrationRuntimeStatus.Completed)));
    }

    [Fact]
    public async Task SendEvent_FromOneOrchestrationToAnother_WakesIt()
    {
        await using var host = await new DurableHost()
            .Orchestrator<object, string>("Receiver", (context, _) => context.WaitForExternalEvent<string>("news"))
            .Orchestrator<string, string>("Sender", (context, target) =>
            {
                context.SendEvent(target, "news", "hello");
                return Task.FromResult("sent");
            })
            .StartAsync();
        var receiver = await host.Client.ScheduleNewOrchestrationInstanceAsync("Receiver");
        await host.RunAsync("Sender", receiver);

        (await host.EndAsync(receiver)).ReadOutputAs<string>().ShouldBe("hello");
    }

    [Fact]
    public async Task NewerVersion_UnderReject_WaitsForAHostThatMatches()
    {
        var hub = new MemoryHub();
        EngineSettings Version(string version) => new() { Replay = DurableHost.Replay with { DefaultVersion = version } };
        var id = string.Empty;
        await using (var old = await new DurableHost(new MemoryInstanceStore(hub), Version("1.0"))
            .Orchestrator<object, string>("Versioned", (context, _) => Task.FromResult(context.Version)).StartAsync())
        {
            id = await old.Client.ScheduleNewOrchestrationInstanceAsync("Versioned", new StartOrchestrationOptions { Version = "2.0" });
            (await old.RunAsync("Versioned")).ReadOutputAs<string>().ShouldBe("1.0");
            (await old.Client.GetInstanceAsync(id))!.RuntimeStatus.ShouldBe(OrchestrationRuntimeStatus.Pending);
        }

        await using var current = await new DurableHost(new MemoryInstanceStore(hub), Version("2.0"))
            .Orchestrator<object, string>("Versioned", (context, _) => Task.FromResult(context.Version)).StartAsync();
        (await current.EndAsync(id)).ReadOutputAs<string>().ShouldBe("2.0");
    }

    [Fact]
    public async Task Restart_OfAnEndedInstance_RunsWithTheSameInput()
    {
        await using var host = await new DurableHost().Orchestrator<int, int>("Echo", (_, n) => Task.FromResult(n)).StartAsync();
        var first = await host.RunAsync("Echo", 7);

        var second = await host.Client.RestartAsync(first.InstanceId, restartWithNewInstanceId: true);

        (await host.EndAsync(second)).ReadOutputAs<int>().ShouldBe(7);
        await Should.ThrowAsync<ArgumentException>(() => host.Client.RestartAsync("unknown"));
    }

    [Fact]
    public async Task Orchestrator_NotRegistered_FailsTheInstance()
    {
        await using var host = await new DurableHost().StartAsync();

        (await host.RunAsync("Missing")).FailureDetails!.ErrorType.ShouldBe("OrchestratorTaskNotFound");
    }

    [Fact]
    public async Task Purge_OfEndedInstances_LeavesRunningOnes()
    {
        await using var host = await new DurableHost()
            .Orchestrator<object, string>("Wait", (context, _) => context.WaitForExternalEvent<string>("go"))
            .Orchestrator<int, int>("Echo", (_, n) => Task.FromResult(n))
            .StartAsync();
        var running = await host.Client.ScheduleNewOrchestrationInstanceAsync("Wait");
        for (var i = 0; i < 5; i++)
        {
            await host.RunAsync("Echo", i);
        }

        (await host.Client.PurgeAllInstancesAsync(new PurgeInstancesFilter())).PurgedInstanceCount.ShouldBe(5);

        var left = new List<string>();
        await foreach (var metadata in host.Client.GetAllInstancesAsync())
        {
            left.Add(metadata.InstanceId);
        }

        left.ShouldBe([running]);
    }
}
