using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Offline.Timers;

/// <summary>
/// Fires timers. The schedule's status is kept in <c>azure-webjobs-hosts/timers/{hostId}/{function}/status</c>, so that an occurrence missed
/// while nothing ran is made up for at start-up (past due). A lease on a blob beside it keeps a timer to one process. Occurrences never
/// overlap, and a failed one does not stop the schedule.
/// </summary>
internal sealed partial class TimerListener(
    HostStorage storage, TriggeredInvocations invocations, IConfiguration settings, TimeProvider time, ILogger<TimerListener> logger)
    : IOfflineTriggerListener, IDisposable
{
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly List<Timer> _timers = [];
    private readonly CancellationTokenSource _stop = new();
    private TimeZoneInfo? _zone;
    private Task[] _loops = [];

    public bool CanHandle(OfflineFunction function) => function.TriggerAttribute is TimerTriggerAttribute;

    public void Register(OfflineFunction function)
    {
        var trigger = (TimerTriggerAttribute)function.TriggerAttribute;
        if (function.TriggerParameter.ParameterType != typeof(TimerInfo))
        {
            throw new ArgumentException($"its timer trigger binds a {function.TriggerParameter.ParameterType.Name}; expected TimerInfo.");
        }

        storage.Needed = true;
        _zone ??= ReadZone();
        var schedule = CronSchedule.Parse(SettingNames.Resolve(trigger.Schedule, settings));
        _timers.Add(new Timer(function, schedule, trigger.UseMonitor && !schedule.IsSubMinute, trigger.RunOnStartup));
    }

    public Task StartAsync(CancellationToken cancellation)
    {
        _loops = [.. _timers.Select(t => Task.Run(() => LoopAsync(t), CancellationToken.None))];
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken drain)
    {
        await _stop.CancelAsync();
        try
        {
            await Task.WhenAll(_loops).WaitAsync(drain);
        }
        catch (OperationCanceledException)
        {
            LogNotDrained(logger);
        }
    }

    public void Dispose() => _stop.Dispose();

    private async Task LoopAsync(Timer timer)
    {
        CancellationToken stop = _stop.Token;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await RunLeasedAsync(timer, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogStorageFault(logger, timer.Function.Name, e);
                await DelayAsync(TimeSpan.FromSeconds(10), stop);
            }
        }
    }

    private async Task RunLeasedAsync(Timer timer, CancellationToken stop)
    {
        BlobContainerClient hosts = await storage.HostsContainerAsync(stop);
        BlobClient status = hosts.GetBlobClient($"timers/{storage.HostId}/{timer.Function.Name}/status");
        BlobClient lockBlob = hosts.GetBlobClient($"locks/{storage.HostId}/{timer.Function.Name}.Listener");
        await CreateAsync(lockBlob, stop);
        BlobLeaseClient lease = lockBlob.GetBlobLeaseClient();
        try
        {
            await lease.AcquireAsync(LeaseTime, cancellationToken: stop);
        }
        catch (RequestFailedException e) when (e.Status == 409)
        {
            await DelayAsync(TimeSpan.FromSeconds(15), stop); // another process runs this timer
            return;
        }

        using var held = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task renewing = RenewAsync(lease, held);
        try
        {
            await FireAsync(timer, status, held.Token);
        }
        finally
        {
            await held.CancelAsync();
            await renewing;
            try
            {
                await lease.ReleaseAsync(cancellationToken: CancellationToken.None);
            }
            catch (RequestFailedException)
            {
                // The lease has run out or was broken; another may hold it now, and this one has stopped firing.
            }
        }
    }

    private async Task FireAsync(Timer timer, BlobClient statusBlob, CancellationToken held)
    {
        OfflineFunction function = timer.Function;
        DateTime now = Now();
        ScheduleStatus? status = timer.Monitored ? await ReadAsync(statusBlob, held) : null;
        if (status is null || Changed(timer, status, now))
        {
            status = new ScheduleStatus { Next = NextAfter(now), LastUpdated = now };
            await WriteAsync(statusBlob, timer, status, held);
        }

        bool pastDue = status.Next < now;
        if (pastDue || timer.RunOnStartup)
        {
            await RunAsync(pastDue, scheduled: false);
        }

        while (status.Next != DateTime.MaxValue)
        {
            for (TimeSpan wait; (wait = status.Next - Now()) > TimeSpan.Zero;)
            {
                // Delays are cut to whole milliseconds: without rounding up, the rest of one would be waited for by asking the clock again and again.
                await Task.Delay(wait < LongestWait ? TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)) : LongestWait, time, held);
            }

            await RunAsync(pastDue: false, scheduled: true);
        }

        LogNeverAgain(logger, function.Name);
        await Task.Delay(Timeout.InfiniteTimeSpan, time, held);

        DateTime NextAfter(DateTime moment) => timer.Schedule.NextUtc(moment, _zone!) ?? DateTime.MaxValue;

        // What falls due while the function runs is made up for once, right after it: the next occurrence counts from when this one began.
        async Task RunAsync(bool pastDue, bool scheduled)
        {
            DateTime started = Now();
            try
            {
                LogFiring(logger, function.Name, pastDue);
                var info = new TimerInfo { IsPastDue = pastDue, ScheduleStatus = timer.Monitored ? status : null };
                await invocations.InvokeWithRetriesAsync(function, info, EmptyData, held);
            }
            catch (Exception e) when (!held.IsCancellationRequested)
            {
                LogFailed(logger, function.Name, e);
            }

            DateTime at = scheduled && status.Next > started ? status.Next : started;
            status = new ScheduleStatus { Last = at, Next = NextAfter(at), LastUpdated = at };
            await WriteAsync(statusBlob, timer, status, held);
        }
    }

    private DateTime Now() => time.GetUtcNow().UtcDateTime;

    /// <summary>
    /// Whether the schedule is another than the one that the status was made with. Then what it says to be due is not: the timer begins anew, from now where the
    /// new schedule's occurrence has passed.
    /// </summary>
    private bool Changed(Timer timer, ScheduleStatus status, DateTime now)
    {
        DateTime basis = status.Last != default ? status.Last : status.LastUpdated != default ? status.LastUpdated : now;
        return status.Next != (timer.Schedule.NextUtc(basis, _zone!) ?? DateTime.MaxValue);
    }

    private TimeZoneInfo ReadZone()
    {
        string? name = settings["WEBSITE_TIME_ZONE"];
        try
        {
            return string.IsNullOrEmpty(name) ? TimeZoneInfo.Utc : TimeZoneInfo.FindSystemTimeZoneById(name);
        }
        catch (Exception e) when (e is TimeZoneNotFoundException or InvalidTimeZoneException)
        {
            throw new InvalidOperationException($"Setting 'WEBSITE_TIME_ZONE' is '{name}', which this machine does not know; expected a name such as America/New_York.", e);
        }
    }

    private static readonly Dictionary<string, object?> EmptyData = [];

    private async Task DelayAsync(TimeSpan delay, CancellationToken stop)
    {
        try
        {
            await Task.Delay(delay, time, stop);
        }
        catch (OperationCanceledException)
        {
            // The app stops.
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Timer {Function} fires (past due: {PastDue})")]
    private static partial void LogFiring(ILogger logger, string function, bool pastDue);

    [LoggerMessage(2, LogLevel.Error, "Timer {Function} failed; its schedule goes on")]
    private static partial void LogFailed(ILogger logger, string function, Exception exception);

    [LoggerMessage(3, LogLevel.Warning, "Timer {Function} cannot reach its status or lease; trying again in 10 s")]
    private static partial void LogStorageFault(ILogger logger, string function, Exception exception);

    [LoggerMessage(4, LogLevel.Warning, "Timer {Function} has no further occurrence within 48 years")]
    private static partial void LogNeverAgain(ILogger logger, string function);

    [LoggerMessage(5, LogLevel.Warning, "Timers were still running when the time to stop was up")]
    private static partial void LogNotDrained(ILogger logger);

    /// <param name="Function">What is called.</param>
    /// <param name="Schedule">When.</param>
    /// <param name="Monitored">Whether its status is kept.</param>
    /// <param name="RunOnStartup">Whether it also runs when the app starts.</param>
    private sealed record Timer(OfflineFunction Function, CronSchedule Schedule, bool Monitored, bool RunOnStartup);
}
