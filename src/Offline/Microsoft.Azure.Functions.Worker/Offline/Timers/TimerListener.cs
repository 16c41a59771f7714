using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
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
    HostStorage storage, IOfflineFunctionInvoker invoker, HostJson hostJson, IConfiguration settings, TimeProvider time, ILogger<TimerListener> logger)
    : IOfflineTriggerListener, IDisposable
{
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly List<(OfflineFunction Function, TimerTriggerAttribute Trigger, CronSchedule Schedule)> _timers = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly TimeZoneInfo _zone = settings["WEBSITE_TIME_ZONE"] is { Length: > 0 } zone ? TimeZoneInfo.FindSystemTimeZoneById(zone) : TimeZoneInfo.Utc;
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
        _timers.Add((function, trigger, CronSchedule.Parse(SettingNames.Resolve(trigger.Schedule, settings))));
    }

    public Task StartAsync(CancellationToken cancellation)
    {
        _loops = [.. _timers.Select(t => Task.Run(() => LoopAsync(t.Function, t.Trigger, t.Schedule), CancellationToken.None))];
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

    /// <summary>The first occurrence after a moment, both UTC. A local time that a DST change skips fires at the change; one that comes twice fires once.</summary>
    internal DateTime? NextUtc(CronSchedule schedule, DateTime afterUtc) => NextUtc(schedule, afterUtc, _zone);

    internal static DateTime? NextUtc(CronSchedule schedule, DateTime afterUtc, TimeZoneInfo zone)
    {
        DateTime local = DateTime.SpecifyKind(TimeZoneInfo.ConvertTimeFromUtc(afterUtc, zone), DateTimeKind.Unspecified);
        while (schedule.Next(local) is { } next)
        {
            DateTime valid = next;
            while (zone.IsInvalidTime(valid))
            {
                valid = valid.AddMinutes(1);
            }

            DateTime utc = TimeZoneInfo.ConvertTimeToUtc(valid, zone);
            if (utc > afterUtc)
            {
                return utc;
            }

            local = next;
        }

        return null;
    }

    private async Task LoopAsync(OfflineFunction function, TimerTriggerAttribute trigger, CronSchedule schedule)
    {
        CancellationToken stop = _stop.Token;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await RunLeasedAsync(function, trigger, schedule, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogStorageFault(logger, function.Name, e);
                await DelayAsync(TimeSpan.FromSeconds(10), stop);
            }
        }
    }

    private async Task RunLeasedAsync(OfflineFunction function, TimerTriggerAttribute trigger, CronSchedule schedule, CancellationToken stop)
    {
        BlobContainerClient hosts = await storage.HostsContainerAsync(stop);
        BlobClient status = hosts.GetBlobClient($"timers/{storage.HostId}/{function.Name}/status");
        BlobClient lockBlob = hosts.GetBlobClient($"locks/{storage.HostId}/{function.Name}.Listener");
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
            await FireAsync(function, trigger, schedule, status, held.Token);
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

    private async Task FireAsync(OfflineFunction function, TimerTriggerAttribute trigger, CronSchedule schedule, BlobClient statusBlob, CancellationToken held)
    {
        ScheduleStatus? status = trigger.UseMonitor ? await ReadAsync(statusBlob, held) : null;
        DateTime now = time.GetUtcNow().UtcDateTime;
        bool pastDue = status is not null && status.Next != default && status.Next <= now;
        if (pastDue || trigger.RunOnStartup)
        {
            status = await RunAsync(pastDue);
        }

        while (NextUtc(schedule, time.GetUtcNow().UtcDateTime) is { } next)
        {
            if (status is null || status.Next != next)
            {
                status = new ScheduleStatus { Last = status?.Last ?? default, Next = next, LastUpdated = time.GetUtcNow().UtcDateTime };
                await WriteAsync(statusBlob, trigger, status, held);
            }

            for (TimeSpan wait; (wait = next - time.GetUtcNow().UtcDateTime) > TimeSpan.Zero;)
            {
                await Task.Delay(wait < LongestWait ? wait : LongestWait, time, held);
            }

            status = await RunAsync(pastDue: false);
        }

        LogNeverAgain(logger, function.Name);
        await Task.Delay(Timeout.InfiniteTimeSpan, time, held);

        async Task<ScheduleStatus> RunAsync(bool pastDue)
        {
            DateTime started = time.GetUtcNow().UtcDateTime;
            var info = new TimerInfo { IsPastDue = pastDue, ScheduleStatus = status };
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(held);
            if (hostJson.FunctionTimeout is { } timeout)
            {
                limit.CancelAfter(timeout);
            }

            try
            {
                LogFiring(logger, function.Name, pastDue);
                await invoker.InvokeAsync(function, info, EmptyData, limit.Token);
            }
            catch (Exception e) when (!held.IsCancellationRequested)
            {
                LogFailed(logger, function.Name, e);
            }

            var after = new ScheduleStatus { Last = started, Next = NextUtc(schedule, time.GetUtcNow().UtcDateTime) ?? default, LastUpdated = time.GetUtcNow().UtcDateTime };
            await WriteAsync(statusBlob, trigger, after, held);
            return after;
        }
    }

    private static readonly Dictionary<string, object?> EmptyData = [];

    private async Task RenewAsync(BlobLeaseClient lease, CancellationTokenSource held)
    {
        try
        {
            while (true)
            {
                await Task.Delay(LeaseTime / 3, time, held.Token);
                await lease.RenewAsync(cancellationToken: held.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The timer stops.
        }
        catch (RequestFailedException)
        {
            await held.CancelAsync(); // the lease is lost: stop firing before another begins
        }
    }

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

    private static async Task CreateAsync(BlobClient blob, CancellationToken cancellation)
    {
        try
        {
            await blob.UploadAsync(BinaryData.FromString(""), new BlobUploadOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } }, cancellation);
        }
        catch (RequestFailedException e) when (e.Status is 409 or 412)
        {
            // It is there, perhaps leased.
        }
    }

    private static async Task<ScheduleStatus?> ReadAsync(BlobClient blob, CancellationToken cancellation)
    {
        try
        {
            BlobDownloadResult found = await blob.DownloadContentAsync(cancellation);
            return JsonSerializer.Deserialize<ScheduleStatus>(found.Content.ToMemory().Span);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }

    private static async Task WriteAsync(BlobClient blob, TimerTriggerAttribute trigger, ScheduleStatus status, CancellationToken cancellation)
    {
        if (trigger.UseMonitor)
        {
            await blob.UploadAsync(BinaryData.FromObjectAsJson(status), overwrite: true, cancellation);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Timer {Function} fires (past due: {PastDue})")]
    private static partial void LogFiring(ILogger logger, string function, bool pastDue);

    [LoggerMessage(2, LogLevel.Error, "Timer {Function} failed; its schedule goes on")]
    private static partial void LogFailed(ILogger logger, string function, Exception exception);

    [LoggerMessage(3, LogLevel.Warning, "Timer {Function} cannot reach its status or lease; trying again in 10 s")]
    private static partial void LogStorageFault(ILogger logger, string function, Exception exception);

    [LoggerMessage(4, LogLevel.Warning, "Timer {Function} has no further occurrence within eight years")]
    private static partial void LogNeverAgain(ILogger logger, string function);

    [LoggerMessage(5, LogLevel.Warning, "Timers were still running when the time to stop was up")]
    private static partial void LogNotDrained(ILogger logger);
}
