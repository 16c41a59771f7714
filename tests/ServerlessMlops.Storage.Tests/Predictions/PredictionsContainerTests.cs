using System.Text;
using Azure.Storage.Blobs;
using ServerlessMlops.Core.Scoring.Predictions;
using ServerlessMlops.Storage.Predictions;
using ServerlessMlops.TestSupport.Azurite;

namespace ServerlessMlops.Storage.Tests.Predictions;

public class PredictionsContainerTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private static readonly DateTimeOffset Hour = new(2026, 1, 2, 3, 0, 0, TimeSpan.Zero);

    private readonly PredictionsContainer _predictions = new(new BlobServiceClient(azurite.ConnectionString));

    [Fact]
    public async Task Write_Twice_KeepsTheFirstAndReadsBackByRange()
    {
        var name = new PredictionSegmentName(azurite.UniqueName("p"), Hour, "0123abcd", 0);
        await _predictions.WriteAsync(name, "one\ntwo\n"u8.ToArray(), "a\t0\t3\n"u8.ToArray(), default);
        await _predictions.WriteAsync(name, "one\ntwo\n"u8.ToArray(), "a\t0\t3\n"u8.ToArray(), default);

        Encoding.UTF8.GetString((await _predictions.ReadIndexAsync(name, default)).ShouldNotBeNull().Span).ShouldBe("a\t0\t3\n");
        Encoding.UTF8.GetString((await _predictions.ReadLineAsync(name, new PredictionLine(4, 3), default)).ShouldNotBeNull().Span).ShouldBe("two");
    }

    [Fact]
    public async Task List_AnHour_GivesItsCompleteFilesOnly()
    {
        string pipeline = azurite.UniqueName("p");
        var first = new PredictionSegmentName(pipeline, Hour, "0123abcd", 0);
        var second = new PredictionSegmentName(pipeline, Hour, "0123abcd", 1);
        await _predictions.WriteAsync(first, "x\n"u8.ToArray(), "a\t0\t1\n"u8.ToArray(), default);
        await _predictions.WriteAsync(second, "x\n"u8.ToArray(), "a\t0\t1\n"u8.ToArray(), default);
        await _predictions.WriteAsync(new PredictionSegmentName(pipeline, Hour.AddHours(1), "0123abcd", 2), "x\n"u8.ToArray(), "a\t0\t1\n"u8.ToArray(), default);

        (await _predictions.ListAsync(pipeline, Hour, default).ToListAsync()).ShouldBe([first, second]);
        (await _predictions.ListAsync("nothing-here", Hour, default).ToListAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task DeleteBefore_ATime_DeletesHoursThatEndedByThenOfThatPipelineOnly()
    {
        string pipeline = azurite.UniqueName("p");
        string other = pipeline + "-other";
        PredictionSegmentName[] names = [.. Enumerable.Range(0, 4).Select(i => new PredictionSegmentName(pipeline, Hour.AddHours(i), "0123abcd", i)), new(other, Hour, "0123abcd", 0)];
        foreach (PredictionSegmentName name in names)
        {
            await _predictions.WriteAsync(name, "x\n"u8.ToArray(), "a\t0\t1\n"u8.ToArray(), default);
        }

        // The third hour has not ended at half past.
        (await _predictions.DeleteBeforeAsync(pipeline, Hour.AddHours(2.5), default)).ShouldBe(4);
        (await _predictions.DeleteBeforeAsync(pipeline, Hour.AddHours(2.5), default)).ShouldBe(0);
        for (int i = 0; i < 4; i++)
        {
            (await _predictions.ReadIndexAsync(names[i], default) is not null).ShouldBe(i >= 2);
        }

        (await _predictions.ReadIndexAsync(names[4], default)).ShouldNotBeNull();
        (await _predictions.DeleteBeforeAsync("nothing-here", Hour, default)).ShouldBe(0);
    }

    [Fact]
    public async Task Read_WhatIsNotThere_IsNull()
    {
        var name = new PredictionSegmentName("absent", Hour, "0123abcd", 0);
        (await _predictions.ReadIndexAsync(name, default)).ShouldBeNull();
        (await _predictions.ReadLineAsync(name, new PredictionLine(0, 1), default)).ShouldBeNull();
    }
}
