namespace Microsoft.DurableTask.Engine;

/// <summary>Calls back when times come; in memory, since every time is in some history.</summary>
internal sealed class TimerQueue : IDisposable
{
    // What a timer of the framework can wait at most; longer waits are armed again.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(40);

    private readonly object _gate = new();
    private readonly TimeProvider _time;
    private readonly PriorityQueue<Action, long> _entries = new();
    private readonly ITimer _timer;
    private bool _disposed;

    public TimerQueue(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(_ => Fire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Schedule(DateTimeOffset at, Action callback)
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _entries.Enqueue(callback, at.UtcTicks);
                Arm();
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _entries.Clear();
        }

        _timer.Dispose();
    }

    private void Fire()
    {
        List<Action> due = [];
        lock (_gate)
        {
            var now = _time.GetUtcNow().UtcTicks;
            while (_entries.TryPeek(out var callback, out var at) && at <= now)
            {
                due.Add(callback);
                _entries.Dequeue();
            }

            Arm();
        }

        foreach (var callback in due)
        {
            callback();
        }
    }

    private void Arm()
    {
        if (_disposed || !_entries.TryPeek(out _, out var at))
        {
            return;
        }

        var ticks = Math.Clamp(at - _time.GetUtcNow().UtcTicks, 0, LongestWait.Ticks);

        // Rounded up to whole milliseconds, the timer's unit: an early call would only arm again.
        var milliseconds = (ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond;
        _timer.Change(TimeSpan.FromMilliseconds(milliseconds), Timeout.InfiniteTimeSpan);
    }
}
