using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Core.Tests.Alerts;

public class IncidentEndsTests
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 10, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Of_TheSameKindSucceededSince_TheFailureIsOver()
    {
        Alert failed = Of(RunAlerts.Of(Run("train-p-1", RunKind.Training, RunStatus.Failed, 0))!);
        IncidentEnds.Of([failed], [Run("ingest-2", RunKind.Ingestion, RunStatus.Succeeded, 2), Run("train-p-0", RunKind.Training, RunStatus.Succeeded, -2)], At.AddHours(3), "check").ShouldBeEmpty();
        AlertEvent end = IncidentEnds.Of([failed], [Run("train-p-2", RunKind.Training, RunStatus.Succeeded, 2)], At.AddHours(3), "check").ShouldHaveSingleItem();
        (end.Title, end.Evidence, end.Fingerprint).ShouldBe(("Training works again", "train-p-2", failed.Id));
        Alert over = AlertMoves.Apply(failed, end, AlertPolicy.Default)!;
        over.State.ShouldBe(AlertState.Resolved);
        AlertMoves.Apply(over, end, AlertPolicy.Default).ShouldBeSameAs(over);
    }

    [Fact]
    public void Of_ACheckThatWentThrough_EndsTheFailureOfAnEarlierOne()
    {
        Alert blind = Of(new AlertEvent
        {
            Pipeline = "p", Topic = AlertTopic.Failed, Severity = AlertSeverity.Warning, Subject = IncidentEnds.Check, Title = "The live model could not be checked", Detail = "Broken.",
            At = At, Evidence = "monitor-1", Observation = At.UtcTicks / TimeSpan.TicksPerSecond,
        });
        IncidentEnds.Of([blind], [], At, "check").ShouldBeEmpty();
        AlertMoves.Apply(blind, IncidentEnds.Of([blind], [], At.AddHours(1), "check").ShouldHaveSingleItem(), AlertPolicy.Default)!.State.ShouldBe(AlertState.Resolved);
    }

    [Fact]
    public void Of_NothingHeardForLong_IsOver_ButNotWhatAPersonMustDecide()
    {
        Alert rejected = Of(RunAlerts.Of(Run("ingest-1", RunKind.Ingestion, RunStatus.Rejected, 0))!), waiting = Of(RunAlerts.Of(Run("approve-1", RunKind.Approval, RunStatus.Waiting, 0))!);
        IncidentEnds.Of([rejected, waiting], [], At + IncidentEnds.Forgotten, "check").ShouldBeEmpty();
        AlertEvent end = IncidentEnds.Of([rejected, waiting], [], At + IncidentEnds.Forgotten + TimeSpan.FromHours(1), "check").ShouldHaveSingleItem();
        end.Topic.ShouldBe(AlertTopic.Rejected);
        AlertMoves.Apply(rejected, end, AlertPolicy.Default)!.State.ShouldBe(AlertState.Resolved);
    }

    private static Alert Of(AlertEvent occurred) => AlertMoves.Apply(null, occurred, AlertPolicy.Default)!;

    private static Run Run(string id, RunKind kind, RunStatus status, int hour) => new() { Pipeline = "p", Id = id, Kind = kind, Status = status, Stage = "", StartedAt = At.AddHours(hour), Reason = "Because." };
}
