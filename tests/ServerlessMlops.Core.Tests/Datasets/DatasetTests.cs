using System.Text;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Data.Columns;

namespace ServerlessMlops.Core.Tests.Datasets;

public class DatasetTests
{
    private static readonly PipelineSpec Spec = new() { Target = "y", Key = "k", Time = "t" };

    private readonly Dictionary<string, byte[]> _parts = [];
    private readonly List<BatchSummary> _batches = [];

    private async Task<BatchResult> Add(string text, PipelineSpec spec)
    {
        var arrow = new MemoryStream();
        var result = await Ingest.RunAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)), "a.csv", spec, null, arrow, new MemoryStream(), CancellationToken.None);
        result.Reason.ShouldBeNull();
        _parts[result.BatchId!] = arrow.ToArray();
        _batches.Add(new BatchSummary
        {
            BatchId = result.BatchId!,
            Rows = result.RowsKept,
            Schema = result.Schema!,
            ReceivedAt = DateTimeOffset.UnixEpoch.AddHours(_batches.Count),
            Newest = (long?)result.Profile!.Find("t")?.Max,
        });
        return result;
    }

    private Task<ColumnTable> Read(DatasetManifest manifest, IReadOnlyCollection<string>? columns = null) =>
        DatasetReader.ReadAsync(manifest, (id, _) => Task.FromResult<Stream>(new MemoryStream(_parts[id])), columns, CancellationToken.None);

    [Fact]
    public async Task ReadAsync_BatchesOfDifferentColumns_AreJoinedAndLaterKeysWin()
    {
        await Add("k,t,x,c,y\na1,2024-01-01,1,red,0\na2,2024-01-02,2,blue,1\n", Spec);
        await Add("k,t,x,c,y,z\na2,2024-01-03,2.5,green,0,9\na3,2024-01-04,3.5,red,1,8\n", Spec);

        var manifest = DatasetAssembly.Assemble(_batches, Spec)!;
        var table = await Read(manifest);

        manifest.Schema.Find("x")!.Type.ShouldBe(ColumnType.Number);
        Enumerable.Range(0, table.RowCount).Select(r => string.Join('|', table.Columns.Select(c => c.TextAt(r)))).ShouldBe(
            ["a1|2024-01-01|1|red|0|", "a2|2024-01-03|2.5|green|0|9", "a3|2024-01-04|3.5|red|1|8"]);
        (await Read(manifest, ["x"])).Columns.Select(c => c.Schema.Name).ShouldBe(["x"]);
    }

    [Fact]
    public async Task Assemble_TheSameUploadTwiceOrInAnotherOrder_IsTheSameDataset()
    {
        await Add("k,t,x,y\na1,2024-01-01,1,0\na2,2024-01-02,2,1\n", Spec);
        await Add("k,t,x,y\na3,2024-02-01,1,0\na4,2024-02-02,2,1\n", Spec);
        string id = DatasetAssembly.Assemble(_batches, Spec)!.ComputeId();
        await Add("k,t,x,y\na1,2024-01-01,1,0\na2,2024-01-02,2,1\n", Spec);

        DatasetAssembly.Assemble(Enumerable.Reverse(_batches), Spec)!.ComputeId().ShouldBe(id);
        DatasetAssembly.Assemble(_batches.Take(1), Spec)!.ComputeId().ShouldNotBe(id);
    }

    [Fact]
    public async Task Assemble_Windows_ChooseBatchesAndRows()
    {
        await Add("k,t,x,y\na1,2024-01-01,1,0\na2,2024-01-20,2,1\n", Spec);
        await Add("k,t,x,y\na3,2024-02-01,1,0\na4,2024-02-10,2,1\n", Spec);

        DatasetAssembly.Assemble(_batches, Spec with { Window = new DataWindow(1, null) })!.Batches.Select(b => b.BatchId).ShouldBe([_batches[1].BatchId]);
        var month = DatasetAssembly.Assemble(_batches, Spec with { Window = new DataWindow(null, TimeSpan.FromDays(25)) })!;
        var table = await Read(month);
        Enumerable.Range(0, table.RowCount).Select(r => table["k"].TextAt(r)).ShouldBe(["a2", "a3", "a4"]);
        DatasetAssembly.Assemble([], Spec).ShouldBeNull();
    }

    [Fact]
    public async Task Split_ByTime_HoldsOutTheNewest()
    {
        await Add("k,t,y\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"a{i},{new DateTime(2024, 1, 1).AddDays((i * 37) % 100):yyyy-MM-dd},{i % 2}\n")), Spec);
        var table = await Read(DatasetAssembly.Assemble(_batches, Spec)!);
        var split = DatasetSplitter.Split(table, SplitRule.For(Spec));

        split.Holdout.Length.ShouldBe(20);
        var times = ((TimestampColumn)table["t"]).Values;
        split.Train.Max(r => times[r]).ShouldBeLessThan(split.Holdout.Min(r => times[r]));
    }

    [Fact]
    public async Task Split_ByKey_KeepsARowOnItsSideWhenDataIsAdded()
    {
        var spec = Spec with { Time = null };
        await Add("k,y\n" + string.Concat(Enumerable.Range(0, 1000).Select(i => $"a{i},{i % 2}\n")), spec);
        var first = await Read(DatasetAssembly.Assemble(_batches, spec)!);
        var before = DatasetSplitter.Split(first, SplitRule.For(spec)).Holdout.Select(r => first["k"].TextAt(r)).ToHashSet();
        await Add("k,y\n" + string.Concat(Enumerable.Range(500, 1000).Select(i => $"a{i},{i % 3 % 2}\n")), spec);
        var second = await Read(DatasetAssembly.Assemble(_batches, spec)!);
        var after = DatasetSplitter.Split(second, SplitRule.For(spec)).Holdout.Select(r => second["k"].TextAt(r)).ToHashSet();

        before.Count.ShouldBeInRange(150, 250);
        before.IsSubsetOf(after).ShouldBeTrue();
        second.RowCount.ShouldBe(1500);
    }

    [Fact]
    public async Task Describe_OfTwoProfiles_SaysWhatChanged()
    {
        var a = await Add("k,t,x,c,y\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"a{i},2024-01-01,{i},{(i % 2 == 0 ? "red" : "blue")},{i % 2}\n")), Spec);
        var b = await Add("k,t,x,c,y\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"a{i},2024-01-01,{(i % 4 == 0 ? "" : i + 300)},red,{i % 2}\n")), Spec);

        ProfileDifference.Describe(a.Profile!, b.Profile!).ShouldBe(["x: missing 0% -> 25%", "x: median 99 -> 399", "c: 'blue' 50% -> 0%, 'red' 50% -> 100%"]);
        ProfileDifference.Describe(a.Profile!, a.Profile!).ShouldBeEmpty();
        var guarded = Spec with { Columns = new Dictionary<string, ColumnSpec> { ["x"] = new() { Sensitive = true }, ["c"] = new() { Sensitive = true } } };
        ProfileDifference.Describe(a.Profile!, b.Profile!, guarded).ShouldBe(["x: missing 0% -> 25%"], "of sensitive columns no value is told");
    }
}
