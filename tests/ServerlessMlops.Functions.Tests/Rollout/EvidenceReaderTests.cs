using Microsoft.Extensions.Logging.Abstractions;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Functions.Monitoring;
using ServerlessMlops.Functions.Rollout;
using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Functions.Tests.Rollout;

public class EvidenceReaderTests
{
    [Fact]
    public async Task Read_FileScoredDuringTheStep_IsNoEvidence()
    {
        var time = new ManualTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 0, TimeSpan.Zero));
        DateTimeOffset begun = time.GetUtcNow().AddMinutes(-10);
        var windows = new ScriptedWindows(time) { Script = (_, minute) => minute >= begun ? new Minute(8, 0) : default };
        WindowSums file = WindowSums.Empty(MemoryModels.Card);
        file.Outputs[0] = 100_000;
        windows.Files.Add(WindowRow.OfFile("flights", 1, "0123abcd", time.GetUtcNow(), file));
        using var flusher = new WindowFlusher(new WindowCounters("89abcdef"), windows, time, NullLogger<WindowFlusher>.Instance);
        var reader = new EvidenceReader(new MemoryModels(), windows, flusher, [], time);
        var rollout = new RunningRollout("rollout-1", 2, DeployStrategy.Canary, 0, begun, begun);

        (VersionEvidence challenger, VersionEvidence champion) = await reader.ReadAsync("flights", new LivePointer(1, begun, null), rollout, TimeSpan.FromMinutes(10), default);

        (champion.Window.Predictions, challenger.Window.Predictions).ShouldBe((88, 88));
    }
}
