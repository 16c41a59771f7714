using System.Globalization;
using System.Text;
using System.Text.Json;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Labelling;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Learners;

namespace ServerlessMlops.Core.Tests.Labelling;

public class LabelDrawTests
{
    private static readonly DateTimeOffset Day = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly PipelineSpec Birds = new() { Target = "heavy", Key = "id" };

    [Theory]
    [InlineData(0.5, 1, 0)]
    [InlineData(1.0, 0, 0.5)]
    [InlineData(0.9, 0.468996, 0.4)]
    public void Of_Binary_EntropyAndDistanceFromTheThreshold(double p, double entropy, double margin)
    {
        Usefulness measured = Usefulness.Of(LearningTask.Binary, [(float)p], 0.5)!.Value;
        measured.Entropy.ShouldBe(entropy, 1e-5);
        measured.Margin.ShouldBe(margin, 1e-5);
    }

    [Fact]
    public void Of_SeveralClasses_MarginIsBetweenTheBestTwo()
    {
        Usefulness measured = Usefulness.Of(LearningTask.Multiclass, [0.5f, 0.25f, 0.25f], 0.5)!.Value;
        measured.Margin.ShouldBe(0.25, 1e-6);
        measured.Entropy.ShouldBe(1.5 * Math.Log(2) / Math.Log(3), 1e-6);
        Usefulness.Of(LearningTask.Regression, [3f], 0.5).ShouldBeNull();
        Usefulness.Of(LearningTask.Binary, [float.NaN], 0.5).ShouldBeNull();
    }

    [Fact]
    public void Finish_AnyDay_DrawsAsManyAsWantedAndWeightsAddUpToTheDay()
    {
        foreach ((int rows, bool certain, bool drifted) in new[] { (5000, true, true), (5000, true, false), (5000, false, true), (5000, false, false), (40, true, true) })
        {
            IReadOnlyList<LabelPick> picks = Draw(rows, certain, drifted, seed: 3);
            picks.Count.ShouldBe(Math.Min(rows, 100), $"{rows} rows, certain {certain}, drifted {drifted}");
            picks.Sum(p => p.Weight).ShouldBe(rows, 1e-6);
            picks.Select(p => p.Row.InferenceId).Distinct().Count().ShouldBe(picks.Count);
            picks.Any(p => p.Reason == LabelReason.DriftedSegment).ShouldBe(drifted && rows > 100);
            picks.Any(p => p.Reason == LabelReason.Uncertain).ShouldBe(certain);
        }
    }

    [Fact]
    public void Finish_PicksTheMostUncertainAndTheClosest()
    {
        IReadOnlyList<LabelPick> picks = Draw(5000, true, false, seed: 3, threshold: 0.3);
        picks.Where(p => p.Reason == LabelReason.Uncertain).ShouldAllBe(p => Math.Abs(p.Row.Outputs[0] - 0.5) < 0.01);
        picks.Where(p => p.Reason == LabelReason.CloseCall).ShouldAllBe(p => Math.Abs(p.Row.Outputs[0] - 0.3) < 0.01);
        picks.Count(p => p.Reason == LabelReason.Random).ShouldBe(25);
    }

    [Fact]
    public void Finish_WeightedMean_IsUnbiasedThoughThePicksAreNot()
    {
        // The truth that labels would tell: rows near 0.5 are often wrong, and those of the segment always.
        double Wrong(LoggedPrediction row) => row.Outputs[0] is > 0.4f and < 0.6f || row.Key == "segment" ? 1 : 0;
        double truth = Enumerable.Range(0, 2000).Select(i => Wrong(Row(i, 2000))).Average();
        double[] estimates = [.. Enumerable.Range(0, 400).Select(seed =>
        {
            IReadOnlyList<LabelPick> picks = Draw(2000, true, true, seed);
            return picks.Sum(p => p.Weight * Wrong(p.Row)) / picks.Sum(p => p.Weight);
        })];
        double mean = estimates.Average();
        double standardError = Math.Sqrt(estimates.Average(e => (e - mean) * (e - mean)) / estimates.Length);
        mean.ShouldBe(truth, 4 * standardError);
        Draw(2000, true, true, 1).Average(p => Wrong(p.Row)).ShouldBeGreaterThan(truth + 0.2, "without the weights the picks overstate it");
    }

    [Fact]
    public void Finish_SameSeed_SameRows() => Draw(3000, true, true, 7).Select(p => p.Row.InferenceId).ShouldBe(Draw(3000, true, true, 7).Select(p => p.Row.InferenceId));

