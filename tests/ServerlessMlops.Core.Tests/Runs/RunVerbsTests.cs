using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Core.Tests.Runs;

public class RunVerbsTests
{
    [Theory]
    [InlineData(RunKind.Ingestion, "Failed Rejected Cancelled Waiting")]
    [InlineData(RunKind.Training, "Failed Cancelled")]
    [InlineData(RunKind.Labels, "Failed Rejected")]
    [InlineData(RunKind.Scoring, "Failed Rejected")]
    [InlineData(RunKind.Rollout, "")]
    [InlineData(RunKind.Approval, "")]
    [InlineData(RunKind.Monitor, "")]
    [InlineData(RunKind.Replay, "")]
    public void CanBeRetried_ByKind_IsSoForTheseOnly(RunKind kind, string expected) =>
        Enum.GetValues<RunStatus>().Where(status => Run(kind, status).CanBeRetried()).Select(status => status.ToString()).ShouldBe(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries), ignoreOrder: true);

    [Fact]
    public void CanBeCancelled_OfAnyKindAndStatus_IsAnIngestionOrTrainingThatGoesOn() =>
        (from kind in Enum.GetValues<RunKind>() from status in Enum.GetValues<RunStatus>() where Run(kind, status).CanBeCancelled() select (kind, status)).ShouldBe(
            [(RunKind.Ingestion, RunStatus.Running), (RunKind.Ingestion, RunStatus.Waiting), (RunKind.Training, RunStatus.Running), (RunKind.Training, RunStatus.Waiting)]);

    private static Run Run(RunKind kind, RunStatus status) =>
        new() { Pipeline = "flights", Id = "r", Kind = kind, Status = status, Stage = "reading", StartedAt = DateTimeOffset.UnixEpoch };
}
