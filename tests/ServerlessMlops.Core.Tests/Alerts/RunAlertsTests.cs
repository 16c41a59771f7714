using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Core.Tests.Alerts;

public sealed class RunAlertsTests
{
    [Theory]
    [InlineData(RunKind.Ingestion, "upload", "birds/march.csv: It is empty.")]
    [InlineData(RunKind.Labels, "labels", "birds/march.csv: It is empty.")]
    [InlineData(RunKind.Scoring, "scoring", "birds/march.csv: It is empty.")]
    [InlineData(RunKind.Training, "upload", "It is empty.")]
    public void Of_RejectedFile_NamesIt(RunKind kind, string input, string detail)
    {
        AlertEvent told = RunAlerts.Of(new Run
        {
            Pipeline = "birds", Id = "r-1", Kind = kind, Status = RunStatus.Rejected, Stage = "checking", StartedAt = DateTimeOffset.UnixEpoch, Reason = "It is empty.",
            Inputs = [new RunArtifact(input, "birds/march.csv")],
        })!;

        told.Detail.ShouldBe(detail);
        told.Evidence.ShouldBe("r-1");
    }
}
