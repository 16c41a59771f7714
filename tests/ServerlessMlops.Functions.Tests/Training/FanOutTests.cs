using ServerlessMlops.Functions.Training;

namespace ServerlessMlops.Functions.Tests.Training;

public sealed class FanOutTests
{
    [Fact]
    public async Task RunAsync_MoreThanAtOnce_StartsTheRestAsOthersEnd()
    {
        TaskCompletionSource<int>[] work = [.. Enumerable.Range(0, 5).Select(_ => new TaskCompletionSource<int>())];
        var started = new List<int>();
        var progress = new List<int>();
        Task<int[]> all = FanOut.RunAsync(
            [0, 1, 2, 3, 4],
            2,
            i =>
            {
                started.Add(i);
                return work[i].Task;
            },
            progress.Add);

        started.ShouldBe([0, 1]);
        work[1].SetResult(11);
        started.ShouldBe([0, 1, 2]);
        work[2].SetResult(12);
        work[0].SetResult(10);
        started.ShouldBe([0, 1, 2, 3, 4]);
        work[4].SetResult(14);
        work[3].SetResult(13);

        (await all).ShouldBe([10, 11, 12, 13, 14]);
        progress.ShouldBe([0, 1, 2, 3, 4, 5]);
    }

    [Fact]
    public async Task RunAsync_OneFails_SaysSo()
    {
        Task<int[]> all = FanOut.RunAsync([1, 2], 1, i => i == 1 ? Task.FromException<int>(new InvalidOperationException("broken")) : Task.FromResult(i), _ => { });

        (await Should.ThrowAsync<InvalidOperationException>(() => all)).Message.ShouldBe("broken");
    }

    [Fact]
    public async Task RunAsync_NoItems_EndsAtOnce() => (await FanOut.RunAsync(Array.Empty<int>(), 3, Task.FromResult, _ => { })).ShouldBeEmpty();
}
