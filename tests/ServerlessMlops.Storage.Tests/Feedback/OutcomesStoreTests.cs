using Azure.Data.Tables;
using Azure.Storage.Blobs;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Learners;
using ServerlessMlops.Storage.Feedback;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Storage.Tests.Feedback;

public class OutcomesStoreTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private static readonly DateTimeOffset Hour = new(2026, 3, 1, 10, 0, 0, TimeSpan.Zero);

    private readonly OutcomesStore _outcomes = new(new BlobServiceClient(azurite.ConnectionString), new TableServiceClient(azurite.ConnectionString));

    [Fact]
    public async Task SaveHourAsync_OfTwoWhoReadTheSame_OneWins()
    {
        string pipeline = azurite.UniqueName();
        (JoinedHour joined, string? etag) = await _outcomes.LoadHourAsync(pipeline, Hour, default);
        (joined.Segments.Count, etag).ShouldBe((0, null));
        joined.Revision = 1;
        joined.Segments["abcdef01-0"] = new JoinedSegment { Labels = [1, double.NaN], Times = [1_700_000_000, 0] };

        (await _outcomes.SaveHourAsync(pipeline, Hour, joined, null, default)).ShouldBeTrue();
        (await _outcomes.SaveHourAsync(pipeline, Hour, joined, null, default)).ShouldBeFalse();

        (JoinedHour read, string? mark) = await _outcomes.LoadHourAsync(pipeline, Hour, default);
        read.Segments["abcdef01-0"].Labels.ShouldBe([1, double.NaN]);
        (await _outcomes.SaveHourAsync(pipeline, Hour, read, mark, default)).ShouldBeTrue();
        (await _outcomes.SaveHourAsync(pipeline, Hour, read, mark, default)).ShouldBeFalse();
    }

    [Fact]
    public async Task SaveCountsAsync_OfAnOlderState_LeavesTheNewer()
    {
        string pipeline = azurite.UniqueName();
        await _outcomes.SaveCountsAsync(Row(pipeline, Hour, 2, labelled: 7), default);
        await _outcomes.SaveCountsAsync(Row(pipeline, Hour, 1, labelled: 3), default);
        (await Read(pipeline, Hour, Hour.AddHours(1))).Single().Counts.Labelled.ShouldBe(7);

        await _outcomes.SaveCountsAsync(Row(pipeline, Hour, 3, labelled: 9), default);
        OutcomeRow read = (await Read(pipeline, Hour, Hour.AddHours(1))).Single();
        (read.Revision, read.Counts.Labelled, read.Hour).ShouldBe((3, 9, Hour));
        read.Counts.Groups["c"]["a"].TruePositives.ShouldBe(4);
    }

    [Fact]
    public async Task ReadAsync_HoursOfOneVersion_ByTime()
    {
        string pipeline = azurite.UniqueName();
        foreach (int hour in (int[])[3, 1, 0, 2])
        {
            await _outcomes.SaveCountsAsync(Row(pipeline, Hour.AddHours(hour), 1, hour), default);
        }

        await _outcomes.SaveCountsAsync(Row(pipeline, Hour, 1, 100) with { Version = 20 }, default);
        (await Read(pipeline, Hour.AddHours(1), Hour.AddHours(3))).Select(r => r.Counts.Labelled).ShouldBe([1, 2]);
        (await Read(pipeline, Hour, Hour.AddHours(2.5))).Count.ShouldBe(3);
    }

    [Fact]
    public async Task LabelsContainer_PutTwice_TheFirstStandsAndOpensWithItsArrival()
    {
        var labels = new LabelsContainer(new BlobServiceClient(azurite.ConnectionString));
        string path = $"{azurite.UniqueName()}/posted/a.csv";
        Upload first = await labels.PutAsync(path, "one"u8.ToArray(), default);
        Upload second = await labels.PutAsync(path, "two"u8.ToArray(), default);

        second.ShouldBe(first);
        (Stream content, DateTimeOffset arrived) = (await labels.OpenAsync(first, default))!.Value;
        using var reader = new StreamReader(content);
        (await reader.ReadToEndAsync()).ShouldBe("one");
        arrived.ShouldBe(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(10));
        (await labels.OpenAsync(first with { ETag = "0x1" }, default)).ShouldBeNull();
    }

    private static OutcomeRow Row(string pipeline, DateTimeOffset hour, long revision, long labelled)
    {
        OutcomeCounts counts = OutcomeCounts.Empty(LearningTask.Binary, 11);
        counts.Labelled = labelled;
        counts.Group("c", "a").TruePositives = 4;
        return new OutcomeRow(pipeline, 2, hour, revision, counts);
    }

    private async Task<List<OutcomeRow>> Read(string pipeline, DateTimeOffset from, DateTimeOffset until)
    {
        var rows = new List<OutcomeRow>();
        await foreach (OutcomeRow row in _outcomes.ReadAsync(pipeline, 2, from, until, default))
        {
            rows.Add(row);
        }

        return rows;
    }
}
