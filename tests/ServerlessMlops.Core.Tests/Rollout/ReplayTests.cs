using System.Text;
using ServerlessMlops.Core.Rollout.Replay;
using ServerlessMlops.Core.Scoring;
using static ServerlessMlops.Core.Tests.Scoring.ScoringFixture;

namespace ServerlessMlops.Core.Tests.Rollout;

public sealed class ReplayTests
{
    private static readonly DateTimeOffset From = new(2026, 1, 2, 3, 0, 0, TimeSpan.Zero);
    private static readonly ServingModel Model = new(Card(), 3, SumModel);

    [Fact]
    public void Take_RowsOfTwoVersions_ComparesOutputsAndDecisions()
    {
        // SumModel answers (speed + altitude) / 100.
        ReplaySums sums = Replay(
            Line(1, """{"speed":30,"altitude":40,"carrier":"AA"}""", "0.2", "no"),
            Line(2, """{"speed":30,"altitude":10,"carrier":"AA"}""", "0.4", "no"));

        sums.Rows.ShouldBe(2);
        sums.Flips.ShouldBe(new Dictionary<string, long> { ["no -> yes"] = 1 });
        sums.ByVersion[1].ShouldSatisfyAllConditions(v => v.Flipped.ShouldBe(1), v => v.Difference.ShouldBe(0.5, 1e-6));
        sums.ByVersion[2].ShouldSatisfyAllConditions(v => v.Flipped.ShouldBe(0), v => v.Difference.ShouldBe(0, 1e-6));
        sums.LargestDifference.ShouldBe(0.5, 1e-6);
        sums.Logged.Sum().ShouldBe(2);
        sums.Replayed.Sum().ShouldBe(2);
    }

    [Fact]
    public void Take_ShadowsAndRowsOutsideThePeriod_AreLeftOut() => Replay(
        Line(1, """{"speed":1,"altitude":1,"carrier":"AA"}""", "0.2", "no", "2026-01-02T02:59:59.999Z"),
        Line(1, """{"speed":1,"altitude":1,"carrier":"AA"}""", "0.2", "no", "2026-01-02T04:00:00.000Z"),
        Line(1, """{"speed":1,"altitude":1,"carrier":"AA"}""", "0.2", "no").Replace("\"version\":1", "\"version\":1,\"shadow\":true", StringComparison.Ordinal)).Rows.ShouldBe(0);

    [Fact]
    public void Take_InputThatWasNotLogged_CountsAsMissingAndIsNamed()
    {
        ReplaySums sums = Replay(Line(1, """{"speed":30,"altitude":10}""", "0.4", "no"));

        sums.Rows.ShouldBe(1);
        sums.MissingInputs.ShouldBe(new Dictionary<string, long> { ["carrier"] = 1 });
    }

    [Fact]
    public void Take_RowThatDoesNotFit_IsCountedAndSpoilsNoOther()
    {
        ReplaySums sums = Replay(
            Line(1, """{"speed":30,"altitude":10,"carrier":"AA"}""", "0.4", "no"),
            Line(1, """{"speed":"fast","altitude":10,"carrier":"AA"}""", "0.4", "no"),
            "{\"half\":",
            Line(1, """{"speed":20,"altitude":10,"carrier":"AA"}""", "0.3", "no"));

        sums.Rows.ShouldBe(2);
        sums.Unscorable.ShouldBe(2);
        sums.FirstFault.ShouldNotBeNull();
    }

    [Fact]
    public void Of_WithLabels_MeasuresBothAnswers()
    {
        var request = new ReplayRequest("flights", 3, From, From.AddHours(1), new Dictionary<string, string> { ["k1"] = "yes", ["k2"] = "yes", ["k9"] = "no" });
        var scorer = new ReplayScorer(Model, request);
        scorer.Add(Bytes(Line(1, """{"speed":40,"altitude":40,"carrier":"AA"}""", "0.2", "no", key: "k1")));
        scorer.Add(Bytes(Line(1, """{"speed":40,"altitude":20,"carrier":"AA"}""", "0.5", "yes", key: "k2")));
        scorer.Add(Bytes(Line(1, """{"speed":40,"altitude":20,"carrier":"AA"}""", "0.5", "yes", key: "unlabelled")));

        ReplayReport report = ReplayReport.Of(request, Card(), scorer.Take());

        report.Sums.Labelled.Rows.ShouldBe(2);
        report.Metrics["accuracy"].ShouldBe(new ReplayedMetric(0.5, 1));
        report.Metrics["log_loss"].Logged.ShouldBe((-Math.Log(0.2) - Math.Log(0.5)) / 2, 1e-6);
        report.Metrics["log_loss"].Replayed.ShouldBe((-Math.Log(0.8) - Math.Log(0.6)) / 2, 1e-6);
        report.FlippedShare!.Value.ShouldBe(1.0 / 3, 1e-9);
        report.Summary[0].ShouldContain("3 logged row(s)");
    }

    [Fact]
    public void Of_NothingLogged_SaysSo()
    {
        ReplayReport report = ReplayReport.Of(Request(), Card(), new ReplaySums());

        report.Summary.Single().ShouldContain("could be replayed");
        report.MeanDifference.ShouldBeNull();
    }

    [Fact]
    public void Add_HoursInAnyOrder_IsTheWhole()
    {
        ReplaySums[] hours = [.. Enumerable.Range(0, 5).Select(i => Replay(Line(1 + (i % 2), $$"""{"speed":{{i * 20}},"altitude":10,"carrier":"AA"}""", "0.4", "no")))];

        ReplaySums forward = hours.Aggregate((a, b) => a.Add(b));
        ReplaySums backward = hours.Reverse().Aggregate((a, b) => a.Add(b));

        ContentAddress.OfJson(forward with { LoggedSum = 0, ReplayedSum = 0, ByVersion = new Dictionary<int, ReplayedVersion>() })
            .ShouldBe(ContentAddress.OfJson(backward with { LoggedSum = 0, ReplayedSum = 0, ByVersion = new Dictionary<int, ReplayedVersion>() }));
        forward.Rows.ShouldBe(5);
    }

    [Fact]
    public void RunId_SameQuestionWithLabelsInAnotherOrder_IsTheSame()
    {
        ReplayRequest first = Request() with { Labels = new Dictionary<string, string> { ["a"] = "x", ["b"] = "y" } };
        ReplayRequest second = Request() with { Labels = new Dictionary<string, string> { ["b"] = "y", ["a"] = "x" } };

        first.RunId.ShouldBe(second.RunId);
        first.RunId.ShouldNotBe((first with { Version = 4 }).RunId);
        (first with { From = From.AddMinutes(59), To = From.AddMinutes(121) }).Hours().ShouldBe([From, From.AddHours(1), From.AddHours(2)]);
    }

    private static ReplayRequest Request() => new("flights", 3, From, From.AddHours(1), new Dictionary<string, string>());

    private static ReplaySums Replay(params string[] lines)
    {
        var scorer = new ReplayScorer(Model, Request());
        foreach (string line in lines)
        {
            scorer.Add(Bytes(line));
        }

        return scorer.Take();
    }

    private static byte[] Bytes(string line) => Encoding.UTF8.GetBytes(line);

    private static string Line(int version, string features, string output, string decision, string at = "2026-01-02T03:04:05.678Z", string key = "k") =>
        $"{{\"inferenceId\":\"i\",\"at\":\"{at}\",\"version\":{version},\"key\":\"{key}\",\"features\":{features},\"outputs\":[{output}],\"decision\":\"{decision}\",\"latencyMicroseconds\":41}}";
}
