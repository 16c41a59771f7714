using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Alerts;

namespace ServerlessMlops.Functions.Alerts;

/// <summary>
/// Sends notifications that this process has planned when they fall due. What a process leaves behind when it ends is sent by the next
/// sweep of any other (<see cref="AlertSweep"/>); the group's row lets only one send.
/// </summary>
public sealed class AlertCourier(AlertDispatcher dispatcher, TimeProvider time, ILogger<AlertCourier> logger) : BackgroundService
{
    private readonly Channel<AlertGroup> _planned = Channel.CreateUnbounded<AlertGroup>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>A notification is planned.</summary>
    public void Expect(AlertGroup group)
    {
        ArgumentNullException.ThrowIfNull(group);
        _planned.Writer.TryWrite(group);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var waiting = new Dictionary<DueNotification, DateTimeOffset>();
        var sending = new List<Task>();
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                while (_planned.Reader.TryRead(out AlertGroup? group))
                {
                    if (group.DueAt is { } due)
                    {
                        waiting[new DueNotification(group.Pipeline, group.Topic, group.Number)] = due;
                    }
                }

                DateTimeOffset now = time.GetUtcNow();
                foreach (DueNotification due in waiting.Where(pair => pair.Value <= now).Select(pair => pair.Key).ToArray())
                {
                    waiting.Remove(due);
                    sending.Add(SendAsync(due, stoppingToken)); // one group's slow channel keeps no other group waiting
                }

                sending.RemoveAll(task => task.IsCompletedSuccessfully);

                await WaitAsync(waiting.Count == 0 ? null : waiting.Values.Min(), stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What waits is on the list of due notifications; a sweep sends it.
        }

        await Task.WhenAll(sending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // ended by the same token
    }

    private async Task WaitAsync(DateTimeOffset? until, CancellationToken cancellation)
    {
        Task<bool> arrival = _planned.Reader.WaitToReadAsync(cancellation).AsTask();
        if (until is not { } next)
        {
            await arrival;
            return;
        }

        TimeSpan rest = next - time.GetUtcNow();
        if (rest > TimeSpan.Zero)
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await Task.WhenAny(arrival, Task.Delay(rest, time, ended.Token));
            await ended.CancelAsync();
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private async Task SendAsync(DueNotification due, CancellationToken cancellation)
    {
        try
        {
            if ((await dispatcher.DispatchAsync(due, cancellation)).Next is { } next)
            {
                Expect(next);
            }
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            // Storage's fault, whatever it is: the notification stays on the list, and the sweep tries again.
            AlertsLog.SweepFailed(logger, e);
        }
    }
}
