using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using ServerlessMlops.Core.Monitoring;
using ServerlessMlops.Functions.Monitoring;
using ServerlessMlops.Functions.Tests.Scoring;
using ServerlessMlops.TestSupport.Time;

namespace ServerlessMlops.Functions.Tests.Monitoring;

public class WindowFlusherTests
{
    private readonly ManualTimeProvider _clock = new();
    private readonly FakeWindows _windows = new();
    private readonly WindowCounters _counters = new("i-1");
    private readonly WindowFlusher _flusher;

    public WindowFlusherTests() => _flusher = new WindowFlusher(_counters, _windows, _clock, NullLogger<WindowFlusher>.Instance);

    [Fact]
    public async Task FlushAsync_StorageFails_TheRowIsKeptAndWrittenOnceLater()
    {
        Count();
        _windows.Fails = new IOException("storage is away");
        await Should.ThrowAsync<IOException>(() => _flusher.FlushAsync(default));
        _windows.Fails = null;
        _clock.Advance(TimeSpan.FromMinutes(1));
        await _flusher.FlushAsync(default);
        WindowRow row = _windows.Rows.ShouldHaveSingleItem();
        (row.Sums.Requests, row.Minute).ShouldBe((1, _clock.GetUtcNow().AddMinutes(-1)));
    }

    [Fact]
    public async Task StopAsync_SomethingCounted_IsWritten()
    {
        await _flusher.StartAsync(default);
        Count();
        await _flusher.StopAsync(default);
        _windows.Rows.ShouldHaveSingleItem().Sums.Requests.ShouldBe(1);
    }

    [Fact]
    public async Task FlushAsync_NothingCounted_WritesNothing()
    {
        await _flusher.FlushAsync(default);
        _windows.Rows.ShouldBeEmpty();
    }

    [Fact]
    public void SlotOf_AnyTimeOfTheHour_IsTheSame()
    {
        var options = new MonitoringOptions();
        options.SlotOf(_clock.GetUtcNow().AddMinutes(59)).ShouldBe(options.SlotOf(_clock.GetUtcNow()));
        MonitorTimer.InstanceId(options.SlotOf(_clock.GetUtcNow().AddMinutes(7))).ShouldBe("monitor-20260101000000");
    }

    private void Count() => _counters.For(FakeModels.CardOf(1) with { Reference = [ReferenceGroups.FromNumbers("speed", [1f, 2f])] }, 1).CountRequest(TimeSpan.FromMilliseconds(1), 200);

    private sealed class FakeWindows : IWindowStore
    {
        public List<WindowRow> Rows { get; } = [];

        public Exception? Fails { get; set; }

        public Task<bool> AppendAsync(WindowRow row, CancellationToken cancellation)
        {
            if (Fails is not null)
            {
                throw Fails;
            }

            Rows.Add(row);
            return Task.FromResult(true);
        }

        public async IAsyncEnumerable<WindowRow> ReadAsync(string pipeline, int version, DateTimeOffset from, DateTimeOffset until, [EnumeratorCancellation] CancellationToken cancellation)
        {
            await Task.Yield();
            foreach (WindowRow row in Rows)
            {
                yield return row;
            }
        }

        public Task<int> DeleteBeforeAsync(string pipeline, int version, DateTimeOffset before, CancellationToken cancellation) => Task.FromResult(0);
    }
}