    [Fact]
    public void Find_TheGroupThatGrewMost_InWords()
    {
        var speed = new FeatureGroups("speed", FeatureKind.Number, [10, 20], [], [50, 50, 50, 0]);
        var colour = new FeatureGroups("colour", FeatureKind.Category, [], ["red"], [100, 50, 0]);
        DriftedSegment segment = DriftedSegment.Find([(speed, [10, 10, 70, 0]), (colour, [60, 30, 0])])!;
        (segment.Description, segment.Group).ShouldBe(("speed above 20", 2));
        segment.Growth.ShouldBe((70.0 / 90) - (1.0 / 3), 1e-9);
        segment.Contains(Parse("""{"speed":20.5}""")).ShouldBeTrue();
        segment.Contains(Parse("""{"speed":20}""")).ShouldBeFalse();
        segment.Contains(Parse("""{"speed":null}""")).ShouldBeFalse();
        DriftedSegment.Find([(colour, [10, 60, 0])])!.Description.ShouldBe("colour rare or new");
        DriftedSegment.Find([(colour, [10, 0, 60])])!.Description.ShouldBe("colour missing");
        DriftedSegment.Find([(colour, [0, 0, 0])]).ShouldBeNull();
        DriftedSegment.GroupOf(speed, Parse("""{"colour":"red"}""")).ShouldBe(-1);
        DriftedSegment.GroupOf(speed, Parse("""{"speed":{"hash":"ab"}}""")).ShouldBe(-1);
    }

    [Fact]
    public async Task Write_FilledIn_IsAFileOfLabels()
    {
        IReadOnlyList<LabelPick> picks = Draw(1000, true, true, 1);
        string csv = LabelRequestFile.Write(picks, Birds, null);
        string[] lines = csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(101);
        lines[0].ShouldBe("inferenceId,id,why.reason,why.measure,why.weight,row.at,row.version,row.decision,row.score,in.speed,in.note,heavy");
        string filled = string.Join("\r\n", lines.Select((line, i) => i == 0 ? line : i <= 60 ? line + "yes" : line));
        LabelBatch batch = await LabelFile.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(filled)), "answers.csv", Birds, Day, default);
        (batch.Count, batch.Incomplete).ShouldBe((60, 40));
        batch.Find(picks[0].Row.InferenceId, null)!.Text.ShouldBe("yes");
    }

    [Fact]
    public void Write_HostileText_IsNoFormula()
    {
        LoggedPrediction row = Parse("""{"speed":-1.5,"note":"=HYPERLINK(\"http://x\")"}""");
        string csv = LabelRequestFile.Write([new LabelPick(row, LabelReason.Random, 2.5, null)], Birds, null);
        csv.ShouldContain(",-1.5,\"'=HYPERLINK(\"\"http://x\"\")\",");
    }

    [Fact]
    public void Guide_NamesTheClassesAndCarriesTheGuideline()
    {
        LabelRequestFile.Guide("birds", Birds, ["no", "yes"], "2026-03-01", "A bird is heavy from 5 kg on.").ShouldSatisfyAllConditions(
            g => g.ShouldContain("one of: `no`, `yes`"), g => g.ShouldContain("A bird is heavy from 5 kg on."), g => g.ShouldContain("labels/birds/answers/2026-03-01.csv"));
        LabelRequestFile.Guide("birds", Birds, [], "2026-03-01", null).ShouldContain("pipelines/birds.labelling.md");
    }

    [Fact]
    public void Parse_NotALineOfTheLog_SaysSo()
    {
        Should.Throw<InvalidDataException>(() => LoggedPrediction.Parse("{}"u8.ToArray()));
        LoggedPrediction.Parse(Encoding.UTF8.GetBytes(Line("{}").Replace("\"version\":1", "\"version\":1,\"shadow\":true", StringComparison.Ordinal))).ShouldBeNull();
    }

    private static IReadOnlyList<LabelPick> Draw(int rows, bool certain, bool drifted, int seed, double threshold = 0.5)
    {
        var draw = new LabelDraw(new LabellingSpec(), certain, drifted, seed);
        for (int i = 0; i < rows; i++)
        {
            LoggedPrediction row = Row(i, rows);
            draw.Offer(row, certain ? Usefulness.Of(LearningTask.Binary, row.Outputs, threshold) : null, drifted && row.Key == "segment");
        }

        draw.Offered.ShouldBe(rows);
        return draw.Finish();
    }

    // Probabilities spread evenly, in an order that has nothing to do with them; every fifth row is of the segment.
    private static LoggedPrediction Row(int i, int rows) => new(
        string.Create(CultureInfo.InvariantCulture, $"birds.2026030100.abcdef01.0.{i}"), Day.AddSeconds(i), 1, i % 5 == 0 ? "segment" : "other",
        Features, [(float)((i * 7919L) % rows / (double)rows)], "no");

    private static JsonElement Features { get; } = JsonDocument.Parse("""{"speed":1.5,"note":"a, b"}""").RootElement;

    private static string Line(string features) =>
        $$"""{"inferenceId":"birds.2026030100.abcdef01.0.0","at":"2026-03-01T00:00:00.000Z","version":1,"key":"k","features":{{features}},"outputs":[0.5],"decision":"no","latencyMicroseconds":4}""";

    private static LoggedPrediction Parse(string features) => LoggedPrediction.Parse(Encoding.UTF8.GetBytes(Line(features)))!;
}
