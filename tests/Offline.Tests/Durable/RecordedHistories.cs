using System.Collections.Concurrent;
using System.Text;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Engine;
using Microsoft.DurableTask.Engine.History;
using Microsoft.DurableTask.Engine.Replay;
using Microsoft.Extensions.Logging.Abstractions;
using ServerlessMlops.TestSupport;

namespace ServerlessMlops.Offline.Tests.Durable;

/// <summary>
/// Histories of random orchestrations as an engine once wrote them, one JSON event a line (<c>Histories/recorded-*.jsonl</c>). Today's engine must read them and
/// decide in each episode what was decided then. With the environment variable <c>RECORD_HISTORIES=1</c> the first test writes them anew, which a change of the format needs.
/// </summary>
public sealed class RecordedHistories
{
    private static readonly string Folder = Path.Combine(RepositoryRoot.Find(), "tests/Offline.Tests/Durable/Histories");

    public static TheoryData<string> Files => [.. Directory.GetFiles(Folder, "recorded-*.jsonl").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task Recorded_ThereAreSome()
    {
        if (Environment.GetEnvironmentVariable("RECORD_HISTORIES") == "1")
        {
            await RecordAsync();
        }

        Files.Count.ShouldBeGreaterThanOrEqualTo(8);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Recorded_AtEveryPoint_ContinuesAsItDid(string file)
    {
        var history = Read(file);
        history.OfType<ExecutionCompleted>().ShouldHaveSingleItem().Status.ShouldBe(InstanceStatus.Completed);

        ContinuesAsItDid(Path.GetFileNameWithoutExtension(file)["recorded-".Length..], history, DurableHost.Typed<IReadOnlyList<Step>, List<int>>(RandomProgram.RunAsync));
    }

    /// <summary>The same steps in another order are another orchestration, and that is noticed.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Recorded_UnderReorderedCode_FailsAsNonDeterministic(string file)
    {
        var result = Episode.Run(
            Path.GetFileNameWithoutExtension(file)["recorded-".Length..],
            [],
            Read(file),
            DurableHost.Typed<IReadOnlyList<Step>, List<int>>(async (context, steps) =>
            {
                context.SendEvent("nobody", "first", 1);
                return await RandomProgram.RunAsync(context, steps);
            }),
            DurableHost.Replay,
            NullLoggerFactory.Instance);

        result.Actions.OfType<CompleteAction>().ShouldHaveSingleItem().Failure!.ErrorType.ShouldBe("DurableTask.Core.Exceptions.NonDeterministicOrchestrationException");
    }

    /// <summary>Over each prefix of the history, the code decides what the history says was decided next.</summary>
    internal static void ContinuesAsItDid(string instanceId, IReadOnlyList<HistoryEvent> history, OrchestratorFunction function)
    {
        for (var i = 0; i < history.Count; i++)
        {
            if (history[i] is not OrchestratorStarted)
            {
                continue;
            }

            var end = history.Skip(i).TakeWhile(historyEvent => historyEvent is not OrchestratorCompleted).Count();
            var episode = history.Skip(i).Take(end).ToArray();
            HistoryEvent[] came = [.. episode.Where(historyEvent => historyEvent.EventId < 0)];
            var decided = episode.Where(historyEvent => historyEvent.EventId >= 0).OrderBy(historyEvent => historyEvent.EventId);

            var result = Episode.Run(instanceId, [.. history.Take(i)], came, function, DurableHost.Replay, NullLoggerFactory.Instance);

            result.Actions.Select(action => HistoryJson.Write(action.ToEvent(episode[0].Timestamp))).Order(StringComparer.Ordinal)
                .ShouldBe(decided.Select(HistoryJson.Write).Order(StringComparer.Ordinal), $"{instanceId}, event {i}");
        }
    }

    private static IReadOnlyList<HistoryEvent> Read(string file) => HistoryJson.ReadEvents($"[{string.Join(',', File.ReadAllLines(Path.Combine(Folder, file)))}]");

    private static async Task RecordAsync()
    {
        var random = new Random(2026);
        var hub = new MemoryHub();
        var store = new MemoryInstanceStore(hub);
        await using var host = RandomProgram.Register(new DurableHost(store), new ConcurrentDictionary<string, int>());
        await host.StartAsync();
        for (var i = 0; i < 10; i++)
        {
            var id = $"r{i}";
            await host.Client.ScheduleNewOrchestrationInstanceAsync("Program", RandomProgram.Create(random), new StartOrchestrationOptions(id));
            await host.EndAsync(id);
            var snapshot = (await store.LoadAsync(id, CancellationToken.None))!;
            if (snapshot.History.Count > 5)
            {
                var lines = new StringBuilder();
                foreach (var historyEvent in snapshot.History)
                {
                    lines.Append(HistoryJson.Write<HistoryEvent>(historyEvent)).Append('\n');
                }

                await File.WriteAllTextAsync(Path.Combine(Folder, $"recorded-{id}.jsonl"), lines.ToString());
            }
        }
    }
}
