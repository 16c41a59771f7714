using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Core.Registry;

namespace ServerlessMlops.Core.Tests.Monitoring;

public class WindowCounterTests
{
    private static readonly DateTimeOffset At = new(2026, 3, 1, 10, 20, 59, TimeSpan.Zero);

    private readonly ModelCard _card = Cards.Binary();

    [Fact]
    public void TakeSnapshot_NothingCounted_IsNull() => new WindowCounter(_card, 1, "i").TakeSnapshot(At).ShouldBeNull();

    [Fact]
    public void TakeSnapshot_Counted_IsTheMinuteAndStartsAtZero()
    {
        var counter = new WindowCounter(_card, 3, "host-1");
        counter.CountNumber(0, 0.5f);
        counter.CountNumber(0, float.NaN);
        counter.CountNumber(0, 7f);
        counter.CountCategory(1, 1);
        counter.CountCategory(1, WindowCounter.MissingCategory);
        counter.CountCategory(1, WindowCounter.UnknownCategory);
        counter.CountOutput(0.75);
        counter.CountOutput(0.25);
        counter.CountRequest(TimeSpan.FromMilliseconds(3), 200);
        counter.CountRequest(TimeSpan.FromMilliseconds(3), 503);

        WindowRow row = counter.TakeSnapshot(At)!;
        row.Minute.ShouldBe(new DateTimeOffset(2026, 3, 1, 10, 20, 0, TimeSpan.Zero));
        (row.Pipeline, row.Version, row.Instance, row.Sequence).ShouldBe(("birds", 3, "host-1", 1));
        row.Sums.Features[0].Sum().ShouldBe(3);
        row.Sums.Features[0][^1].ShouldBe(1);
        row.Sums.OutOfRange.ShouldBe([1, 0]);
        row.Sums.Features[1].ShouldBe([0, 1, 0, 1, 1]);
        row.Sums.Unknown.ShouldBe([0, 1]);
        row.Sums.Predictions.ShouldBe(2);
        row.Sums.OutputSums.Sum().ShouldBe(1.0);
        (row.Sums.Positives, row.Sums.PositiveSum).ShouldBe((1, 0.75));
        row.Sums.Statuses.ShouldBe([1, 0, 1, 0, 0]);
        LatencyGroups.Quantile(row.Sums.Latencies, 0.99)!.Value.ShouldBeInRange(TimeSpan.FromMilliseconds(3), TimeSpan.FromMilliseconds(4.5));
        counter.TakeSnapshot(At).ShouldBeNull();
    }

    [Fact]
    public async Task TakeSnapshot_WhileManyThreadsCount_LosesAndDoublesNothing()
    {
        var counter = new WindowCounter(_card, 1, "i");
        WindowSums total = WindowSums.Empty(_card);
        const int PerThread = 20_000;
        Task[] writers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < PerThread; i++)
            {
                counter.CountNumber(0, i / (float)PerThread);
                counter.CountCategory(1, i % 5 - 2);
                counter.CountOutput(0.5);
                counter.CountRequest(TimeSpan.FromMilliseconds(1), 200);
            }
        }))];
        Task all = Task.WhenAll(writers);
        while (!all.IsCompleted)
        {
            if (counter.TakeSnapshot(At) is { } row)
            {
                total.Add(row.Sums);
            }

            await Task.Yield();
        }

        await all;
        if (counter.TakeSnapshot(At) is { } last)
        {
            total.Add(last.Sums);
        }

        total.Features[0].Sum().ShouldBe(4 * PerThread);
        total.Features[1].Sum().ShouldBe(4 * PerThread);
        total.Unknown[1].ShouldBe(4 * PerThread / 5);
        total.Requests.ShouldBe(4 * PerThread);
        total.PositiveSum.ShouldBe(4 * PerThread * 0.5);
    }

    [Fact]
    public void Counting_Always_AllocatesNothing()
    {
        var counter = new WindowCounter(_card, 1, "i");
        Count(counter, 100);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Count(counter, 10_000);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    [Fact]
    public void Add_WindowOfAnotherModel_IsRefused()
    {
        ModelCard other = Cards.With(_card.Reference.Take(1).ToArray(), _card.OutputReference, _card.Inputs.Take(1).ToArray(), 10);
        Should.Throw<ArgumentException>(() => WindowSums.Empty(_card).Add(WindowSums.Empty(other))).Message.ShouldStartWith("Windows of different models do not add: 2 features and 1.");
    }

    [Fact]
    public void For_SameVersion_IsTheSameCounter()
    {
        var counters = new WindowCounters("i");
        counters.For(_card, 1).ShouldBeSameAs(counters.For(_card, 1));
        counters.For(_card, 2);
        counters.All.Count.ShouldBe(2);
    }

    private static void Count(WindowCounter counter, int times)
    {
        for (int i = 0; i < times; i++)
        {
            counter.CountNumber(0, i);
            counter.CountCategory(1, i % 4);
            counter.CountOutput(0.7);
            counter.CountRequest(TimeSpan.FromTicks(i * 1000L), 200);
        }
    }
}
