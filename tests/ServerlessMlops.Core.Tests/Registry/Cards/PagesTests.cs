using System.Xml.Linq;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Registry.Cards;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Tests.Registry.Cards;

public sealed class PagesTests
{
    private const string Hostile = "<script>alert(1)</script> \"q\" 'p' ]]> &code=";

    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Run_RejectedUpload_SaysWhatWasFoundAndWhatCanBeDone()
    {
        Run run = Run(RunKind.Ingestion, RunStatus.Rejected) with { Reason = "The column 'damaged' is missing." };
        var report = new UploadReport
        {
            Upload = new Upload("birds/a.csv", "1"), SpecHash = "s", Verdict = BatchVerdict.Rejected, Format = "CSV", Bytes = 1200, RowsKept = 3, RowsRejected = 2,
            Findings = [new DataFinding("SCHEMA_MISSING_COLUMN", FindingSeverity.Error, "damaged", "Column 'damaged' is not there.")],
            Rejections = [new RejectionCount("speed", "number", 2)], RejectedRows = "birds/uploads/r/rejected.csv", Differences = ["speed: median 1 -> 2"],
        };

        string text = CardMarkdown.Write(RunPage.Of(run, report, null, Noon));

        text.ShouldStartWith("# Ingestion r-1\n\n**rejected** · **checked**\n\n> The column 'damaged' is missing.");
        text.ShouldContain("Began 2026-01-02 12:00 UTC, took 3.0 s.");
        text.ShouldContain("mlops retry r-1 -p birds");
        text.ShouldContain("| ✗ error | `damaged` | Column 'damaged' is not there. | `SCHEMA_MISSING_COLUMN` |");
        text.ShouldContain("3 rows without a fault, 2 set aside");
        text.ShouldContain("datasets/birds/uploads/r/rejected.csv");
        text.ShouldContain("| `speed` | number | 2 |");
        text.ShouldContain("speed: median 1 -\\> 2");
    }

    [Fact]
    public void Run_RejectedTraining_ShowsGatesThatFailedFirst()
    {
        Run run = Run(RunKind.Training, RunStatus.Rejected) with { Reason = "It passed 1 of 2 gates.", Inputs = [new RunArtifact("request", "new data")] };
        var evaluation = new EvaluationReport
        {
            Pipeline = "birds", RunId = run.Id, DatasetId = "d", SpecHash = "s", Task = LearningTask.Binary, Metric = "auc", Rows = 900, Resamples = 10, Seed = 1, Winner = "boosting",
            Models =
            [
                new ModelEvaluation { Name = "boosting", ModelId = "m", Metrics = new Dictionary<string, MetricEstimate> { ["auc"] = new(0.61, 900, 0.58, 0.64) }, Costs = new ModelCosts(1) },
                new ModelEvaluation { Name = "champion", Version = 4, ModelId = "n", Metrics = new Dictionary<string, MetricEstimate>(), Costs = new ModelCosts(1) },
            ],
            Gates = [new GateVerdict("size_mb <= 5", Verdict.Passed, "It is small."), new GateVerdict("auc >= 0.7", Verdict.Failed, "0.61 is below 0.7")],
        };

        CardDocument page = RunPage.Of(run, null, evaluation, Noon);
        string text = CardMarkdown.Write(page), html = CardHtml.Write(page);

        text.ShouldContain("✓ boosting |");
        text.ShouldContain("0.58 to 0.64");
        text.IndexOf("auc >= 0.7", StringComparison.Ordinal).ShouldBeLessThan(text.IndexOf("size_mb <= 5", StringComparison.Ordinal));
        text.ShouldNotContain("mlops retry", customMessage: "the same data and spec lead to the same judgement");
        html.ShouldContain("<a href=\"/api/pipelines/birds/models/4/card\">champion (version 4)</a>");
    }

