using Microsoft.DurableTask;
using Microsoft.DurableTask.Engine;
using Microsoft.DurableTask.Engine.History;
using Microsoft.DurableTask.Engine.Replay;
using Microsoft.Extensions.Logging.Abstractions;
using ServerlessMlops.TestSupport;

namespace ServerlessMlops.Offline.Tests.Durable;

/// <summary>The pure core: code over a history.</summary>
public sealed class ReplayTests
{
    private static readonly DateTime Start = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void RecordedHistory_OverTheCodeThatMadeIt_DecidesTheSame()
    {
        var result = Replay<int>(Recorded(), Order);

        result.Actions.ShouldBe([new CompleteAction(6, InstanceStatus.Completed, "\"parcel 70\"", null)]);
    }

    [Fact]
    public void RecordedHistory_AtEveryPointOfIt_ContinuesAsItDid()
    {
        RecordedHistories.ContinuesAsItDid("order-7", Recorded(), DurableHost.Typed<int, string>(Order));
    }

    [Fact]
    public void ReorderedCode_OverARecordedHistory_FailsAsNonDeterministic()
    {
        var result = Replay<int>(Recorded(), async (context, id) =>
        {
            await context.WaitForExternalEvent<bool>("approved");
            return (await context.CallActivityAsync<int>("Reserve", id)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        });

        var completion = result.Actions.ShouldHaveSingleItem().ShouldBeOfType<CompleteAction>();
        completion.Status.ShouldBe(InstanceStatus.Failed);
        completion.Failure!.ErrorType.ShouldBe("DurableTask.Core.Exceptions.NonDeterministicOrchestrationException");
        completion.Failure.ErrorMessage.ShouldStartWith(
            "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled an activity task with sequence number 0 named 'Reserve'");
    }

    [Theory]
    [InlineData("reserve", true)]
    [InlineData("Release", false)]
    public void RenamedActivity_OverARecordedHistory_IsDeterministicOnlyIfCaseAlone(string name, bool deterministic)
    {
        var history = Recorded().Take(4).ToList();

        var result = Replay<int>(history, (context, id) => context.CallActivityAsync<string>(name, id));

        result.Actions.OfType<CompleteAction>().Any().ShouldBe(!deterministic);
    }

    [Fact]
    public void TimerWhereAnActivityWas_OverARecordedHistory_FailsAsNonDeterministic()
    {
        var result = Replay<int>(Recorded().Take(4).ToList(), async (context, _) =>
        {
            await context.CreateTimer(TimeSpan.FromHours(1), CancellationToken.None);
            return string.Empty;
        });

        result.Actions.ShouldHaveSingleItem().ShouldBeOfType<CompleteAction>().Failure!.ErrorMessage.ShouldContain("instead produced a CreateTimerAction action");
    }

    [Fact]
    public void NewGuid_IsTheNameBasedUuidOfInstanceTimeAndCounter()
    {
        // Computed with Python's uuid.uuid5(namespace, "instance_2026-01-01T00:00:00.0000000Z_0").
        var guids = new List<Guid>();
        Replay<object>(Begun("null"), (context, _) =>
        {
            guids.Add(context.NewGuid());
            guids.Add(context.NewGuid());
            return Task.FromResult(string.Empty);
        }, "instance");

        guids.ShouldBe([new Guid("e02e84c8-1c27-5d2c-bc0d-3e01b74dca62"), new Guid("b77bad5e-a067-5484-bbcd-dd69c7a49012")]);
    }

    [Fact]
    public void LongTimer_IsCutIntoPiecesOfThreeDays()
    {
        var result = Replay<object>(Begun("null"), async (context, _) =>
        {
            await context.CreateTimer(TimeSpan.FromDays(7), CancellationToken.None);
            return string.Empty;
        });

        result.Actions.ShouldBe([new CreateTimerAction(0, Start.AddDays(3))]);
    }

    [Fact]
    public void OpenTimer_KeepsTheInstanceRunning_WhenTheFunctionHasEnded()
    {
        var result = Replay<object>(Begun("null"), (context, _) =>
        {
            _ = context.CreateTimer(TimeSpan.FromHours(1), CancellationToken.None);
            return Task.FromResult("done");
        });

        result.IsFunctionFinished.ShouldBeTrue();
        result.Actions.ShouldBe([new CreateTimerAction(0, Start.AddHours(1))]);
    }

    [Fact]
    public void WaitersOfOneEvent_AreServedLastFirst()
    {
        List<HistoryEvent> history =
        [
            .. Begun("null"),
            new EventRaised("E", "1", null),
            new EventRaised("e", "2", null),
        ];

        var result = Replay<object>(history, async (context, _) =>
        {
            var first = context.WaitForExternalEvent<int>("e");
            var second = context.WaitForExternalEvent<int>("e");
            return $"{await first},{await second}";
        });

        result.Actions.ShouldBe([new CompleteAction(0, InstanceStatus.Completed, "\"2,1\"", null)]);
    }

    [Fact]
    public void ContinueAsNew_CalledTwice_TheLastCounts_AndLaterEventsAreCarriedOver()
    {
        var late = new EventRaised("late", "5", null);
        var result = Replay<object>(
            [.. Begun("null"), new EventRaised("early", "4", null), new TaskCompleted(0, null), late],
            async (context, _) =>
            {
                await context.CallActivityAsync("A");
                context.ContinueAsNew(1);
                context.ContinueAsNew(2);
                return "ignored";
            });

        result.Actions.Count.ShouldBe(3, "the scheduled activity, the kept event and the continuation");
        result.Actions[1].ShouldBe(new SendEventAction(1, "order-7", "early", "4"));
        var again = result.Actions[^1].ShouldBeOfType<ContinueAsNewAction>();
        again.Input.ShouldBe("2");
        again.Carryover.ShouldBe([late]);
    }

    [Fact]
    public void Suspension_HoldsDecisionsBack_UntilResumed()
    {
        HistoryEvent[] suspended = [.. Begun("null"), new ExecutionSuspended("why")];
        Func<TaskOrchestrationContext, object, Task<string>> code = (context, _) => context.CallActivityAsync<string>("A");

        var held = Replay(suspended, code);
        var resumed = Replay([.. suspended, new ExecutionResumed(null)], code);

        held.IsSuspended.ShouldBeTrue();
        held.Actions.ShouldBeEmpty();
        resumed.Actions.ShouldBe([new ScheduleTaskAction(0, "A", "1.0", null)]);
    }

    [Fact]
    public void EventOfAnotherType_FailsTheInstance()
    {
        var result = Replay<object>([.. Begun("null"), new EventRaised("n", "\"text\"", null)], async (context, _) =>
            (await context.WaitForExternalEvent<int>("n")).ToString(System.Globalization.CultureInfo.InvariantCulture));

        result.Actions.OfType<CompleteAction>().Single().Failure!.ErrorType.ShouldBe("System.Text.Json.JsonException");
    }

    [Fact]
    public void RetryPolicy_ThatGivesUp_ConsumesATaskAndATimerIdPerAttempt()
    {
        var policy = new RetryPolicy(2, TimeSpan.FromSeconds(10), backoffCoefficient: 3);
        var failure = new Failure("System.TimeoutException", "busy", null, null);
        Func<TaskOrchestrationContext, object, Task<string>> code = (context, _) => context.CallActivityAsync<string>("A", TaskOptions.FromRetryPolicy(policy));

        var result = Replay<object>(
            [
                .. Begun("null"), new TaskFailed(0, failure), new TimerFired(1, Start.AddSeconds(10)),
                new TaskFailed(2, failure), new TimerFired(3, Start),
            ],
            code);

        result.Actions.Select(action => action.GetType().Name).ShouldBe(
            ["ScheduleTaskAction", "CreateTimerAction", "ScheduleTaskAction", "CreateTimerAction", "CompleteAction"]);
        result.Actions[1].ShouldBe(new CreateTimerAction(1, Start.AddSeconds(10)));
        result.Actions[^1].ShouldBeOfType<CompleteAction>().Status.ShouldBe(InstanceStatus.Failed);
    }

    [Fact]
    public void Replay_OfAHistoryTenTimesAsLong_AllocatesAboutTenTimesAsMuch()
    {
        Allocated(100);
        var small = Allocated(100);
        var large = Allocated(1000);

        // Exactly linear would be 10; dictionaries grow in steps.
        ((double)large / small).ShouldBeLessThan(14);
    }

    private static long Allocated(int activities)
    {
        List<HistoryEvent> history = [.. Begun("0")];
        for (var i = 0; i < activities; i++)
        {
            history.Add(new TaskScheduled("A", "1.0", "0") { EventId = i });
            history.Add(new TaskCompleted(i, "0"));
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        Episode.Run(
            "order-7", history, [new OrchestratorStarted { Timestamp = Start }],
            DurableHost.Typed<int, int>(async (context, _) =>
            {
                var sum = 0;
                for (var i = 0; i < activities; i++)
                {
                    sum += await context.CallActivityAsync<int>("A", 0);
                }

                return sum;
            }),
            DurableHost.Replay,
            NullLoggerFactory.Instance);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static async Task<string> Order(TaskOrchestrationContext context, int id)
    {
        var retry = TaskOptions.FromRetryPolicy(new RetryPolicy(3, TimeSpan.FromSeconds(5)));
        var price = await context.CallActivityAsync<int>("Reserve", id, retry);
        using var giveUp = new CancellationTokenSource();
        var tooLate = context.CreateTimer(TimeSpan.FromHours(1), giveUp.Token);
        var approval = context.WaitForExternalEvent<bool>("approved");
        if (await Task.WhenAny(approval, tooLate) == tooLate)
        {
            return "too late";
        }

        giveUp.Cancel();
        var shipped = context.CallSubOrchestratorAsync<string>("Ship", price, new SubOrchestrationOptions(instanceId: "ship-7") { Version = "1.0" });
        context.SendEvent("audit", "shipped", id);
        return await shipped;
    }

    private static HistoryEvent[] Begun(string input) =>
    [
        new OrchestratorStarted { Timestamp = Start },
        new ExecutionStarted("Order", "1.0", input == "null" ? null : input, null) { Timestamp = Start },
    ];

    private static IReadOnlyList<HistoryEvent> Recorded() => HistoryJson.ReadEvents(
        File.ReadAllText(Path.Combine(RepositoryRoot.Find(), "tests/Offline.Tests/Durable/Histories/order.json")));

    private static EpisodeResult Replay<TInput>(
        IReadOnlyList<HistoryEvent> events, Func<TaskOrchestrationContext, TInput, Task<string>> code, string instanceId = "order-7") =>
        Episode.Run(instanceId, [], events, DurableHost.Typed(code), DurableHost.Replay, NullLoggerFactory.Instance);
}
