using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Monitoring;

namespace ServerlessMlops.Functions.Monitoring;

/// <summary>
/// Empties the counters of this process into the <c>windows</c> table: each minute in which something was counted, and at shutdown. A crash
/// loses at most the minute that was being counted.
/// </summary>
public sealed class WindowFlusher(WindowCounters counters, IWindowStore windows, TimeProvider time, ILogger<WindowFlusher> logger) : BackgroundService
{
    /// <summary>Time between two flushes.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromMinutes(1);

    /// <summary>The most rows kept while storage does not take them; with more, the oldest are lost (and said to be).</summary>
    public const int MaxPending = 1000;

    private readonly Queue<WindowRow> _pending = new();
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Writes what has been counted until now. Rows that storage refuses stay for the next time; writing one twice is harmless.</summary>
    public async Task FlushAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            DateTimeOffset now = time.GetUtcNow();
            foreach (WindowCounter counter in counters.All)
            {
                if (counter.TakeSnapshot(now) is { } row)
                {
                    _pending.Enqueue(row);
                }
            }

            int lost = 0;
            for (; _pending.Count > MaxPending; lost++)
            {
                _pending.Dequeue();
            }

            if (lost > 0)
            {
                MonitoringLog.RowsLost(logger, lost);
            }

            while (_pending.TryPeek(out WindowRow? next))
            {
                await windows.AppendAsync(next, cancellation);
                _pending.Dequeue();
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (!await TryFlushAsync(cancellationToken) && _pending.Count > 0)
        {
            MonitoringLog.RowsLost(logger, _pending.Count);
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _turn.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TryFlushAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops; StopAsync flushes once more.
        }
    }

    private async Task<bool> TryFlushAsync(CancellationToken cancellation)
    {
        try
        {
            await FlushAsync(cancellation);
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            // Whatever storage's fault is, the next minute tries again: counting must go on.
            MonitoringLog.FlushFailed(logger, e, _pending.Count);
            return false;
        }
    }
}
