using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Tests.Monitoring;

public class MonitoredTrafficTests
{
    private static readonly DateTimeOffset Until = new(2026, 1, 2, 3, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Add_FileOfAPipelineWithoutRequests_IsTrafficThatIsCompared()
    {
        ModelCard card = Scoring.ScoringFixture.Card();
        WindowSums file = WindowSums.Empty(card);
        file.Outputs[0] = 500;
        var traffic = new MonitoredTraffic(card, Until, TimeSpan.FromHours(1));

        traffic.Add(WindowRow.OfFile("flights", 1, "0123abcd", Until.AddMinutes(-20.5), file));

        traffic.Window.Predictions.ShouldBe(500);
        traffic.Window.Requests.ShouldBe(0);
        traffic.LastRequest.ShouldBe(Until.AddMinutes(-21), "traffic is not stale while files come");
    }

    [Theory]
    [InlineData("file-0123abcd", true)]
    [InlineData("0123abcd", false)]
    public void IsOfFile_ByWhoCounted_TellsFilesFromProcesses(string instance, bool expected) =>
        new WindowRow("flights", 1, instance, 1, Until, WindowSums.Empty(Scoring.ScoringFixture.Card())).IsOfFile.ShouldBe(expected);
}
