using FsCheck;
using FsCheck.Fluent;
using ServerlessMlops.Data.Columns;
using ServerlessMlops.Data.Profiling;
using ServerlessMlops.Data.Tests.Reading;

namespace ServerlessMlops.Data.Tests.Profiling;

public class SketchTests
{
    [Theory]
    [InlineData(10)]
    [InlineData(1_000)]
    [InlineData(100_000)]
    [InlineData(1_000_000)]
    public void Estimate_KnownNumberOfValues_IsWithinFourStandardErrors(int count)
    {
        var sketch = new HyperLogLog();
        for (int i = 0; i < count; i++)
        {
            sketch.Add(Utf8Hash.Of(BitConverter.DoubleToUInt64Bits(i)));
        }

        sketch.Estimate().ShouldBe(count, Math.Max(0.5, 4 * HyperLogLog.StandardError * count));
    }

    [Theory]
    [InlineData("ascending")]
    [InlineData("descending")]
    [InlineData("shuffled")]
    [InlineData("merged")]
    [InlineData("sampled")]
    public void Quantiles_AnyOrder_KeepTheStatedRankError(string order)
    {
        const int n = 200_000;
        var random = new Random(5);
        double[] values = [.. Enumerable.Range(0, n).Select(i => (double)i)];
        if (order == "descending")
        {
            Array.Reverse(values);
        }
        else if (order != "ascending")
        {
            random.Shuffle(values);
        }

        var sketch = new QuantileSketch();
        if (order == "merged")
        {
            foreach (var part in values.Chunk(1_777))
            {
                var other = new QuantileSketch();
                Array.ForEach(part, v => other.Add(v));
                sketch.Merge(other);
            }
        }
        else if (order == "sampled")
        {
            foreach (var part in values.Chunk(8))
            {
                sketch.Add(part[random.Next(8)], 3);
            }
        }
        else
        {
            Array.ForEach(values, v => sketch.Add(v));
        }

        sketch.Count.ShouldBe(n);
        double[] shares = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99];
        var found = sketch.Quantiles(shares);
        for (int i = 0; i < shares.Length; i++)
        {
            (found[i] / n).ShouldBe(shares[i], QuantileSketch.RankError, $"{order} at {shares[i]}");
        }
    }

    [Fact]
    public void Moments_OfParts_AddUpToThoseOfTheWhole() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<int[]>().Where(v => v.Length > 2).ToArbitrary(),
        values =>
        {
            double[] whole = [.. values.Select(v => v * 1e-3 + 1e6)];
            var once = Moments.Of(whole);
            var parts = Moments.Of(whole.AsSpan(0, whole.Length / 2)) + Moments.Of(whole.AsSpan(whole.Length / 2));
            return once.Count == parts.Count && once.Min == parts.Min && once.Max == parts.Max
                && Math.Abs(once.Mean - parts.Mean) <= 1e-9 * Math.Abs(once.Mean) && Math.Abs(once.M2 - parts.M2) <= 1e-6 * (1 + once.M2);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public async Task Merge_OfTwoHalves_EqualsTheProfileOfTheWhole()
    {
        var random = new Random(9);
        string[] rows = [.. Enumerable.Range(0, 6000).Select(i => $"{i},{random.NextDouble() * 10:R},{(char)('a' + random.Next(8))},{(random.Next(3) > 0 ? "true" : "false")},{(i % 7 == 0 ? "" : i.ToString())}\n")];
        const string head = "id,x,c,b,m\n";
        var whole = (await Tables.ReadAsync(head + string.Concat(rows))).Profile;
        var merged = DatasetProfile.Merge((await Tables.ReadAsync(head + string.Concat(rows[..2500]))).Profile, (await Tables.ReadAsync(head + string.Concat(rows[2500..]))).Profile);

        merged.Rows.ShouldBe(whole.Rows);
        foreach (var (a, b) in whole.Columns.Zip(merged.Columns))
        {
            (b.Name, b.Missing, b.Distinct, b.Min, b.Max).ShouldBe((a.Name, a.Missing, a.Distinct, a.Min, a.Max));
            (b.Mean ?? 0).ShouldBe(a.Mean ?? 0, 1e-9 * (1 + Math.Abs(a.Mean ?? 0)));
            (b.StandardDeviation ?? 0).ShouldBe(a.StandardDeviation ?? 0, 1e-9 * (1 + (a.StandardDeviation ?? 0)));
            b.Top.ShouldBe(a.Top);
            foreach (var (p, q) in (a.Quantiles ?? []).Zip(b.Quantiles ?? []))
            {
                q.ShouldBe(p, 2 * QuantileSketch.RankError * (a.Max!.Value - a.Min!.Value), a.Name);
            }
        }
    }

    [Fact]
    public async Task Build_WithATarget_FindsWhatGivesItAway()
    {
        var random = new Random(2);
        var rows = Enumerable.Range(0, 5000).Select(_ => (Y: random.Next(2), X: random.NextDouble())).Select(r => $"{r.Y},{r.X:R},{r.Y * 3 + 1},{(r.Y == 1 ? "bad" : "fine")},c{random.Next(5)},{r.X + r.Y:R}\n");
        var profile = (await Tables.ReadAsync("y,noise,cost,effect,color,some\n" + string.Concat(rows), target: "y")).Profile;

        profile.Columns.Where(c => c.LikelyLeak == true).Select(c => c.Name).ShouldBe(["cost", "effect"]);
        profile.Find("noise")!.TargetAssociation!.Value.ShouldBeLessThan(0.06);
        profile.Find("color")!.TargetAssociation!.Value.ShouldBeLessThan(0.06);
        profile.Find("some")!.TargetAssociation!.Value.ShouldBeInRange(0.8, 0.95);
    }
}
