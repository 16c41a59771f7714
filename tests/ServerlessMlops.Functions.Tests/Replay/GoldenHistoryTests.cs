using Microsoft.DurableTask.Engine;
using Microsoft.DurableTask.Engine.History;
using ServerlessMlops.TestSupport;

namespace ServerlessMlops.Functions.Tests.Replay;

/// <summary>
/// Histories of the product's orchestrators as an earlier build wrote them. Orchestrations of that build may be under way when this one is deployed, so today's code
/// must decide what they say. Where a change breaks one on purpose, raise <c>defaultVersion</c> in host.json (running instances then stay with the build that
/// began them) and record anew: <c>RECORD_HISTORIES=1 dotnet test --filter RecordingTests</c>.
/// </summary>
public sealed class GoldenHistoryTests
{
    internal static string Folder { get; } = Path.Combine(RepositoryRoot.Find(), "tests", "ServerlessMlops.Functions.Tests", "Replay", "Histories");

    public static TheoryData<string> Names => [.. Directory.GetFiles(Folder, "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    [Fact]
    public void Histories_OfEveryWayThatMatters_AreThere() =>
        Directory.GetFiles(Folder, "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)
            .ShouldBe(["approval", "ingestion", "monitor", "nightly", "rollout-canary", "rollout-replace", "scoring", "training-search"]);

    [Theory]
    [MemberData(nameof(Names))]
    public void History_OverTodaysCode_AtEveryPoint_DecidesTheSame(string name) =>
        ProductOrchestrators.FirstDifference(name, Read(name)).ShouldBeNull(
            $"orchestrations like '{name}' that are under way would fail. Raise defaultVersion in host.json and record anew (see this class) if that is meant.");

    [Theory]
    [MemberData(nameof(Names))]
    public void History_WithTwoStepsExchanged_FailsAsNonDeterministic(string name)
    {
        List<HistoryEvent> history = [.. Read(name)];
        int first = history.FindIndex(e => e is TaskScheduled);
        string activity = ((TaskScheduled)history[first]).Name;
        int second = history.FindIndex(first + 1, e => e is TaskScheduled task && task.Name != activity);
        (history[first], history[second]) = (
            (TaskScheduled)history[first] with { Name = ((TaskScheduled)history[second]).Name },
            (TaskScheduled)history[second] with { Name = activity });

        // From the second episode on the runtime sees that the first step was another.
        int from = history.FindIndex(first, e => e is OrchestratorCompleted) + 1;
        ProductOrchestrators.FirstDifference(name, history, from)!.ShouldContain("Non-Deterministic workflow detected");
    }

    private static IReadOnlyList<HistoryEvent> Read(string name) => HistoryJson.ReadEvents(File.ReadAllText(Path.Combine(Folder, $"{name}.json")));
}
