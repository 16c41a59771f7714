using Azure.Data.Tables;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Storage.Windows;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Storage.Tests.Windows;

public class WindowsTableTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private static readonly DateTimeOffset Minute = new(2026, 3, 1, 10, 58, 0, TimeSpan.Zero);

    private readonly WindowsTable _windows = new(new TableServiceClient(azurite.ConnectionString));

    [Fact]
    public async Task AppendAsync_SameRowTwice_IsCountedOnce()
    {
        string pipeline = azurite.UniqueName();
        WindowRow row = Row(pipeline, "i-1", 1, Minute);
        (await _windows.AppendAsync(row, default)).ShouldBeTrue();
        (await _windows.AppendAsync(row, default)).ShouldBeFalse();

        WindowRow read = (await Read(pipeline, Minute, Minute.AddMinutes(1))).ShouldHaveSingleItem();
        (read.Pipeline, read.Version, read.Instance, read.Sequence, read.Minute).ShouldBe((pipeline, 2, "i-1", 1, Minute));
        read.Sums.Features.ShouldBe(row.Sums.Features);
        read.Sums.OutputSums.ShouldBe(row.Sums.OutputSums);
        read.Sums.KeyRows.ShouldBe(row.Sums.KeyRows);
        read.Sums.KeySums.ShouldBe(row.Sums.KeySums);
        (read.Sums.Positives, read.Sums.PositiveSum).ShouldBe((row.Sums.Positives, row.Sums.PositiveSum));
        read.Sums.Latencies.ShouldBe(row.Sums.Latencies);
        read.Sums.Statuses.ShouldBe(row.Sums.Statuses);
    }

    [Fact]
    public async Task ReadAsync_OverTheHour_RowsOfTheRangeByTime()
    {
        string pipeline = azurite.UniqueName();
        for (int i = 0; i < 5; i++)
        {
            await _windows.AppendAsync(Row(pipeline, "i-1", i, Minute.AddMinutes(i)), default);
            await _windows.AppendAsync(Row(pipeline, "i-2", i, Minute.AddMinutes(i)), default);
        }

        List<WindowRow> rows = await Read(pipeline, Minute.AddMinutes(1), Minute.AddMinutes(4));
        rows.Select(r => r.Minute).ShouldBe([Minute.AddMinutes(1), Minute.AddMinutes(1), Minute.AddMinutes(2), Minute.AddMinutes(2), Minute.AddMinutes(3), Minute.AddMinutes(3)]);
        (await Read(pipeline, Minute.AddDays(-1), Minute)).ShouldBeEmpty();
    }

    [Fact]
    public async Task DeleteBeforeAsync_OldHoursOfOneVersion_YoungerHoursAndOtherVersionsStay()
    {
        string pipeline = azurite.UniqueName();
        for (int i = 0; i < 130; i++)
        {
            await _windows.AppendAsync(Row(pipeline, $"i-{i}", 1, Minute), default); // more than a transaction takes
        }

        await _windows.AppendAsync(Row(pipeline, "i-1", 2, Minute.AddHours(-30)), default);
        await _windows.AppendAsync(Row(pipeline, "i-1", 3, Minute.AddMinutes(2)), default);
        await _windows.AppendAsync(Row(pipeline, "i-1", 4, Minute) with { Version = 20 }, default);

        (await _windows.DeleteBeforeAsync(pipeline, 2, Minute.AddMinutes(50), default)).ShouldBe(131, "the hour of the limit stays whole");
        (await _windows.DeleteBeforeAsync(pipeline, 2, Minute.AddMinutes(50), default)).ShouldBe(0);
        (await Read(pipeline, Minute.AddDays(-2), Minute.AddHours(1))).ShouldHaveSingleItem().Sequence.ShouldBe(3);
        var others = new List<WindowRow>();
        await foreach (WindowRow row in _windows.ReadAsync(pipeline, 20, Minute.AddHours(-1), Minute.AddHours(1), default))
        {
            others.Add(row);
        }

        others.ShouldHaveSingleItem().Sequence.ShouldBe(4);
    }

    [Fact]
    public async Task AppendAsync_AModelOfAThousandFeatures_FitsOneRow()
    {
        string pipeline = azurite.UniqueName();
        WindowRow row = Row(pipeline, "i-1", 1, Minute, features: 1000, count: 1_000_000_000_000);
        await _windows.AppendAsync(row, default);
        (await Read(pipeline, Minute, Minute.AddMinutes(1))).ShouldHaveSingleItem().Sums.Features.ShouldBe(row.Sums.Features);
    }

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 9 })]
    [InlineData(new byte[] { 1, 255, 255 })]
    [InlineData(new byte[] { 1, 1, 2, 5 })]
    [InlineData(new byte[] { 1, 255, 255, 255, 255, 255, 255, 255, 255, 127 })]
    public void Decode_DamagedBytes_SaysSo(byte[] bytes) => Should.Throw<InvalidDataException>(() => WindowCodec.Decode(bytes)).Message.ShouldContain("window row");

    [Fact]
    public void Decode_ARowOfABuildWithoutKeys_HasNone()
    {
        WindowRow row = Row("p1", "i-1", 1, Minute);
        Array.Clear(row.Sums.KeyRows);
        byte[] bytes = WindowCodec.Encode(row.Sums);
        byte[] older = [1, .. bytes[1..^33]];

        WindowSums read = WindowCodec.Decode(older);
        read.Latencies.ShouldBe(row.Sums.Latencies);
        read.KeyRows.ShouldAllBe(rows => rows == 0);
    }

    private static WindowRow Row(string pipeline, string instance, int sequence, DateTimeOffset minute, int features = 2, long count = 3)
    {
        FeatureGroups[] reference = [.. Enumerable.Range(0, features).Select(i => new FeatureGroups($"f{i}", FeatureKind.Number, [.. Enumerable.Range(0, 19).Select(e => (double)e)], [], new long[21]))];
        WindowSums sums = WindowSums.Empty(reference, reference[0]);
        foreach (long[] counts in sums.Features)
        {
            Array.Fill(counts, count);
        }

        sums.Outputs[3] = 7;
        sums.OutputSums[3] = 4.25;
        sums.Positives = 2;
        sums.PositiveSum = 1.5;
        sums.Statuses[0] = 7;
        sums.Latencies[12] = 7;
        sums.KeyRows[31] = 4;
        sums.KeySums[31] = 2.5;
        return new WindowRow(pipeline, 2, instance, sequence, minute, sums);
    }

    private async Task<List<WindowRow>> Read(string pipeline, DateTimeOffset from, DateTimeOffset until)
    {
        var rows = new List<WindowRow>();
        await foreach (WindowRow row in _windows.ReadAsync(pipeline, 2, from, until, default))
        {
            rows.Add(row);
        }

        return rows;
    }
}
