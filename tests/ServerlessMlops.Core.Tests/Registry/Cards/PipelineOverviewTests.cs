using System.Xml.Linq;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Registry.Cards;
using ServerlessMlops.Core.Runs;

namespace ServerlessMlops.Core.Tests.Registry.Cards;

public sealed class PipelineOverviewTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Document_NothingYet_SaysWhatToDo()
    {
        string text = CardMarkdown.Write(PipelineOverview.Of(new RegistryHead { Pipeline = "birds" }, Noon, null, null, [], []).Document());

        text.ShouldStartWith("# birds\n\n**nothing serves** · **no alerts**\n\n> No model has been registered yet.");
        text.ShouldContain("Nothing yet: drop a file at uploads/birds/.");
        text.ShouldContain("No scheduled check has reported in the last week.");
    }

    [Fact]
    public void Document_AlertsApprovalAndFindings_ComeGravestFirst()
    {
        var head = new RegistryHead { Pipeline = "birds", LastVersion = 3, PendingApproval = 3, Live = new LivePointer(2, Noon, 1) };
        MonitorReport report = new(
            "birds", 2, Noon.AddHours(-1), Noon, 12_000, 11_000, 0.01,
            [Finding(MonitorKind.Latency, MonitorVerdict.Ok), Finding(MonitorKind.EstimatedPerformance, MonitorVerdict.Alarm), Finding(MonitorKind.DataDrift, MonitorVerdict.Warning)]);
        PipelineOverview overview = PipelineOverview.Of(
            head, Noon, null, report,
            [Alert("a", AlertSeverity.Info), Alert("b", AlertSeverity.Warning), Alert("c", AlertSeverity.Critical), Alert("d", AlertSeverity.Critical) with { State = AlertState.Resolved }],
            [Run("train-birds-9", RunStatus.Rejected, "It passed 1 of 2 gates.")]);

        string text = CardMarkdown.Write(overview.Document());

        overview.Alerts.Select(a => a.Id).ShouldBe(["c", "b"], "what is over, and what is only good to know, needs nobody");
        text.ShouldContain("**version 2 serves** · **alarm** · **2 alerts**");
        text.ShouldContain("> Version 2 serves since 2026-01-02 12:00 UTC. A rollback returns to version 1.");
        text.ShouldContain("Version 3 has passed its gates and waits for an approval: mlops approve -p birds");
        text.ShouldContain("| ✗ critical | Title c |");
        text.ShouldContain("11,000 requests, 12,000 predictions");
        text.IndexOf("| estimated performance |", StringComparison.Ordinal).ShouldBeLessThan(text.IndexOf("| data drift |", StringComparison.Ordinal));
        text.IndexOf("| data drift |", StringComparison.Ordinal).ShouldBeLessThan(text.IndexOf("| latency |", StringComparison.Ordinal));
        text.ShouldContain("| 2026-01-02 12:00 UTC | `train-birds-9` | ✗ rejected | It passed 1 of 2 gates. |");
        XDocument.Parse(CardHtml.Write(overview.Document()).Replace("<!DOCTYPE html>", "", StringComparison.Ordinal)).Descendants().Count(e => e.Name.LocalName == "table").ShouldBe(3);
    }

    private static MonitorFinding Finding(MonitorKind kind, MonitorVerdict verdict) => new(kind, "speed", verdict, 100, 0.3, 0.2, 0.001, 0.002, "It says so.");

    private static Alert Alert(string id, AlertSeverity severity) => new()
    {
        Id = id, Pipeline = "birds", Topic = AlertTopic.Drift, Severity = severity, Subject = id, Title = $"Title {id}", Detail = "PSI 0.4.", Evidence = "", State = AlertState.Firing,
        FirstAt = Noon, LastAt = Noon, Occurrences = 1,
    };

    private static Run Run(string id, RunStatus status, string reason) => new()
    {
        Pipeline = "birds", Id = id, Kind = RunKind.Training, Status = status, Stage = "gates", StartedAt = Noon, EndedAt = Noon, Reason = reason,
    };
}
