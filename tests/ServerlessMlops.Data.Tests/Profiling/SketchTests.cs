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
        var rows = Enumerable.Range(0, 5000).Select(_ => (Y: random.Next(2), X: random.NextDouble())).Select(r => $"{r.Y},{r.X:R},{r.Y * 3 + 1},{(r.Y == 1 ? "bad" : "fine")},c{random.Next(5)},{r.X + 0.9 * r.Y:R},{r.X + r.Y:R},{(r.Y == 1 ? r.X.ToString("R") : "")}\n");
        var profile = (await Tables.ReadAsync("y,noise,cost,effect,color,some,apart,onlyBad\n" + string.Concat(rows), target: "y")).Profile;

        profile.Columns.Where(c => c.LikelyLeak == true).Select(c => c.Name).ShouldBe(["cost", "effect", "apart", "onlyBad"]);
        profile.Find("apart")!.TargetAssociation!.Value.ShouldBeLessThan(0.95, "the classes lie apart, which a correlation does not see");
        profile.Find("cost")!.TargetCorrelation!.Value.ShouldBe(1, 1e-9);
        profile.Find("color")!.TargetCorrelation.ShouldBeNull();
        profile.ClassBalance!.Select(c => c.Value).ShouldBe(["0", "1"], ignoreOrder: true);
        profile.ClassBalance!.Sum(c => c.Count).ShouldBe(5000);
        profile.Find("noise")!.TargetAssociation!.Value.ShouldBeLessThan(0.06);
        profile.Find("color")!.TargetAssociation!.Value.ShouldBeLessThan(0.06);
        profile.Find("some")!.TargetAssociation!.Value.ShouldBeInRange(0.8, 0.95);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(100)]
    [InlineData(400)]
    [InlineData(3_000)]
    public async Task Build_ColumnThatTellsNothing_IsNoLeakHoweverFewRows(int rows)
    {
        var random = new Random(rows);
        string text = string.Concat(Enumerable.Range(0, rows).Select(i => $"{i},{random.NextDouble():R},{i % 2}\n"));
        var profile = (await Tables.ReadAsync("id,noise,y\n" + text, target: "y")).Profile;
        profile.Columns.Where(c => c.LikelyLeak == true).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(1_000, 100)]
    [InlineData(100_000, 0)]
    [InlineData(2_000_000, 200_000)]
    public void Duplicates_AmongManyRows_AreCounted(int rows, int repeated)
    {
        var sketch = new DuplicateSketch();
        var hashes = Enumerable.Range(0, rows - repeated).Concat(Enumerable.Range(0, repeated)).Select(i => Utf8Hash.Of((ulong)i)).ToArray();
        foreach (ulong[] chunk in hashes.Chunk(7_777))
        {
            sketch.Add(chunk);
        }

        ((double)sketch.Duplicates()).ShouldBe(repeated, rows <= DuplicateSketch.Capacity ? 0.5 : 0.05 * repeated);
    }

    [Fact]
    public async Task Merge_OfProfilesThatShareRows_CountsThemAsDuplicates()
    {
        string Rows(int from, int count) => "a,b,t\n" + string.Concat(Enumerable.Range(from, count).Select(i => $"{i},x{i % 5},{i % 3}\n"));
        async Task<DatasetProfile> Of(string text) => (await Tables.ReadAsync(text, target: "t")).Profile;

        var exact = DatasetProfile.Merge(await Of(Rows(0, 3000)), await Of(Rows(2000, 2000)));
        exact.DuplicateRows.ShouldBe(1000);
        exact.ClassBalance!.Sum(c => c.Count).ShouldBe(5000);
        var estimated = DatasetProfile.Merge(await Of(Rows(0, 60_000)), await Of(Rows(40_000, 60_000)));
        ((double)estimated.DuplicateRows!).ShouldBe(20_000, 3_000);
        (await Of(Rows(0, 500) + Rows(100, 50)[6..])).DuplicateRows.ShouldBe(50);
        (await Of("a,t\n1.0,0\n1,0\n,1\n,1\n")).DuplicateRows.ShouldBe(2);
    }

    [Fact]
    public async Task Build_SkewedValues_HaveTheSkewnessOfTheFormula()
    {
        double[] values = [.. Enumerable.Range(0, 3000).Select(i => Math.Exp(i % 100 / 20.0))];
        var profile = (await Tables.ReadAsync("x,y\n" + string.Concat(values.Select(v => $"{v:R},1\n")))).Profile;
        double mean = values.Average(), m2 = values.Average(v => Math.Pow(v - mean, 2)), m3 = values.Average(v => Math.Pow(v - mean, 3));
        profile.Find("x")!.Skewness!.Value.ShouldBe(m3 / Math.Pow(m2, 1.5), 1e-9);
    }

    [Fact]
    public void Merge_OfRandomHalves_StaysWithinTheStatedErrors() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<(int Seed, byte Cut)>().ToArbitrary(),
        input =>
        {
            var random = new Random(input.Seed);
            int rows = random.Next(50, 3000), cut = Math.Max(10, rows * input.Cut / 256);
            string[] lines = [.. Enumerable.Range(0, rows).Select(i => $"{Math.Round(random.NextDouble() * 1000, random.Next(6))},{(char)('a' + random.Next(20))},{random.Next(2)},{(random.Next(9) == 0 ? "" : random.Next(500))}\n")];
            DatasetProfile Of(IEnumerable<string> part) => Tables.ReadAsync("x,c,y,z\n" + string.Concat(part), target: "y", change: c => c with { Type = c.Name switch { "c" => ColumnType.Category, "y" => ColumnType.Integer, _ => ColumnType.Number } }).GetAwaiter().GetResult().Profile;
            var whole = Of(lines);
            var merged = DatasetProfile.Merge(Of(lines[..cut]), Of(lines[cut..]));
            var x = whole.Find("x")!;
            var y = merged.Find("x")!;
            return whole.Rows == merged.Rows && whole.DuplicateRows == merged.DuplicateRows && whole.ClassBalance!.SequenceEqual(merged.ClassBalance!)
                && whole.Find("c")!.Top!.SequenceEqual(merged.Find("c")!.Top!) && whole.Find("c")!.Distinct == merged.Find("c")!.Distinct
                && (x.Min, x.Max, x.Distinct, x.Missing) == (y.Min, y.Max, y.Distinct, y.Missing) && Math.Abs(x.Mean!.Value - y.Mean!.Value) < 1e-9 * x.Mean
                && x.Quantiles!.Zip(y.Quantiles!).All(q => Math.Abs(q.First - q.Second) <= 40);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40).WithReplay(1234567, 7654321));
}