    [Fact]
    public void Links_KeyInTheAddress_GoOnWithIt()
    {
        string html = CardHtml.Write(ListPages.Runs("birds", new Page<Run>([Run(RunKind.Training, RunStatus.Succeeded)], "a/b")), "code=k%2F1");

        string[] links = [.. Parse(html).Descendants().Where(e => e.Name.LocalName == "a").Select(e => e.Attribute("href")!.Value)];
        links.ShouldContain("/api/pipelines/birds/overview?code=k%2F1");
        links.ShouldContain("/api/pipelines/birds/runs/r-1?code=k%2F1");
        links.ShouldContain("/api/pipelines/birds/runs?next=a%2Fb&code=k%2F1");
        html.ShouldContain("no-referrer");
    }

    [Fact]
    public void Pages_HostileNames_ShowThemAsText()
    {
        Run run = Run(RunKind.Ingestion, RunStatus.Rejected) with { Id = Hostile, Reason = Hostile, Inputs = [new RunArtifact(Hostile, Hostile, Hostile)], Stage = Hostile };
        Alert alert = Alert() with { Title = Hostile, Detail = Hostile, Subject = Hostile, Evidence = Hostile };
        LedgerEntry line = new() { Number = 1, At = Noon, Action = LedgerAction.Tagged, Actor = Hostile, Why = Hostile, Evidence = Hostile, Alias = Hostile, PreviousHash = "" };
        CardDocument[] pages =
        [
            RunPage.Of(run, null, null, Noon), ListPages.Runs("birds", new Page<Run>([run], Hostile)), ListPages.Alerts("birds", new Page<Alert>([alert], null)),
            ListPages.Of(new AlertView(alert, [new AlertDelivery("birds", Hostile, Hostile, false, 1, Noon, Hostile)])), ListPages.Ledger("birds", new Page<LedgerEntry>([line], null)),
        ];

        foreach (string html in pages.Select(page => CardHtml.Write(page)))
        {
            html.ShouldNotContain("<script");
            Parse(html).Descendants().SelectMany(e => e.Attributes()).Where(a => a.Name.LocalName == "href").ShouldAllBe(a => a.Value.StartsWith("/api/pipelines") && !a.Value.Contains('<'));
        }
    }

    [Fact]
    public void Pages_NothingYet_SayWhatToDo()
    {
        CardMarkdown.Write(ListPages.Pipelines([])).ShouldContain("A spec makes one");
        CardMarkdown.Write(ListPages.Runs("birds", new Page<Run>([], null))).ShouldContain("Nothing was done yet.");
        CardMarkdown.Write(ListPages.Alerts("birds", new Page<Alert>([], null))).ShouldContain("Nothing was ever wrong.");
        CardMarkdown.Write(ListPages.Versions("birds", new Page<ModelVersion>([], null), Array.Empty<string>().ToLookup(_ => 0))).ShouldContain("No model has been registered yet.");
        CardMarkdown.Write(ListPages.Of(new AlertView(Alert(), []))).ShouldContain("mlops alerts test -p birds");
    }

    [Fact]
    public void Alert_OfARun_LeadsToIt()
    {
        CardHtml.Write(ListPages.Of(new AlertView(Alert(), []))).ShouldContain("<a href=\"/api/pipelines/birds/runs/r-1\">r-1</a>");
        CardHtml.Write(ListPages.Of(new AlertView(Alert() with { Subject = "input speed", Evidence = "monitoring/birds v1" }, []))).ShouldNotContain("/runs/monitoring");
    }

    private static XDocument Parse(string html) => XDocument.Parse(html.Replace("<!DOCTYPE html>", "", StringComparison.Ordinal));

    private static Run Run(RunKind kind, RunStatus status) => new()
    {
        Pipeline = "birds", Id = "r-1", Kind = kind, Status = status, Stage = "checked", StartedAt = Noon, EndedAt = Noon.AddSeconds(3),
    };

    private static Alert Alert() => new()
    {
        Id = "0123456789abcdef", Pipeline = "birds", Topic = AlertTopic.Rejected, Severity = AlertSeverity.Warning, Subject = "r-1", Title = "An upload was rejected", Detail = "Why.", Evidence = "r-1",
        State = AlertState.Firing, FirstAt = Noon, LastAt = Noon, Occurrences = 1,
    };
}
