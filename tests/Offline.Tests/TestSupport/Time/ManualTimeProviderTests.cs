using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Offline.Tests.TestSupport.Time;

public sealed class ManualTimeProviderTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Advance_TimersOnTheWay_FireInOrderEachAtItsOwnTime()
    {
        var clock = new ManualTimeProvider(Start);
        var fired = new List<(string Name, TimeSpan At)>();
        void Record(object? name) => fired.Add(((string)name!, clock.GetUtcNow() - Start));
        using var once = clock.CreateTimer(Record, "once", TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);
        using var often = clock.CreateTimer(Record, "often", TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));

        clock.Advance(TimeSpan.FromSeconds(6.5));

        fired.ShouldBe([
            ("often", TimeSpan.FromSeconds(2)), ("often", TimeSpan.FromSeconds(4)), ("once", TimeSpan.FromSeconds(5)), ("often", TimeSpan.FromSeconds(6))]);
        clock.GetUtcNow().ShouldBe(Start + TimeSpan.FromSeconds(6.5));
        clock.PendingTimers.ShouldBe(1);
        clock.NextDue.ShouldBe(Start + TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task Advance_TaskDelayAndCancellation_Follow()
    {
        var clock = new ManualTimeProvider(Start);
        var delay = Task.Delay(TimeSpan.FromMinutes(3), clock);
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(4), clock);

        clock.Advance(TimeSpan.FromMinutes(2));
        delay.IsCompleted.ShouldBeFalse();
        clock.Advance(TimeSpan.FromMinutes(1));
        await delay;
        timeout.IsCancellationRequested.ShouldBeFalse();
        clock.Advance(TimeSpan.FromMinutes(1));
        timeout.IsCancellationRequested.ShouldBeTrue();
    }

    [Fact]
    public void GetElapsedTime_AfterAdvance_IsWhatWasAdvanced()
    {
        var clock = new ManualTimeProvider(Start);
        var timestamp = clock.GetTimestamp();
        clock.Advance(TimeSpan.FromMilliseconds(1234));
        clock.GetElapsedTime(timestamp).ShouldBe(TimeSpan.FromMilliseconds(1234));
    }

    [Fact]
    public void Advance_Backwards_Throws() =>
        Should.Throw<ArgumentOutOfRangeException>(() => new ManualTimeProvider(Start).Advance(TimeSpan.FromSeconds(-1)));

    [Fact]
    public void Dispose_PendingTimer_NeverFires()
    {
        var clock = new ManualTimeProvider(Start);
        var fired = false;
        clock.CreateTimer(_ => fired = true, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan).Dispose();
        clock.Advance(TimeSpan.FromSeconds(2));
        fired.ShouldBeFalse();
    }
}
