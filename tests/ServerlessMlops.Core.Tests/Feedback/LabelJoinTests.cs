using System.Globalization;
using System.Text;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Tests.Monitoring;

namespace ServerlessMlops.Core.Tests.Feedback;

public class LabelJoinTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Horizon = TimeSpan.FromDays(30);
    private static readonly ModelCard Card = Cards.Binary();
    private static readonly PipelineSpec Spec = PipelineSpecParser.Parse("target: damaged\nkey: id\n").Spec!;

    [Fact]
    public async Task Read_CsvByIdAndKey_LaterTimeWins()
    {
        LabelBatch batch = await ReadAsync("inferenceId,id,damaged,labelledAt\ni1,,yes,2026-03-02T00:00:00Z\ni1,,no,2026-03-01T00:00:00Z\n,k1,yes,2026-03-02T00:00:00Z\n,k1,yes,2026-03-02T00:00:00Z\n,,yes,2026-03-02T00:00:00Z\n");
        (batch.Count, batch.Rows, batch.Duplicates, batch.Corrected, batch.Incomplete).ShouldBe((2, 4, 1, 1, 1));
        batch.Find("i1", null)!.Text.ShouldBe("yes");
        batch.Find("other", "k1")!.Text.ShouldBe("yes");
    }

    [Fact]
    public async Task Read_JsonLines_TheSame()
    {
        LabelBatch batch = await ReadAsync("{\"inferenceId\":\"i1\",\"damaged\":true}\n{\"inferenceId\":\"i2\",\"damaged\":false}\n", "labels.jsonl");
        batch.Count.ShouldBe(2);
        batch.Find("i1", null)!.At.ShouldBe(Noon);
    }

    [Theory]
    [InlineData("other,damaged\n1,yes\n", "labels join by a column 'inferenceId' or by the pipeline's key 'id'.")]
    [InlineData("id,answer\nk1,yes\n", "the label is expected in a column named as the target, 'damaged'.")]
    [InlineData("id,damaged,timestamp\nk1,yes,soon\nk2,no,later\n", "Column 'timestamp' holds no times")]
    [InlineData("id,damaged\n,yes\nk2,\n", "None of the 2 rows has both")]
    [InlineData("", "empty")]
    public async Task Read_NoLabels_SaysWhatIsMissing(string csv, string says) =>
        (await Should.ThrowAsync<UnusableLabelsException>(() => ReadAsync(csv))).Message.ShouldContain(says);

    [Fact]
    public void Join_ByIdAndKey_CountsConfusionScoresAndLosses()
    {
        LabelBatch batch = Batch(("i0", null, "yes"), ("i1", null, "no"), (null, "k2", "yes"), (null, "k3", "no"), ("unknown", null, "yes"), ("i4", null, "perhaps"));
        (JoinedSegment? after, JoinTally tally, OutcomeCounts counts) = Join(Lines(0.9f, 0.8f, 0.2f, 0.1f, 0.5f, 0.5f), batch, null);

        tally.ShouldBe(new JoinTally(4, 0, 0, 1));
        batch.Unknown.ShouldBe(1);
        after!.Labels.ShouldBe([1, 0, 1, 0, double.NaN, double.NaN]);
        (counts.Predictions, counts.Labelled).ShouldBe((6, 4));
        (counts.Decisions.TruePositives, counts.Decisions.FalsePositives, counts.Decisions.FalseNegatives, counts.Decisions.TrueNegatives).ShouldBe((1, 1, 1, 1));
        counts.LossSum.ShouldBe(-(Math.Log(0.9) + Math.Log(0.2) + Math.Log(0.2) + Math.Log(0.9)), 1e-6);
        counts.BrierSum.ShouldBe(0.01 + 0.64 + 0.64 + 0.01, 1e-6);
        counts.CameTrue.Sum().ShouldBe(2);
        counts.CameFalse.Sum().ShouldBe(2);
        counts.Groups["c"]["a"].Rows.ShouldBe(4);
        counts.Delays[DelayGroups.Of(TimeSpan.FromDays(2))].ShouldBe(4);
    }

    [Fact]
    public void Join_TheSameFileAgain_LeavesTheSameCounts()
    {
        (JoinedSegment? once, _, OutcomeCounts first) = Join(Lines(0.9f, 0.1f), Batch(("i0", null, "yes"), ("i1", null, "yes")), null);
        (JoinedSegment? twice, JoinTally tally, OutcomeCounts second) = Join(Lines(0.9f, 0.1f), Batch(("i0", null, "yes"), ("i1", null, "yes")), once);

        tally.ShouldBe(new JoinTally(0, 0, 2, 0));
        twice!.Labels.ShouldBe(once!.Labels);
        System.Text.Json.JsonSerializer.Serialize(second, MlopsJson.Options).ShouldBe(System.Text.Json.JsonSerializer.Serialize(first, MlopsJson.Options));
    }

    [Fact]
    public void Join_Corrections_TheLaterKnownCountsInWhateverOrderTheyCome()
    {
        var early = new LabelBatch();
        early.Add("i0", null, new Label("no", Noon.AddDays(1)));
        var late = new LabelBatch();
        late.Add("i0", null, new Label("yes", Noon.AddDays(2)));

        (JoinedSegment? first, _, _) = Join(Lines(0.9f), early, null);
        (_, JoinTally corrected, OutcomeCounts after) = Join(Lines(0.9f), late, first);
        (JoinedSegment? other, _, _) = Join(Lines(0.9f), late, null);
        (JoinedSegment? outOfOrder, _, OutcomeCounts same) = Join(Lines(0.9f), early, other);

        corrected.Corrected.ShouldBe(1);
        (after.Labelled, after.Decisions.TruePositives).ShouldBe((1, 1));
        (same.Labelled, same.Decisions.TruePositives).ShouldBe((1, 1));
        outOfOrder!.Labels.ShouldBe([1.0]);
    }

    [Fact]
    public void Join_AfterTheHorizon_IsLeftOut()
    {
        var batch = new LabelBatch();
        batch.Add("i0", null, new Label("yes", Noon.AddDays(31)));
        (_, JoinTally tally, OutcomeCounts counts) = Join(Lines(0.9f), batch, null);
        tally.ShouldBe(JoinTally.None);
        (counts.Predictions, counts.Labelled, batch.Unknown).ShouldBe((1, 0, 1));
    }

    [Fact]
    public void Counts_OfTwoPeriods_AddUpToThoseOfBoth()
    {
        float[] scores = [.. Enumerable.Range(0, 40).Select(i => (i + 0.5f) / 40)];
        (string?, string?, string)[] labels = [.. Enumerable.Range(0, 40).Select(i => ((string?)$"i{i}", (string?)null, i % 3 == 0 ? "yes" : "no"))];
        (_, _, OutcomeCounts both) = Join(Lines(scores), Batch(labels), null);
        (_, _, OutcomeCounts first) = Join(Lines(scores[..20]), Batch(labels), null);
        (string?, string?, string)[] rest = [.. labels[20..].Select((label, i) => ((string?)$"i{i}", (string?)null, label.Item3))];
        (_, _, OutcomeCounts second) = Join(Lines(scores[20..]), Batch(rest), null);
        first.Add(second);

        first.Labelled.ShouldBe(both.Labelled);
        first.CameTrue.ShouldBe(both.CameTrue);
        first.CameFalse.ShouldBe(both.CameFalse);
        first.LossSum.ShouldBe(both.LossSum, 1e-9);
        first.Groups["c"]["a"].Rows.ShouldBe(both.Groups["c"]["a"].Rows);
    }

    [Fact]
    public async Task Read_WeightsOfARequest_GoWithTheirLabels()
    {
        LabelBatch batch = await ReadAsync("inferenceId,why.weight,damaged\ni1,20.5,yes\ni2,,no\ni3,0,no\ni4,-1,no\n");
        (batch.Find("i1", null)!.Weight, batch.Find("i2", null)!.Weight, batch.Find("i3", null)!.Weight).ShouldBe((20.5, 1, 0));
        batch.Incomplete.ShouldBe(1, "a row cannot stand for less than nothing");
        (await Should.ThrowAsync<UnusableLabelsException>(() => ReadAsync("inferenceId,why.weight,damaged\ni1,many,yes\ni2,few,no\n"))).Message.ShouldContain("how many predictions each row stands for");
    }

    [Fact]
    public void Join_WeightedLabels_CountForAsManyRows_AndTheLargerWeightStays()
    {
        var picked = new LabelBatch();
        picked.Add("i0", null, new Label("yes", Noon.AddDays(2)) { Weight = 20 });
        picked.Add("i1", null, new Label("no", Noon.AddDays(2)) { Weight = 0 });
        (JoinedSegment? first, _, OutcomeCounts counts) = Join(Lines(0.9f, 0.8f), picked, null);
        (counts.Labelled, counts.Weight, counts.Decisions.TruePositives, counts.Decisions.FalsePositives).ShouldBe((2, 20, 20, 0));
        counts.LossSum.ShouldBe(-20 * Math.Log(0.9), 1e-5);
        counts.Effective().Weight.ShouldBe(1, "one row of weight 20 is one row");

        // Labels of the same rows that nobody picked: the reviewed row counts now.
        (JoinedSegment? second, JoinTally tally, OutcomeCounts both) = Join(Lines(0.9f, 0.8f), Batch(("i0", null, "yes"), ("i1", null, "no")), first);
        tally.ShouldBe(new JoinTally(0, 0, 2, 0) { Weighed = 1 });
        tally.IsChange.ShouldBeTrue();
        second!.Weights.ShouldBe([20, 1]);
        (both.Decisions.TruePositives, both.Decisions.FalsePositives).ShouldBe((20, 1));
        Join(Lines(0.9f, 0.8f), Batch(("i0", null, "yes"), ("i1", null, "no")), second).Tally.IsChange.ShouldBeFalse();
    }

    [Fact]
    public void Join_AfterACut_NewAndCorrectedLabelsBelongToTheNext()
    {
        (JoinedSegment? first, _, _) = Join(Lines(0.9f, 0.8f, 0.7f), Batch(("i0", null, "yes"), ("i1", null, "no")), null);
        first!.Cuts.ShouldBeNull();
        var later = new LabelBatch();
        later.Add("i1", null, new Label("yes", Noon.AddDays(3)));
        later.Add("i2", null, new Label("no", Noon.AddDays(3)));
        var tally = new OutcomeTally(Card, []);
        JoinedSegment second = SegmentJoiner.Join(Lines(0.9f, 0.8f, 0.7f), later, first, Horizon, _ => tally, cut: 2).After!;
        Enumerable.Range(0, 4).Select(second.CutOf).ShouldBe([1, 2, 2, 0]);
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("No", 0)]
    [InlineData("T", 1)]
    [InlineData("maybe", double.NaN)]
    public void Understand_ClassesFalseAndTrue_AreWrittenManyWays(string text, double meaning) =>
        new OutcomeTally(Card with { Classes = ["false", "true"] }, []).Understand(text).ShouldBe(meaning);

    private static async Task<LabelBatch> ReadAsync(string text, string name = "labels.csv")
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
        return await LabelFile.ReadAsync(stream, name, Spec, Noon, default);
    }

    private static LabelBatch Batch(params (string? Id, string? Key, string Text)[] labels)
    {
        var batch = new LabelBatch();
        foreach ((string? id, string? key, string text) in labels)
        {
            batch.Add(id, key, new Label(text, Noon.AddDays(2)));
        }

        return batch;
    }

    private static (JoinedSegment? After, JoinTally Tally, OutcomeCounts Counts) Join(byte[] lines, LabelBatch batch, JoinedSegment? before)
    {
        var tally = new OutcomeTally(Card, ["c"]);
        (JoinedSegment? after, JoinTally sum) = SegmentJoiner.Join(lines, batch, before, Horizon, version => version == 3 ? tally : null);
        return (after, sum, tally.Counts);
    }

    private static byte[] Lines(params float[] scores) => Encoding.UTF8.GetBytes(string.Concat(scores.Select((score, i) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"inferenceId":"i{{i}}","at":"2026-03-01T12:00:00.000Z","version":3,"key":"k{{i}}","features":{"x":1.5,"c":"a"},"outputs":[{{score}}],"decision":"yes","latencyMicroseconds":41}""") + "\n")));
}
