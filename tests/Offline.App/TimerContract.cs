using System.Globalization;
using Microsoft.Azure.Functions.Worker;

namespace ServerlessMlops.Offline.App;

/// <summary>Timers: often, past due, at start-up, failing with retries, slower than their interval.</summary>
public sealed class TimerContract(Calls calls)
{
    private static int _running;

    [Function("TimerYearly")]
    public Task Yearly([TimerTrigger("%YEARLY%")] TimerInfo timer) => calls.AddAsync(
        "TimerYearly", string.Create(CultureInfo.InvariantCulture, $"{timer.IsPastDue}|{timer.ScheduleStatus?.Next.ToUniversalTime():s}"));

    [Function("TimerAtStart")]
    public Task AtStart([TimerTrigger("0 0 0 1 1 *", RunOnStartup = true)] TimerInfo timer) => calls.AddAsync("TimerAtStart", $"{timer.IsPastDue}");

    [Function("TimerOften")]
    public Task Often([TimerTrigger("* * * * * *")] TimerInfo timer) => calls.AddAsync("TimerOften", $"{timer.IsPastDue}|{timer.ScheduleStatus is null}");

    [Function("TimerLong")]
    public async Task LongOne([TimerTrigger("* * * * * *", UseMonitor = false)] TimerInfo timer, CancellationToken cancellation)
    {
        int running = Interlocked.Increment(ref _running);
        await Task.Delay(TimeSpan.FromMilliseconds(1500), TimeProvider.System, cancellation);
        Interlocked.Decrement(ref _running);
        await calls.AddAsync("TimerLong", running.ToString(CultureInfo.InvariantCulture));
    }

    [Function("TimerRetried")]
    [FixedDelayRetry(2, "00:00:00.100")]
    public async Task Retried([TimerTrigger("0 0 0 1 1 *", RunOnStartup = true)] TimerInfo timer, FunctionContext context)
    {
        await calls.AddAsync("TimerRetried", $"{context.RetryContext.RetryCount}/{context.RetryContext.MaxRetryCount}");
        throw new InvalidOperationException("again");
    }
}
