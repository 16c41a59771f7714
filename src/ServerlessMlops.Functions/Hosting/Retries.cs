using Microsoft.DurableTask;

namespace ServerlessMlops.Functions.Hosting;

/// <summary>How activities are tried again. Bad input is not an exception but an outcome, so what is left to retry is what may pass: storage, time-outs, a dying process.</summary>
public static class Retries
{
    /// <summary>Four tries, 2 s, 4 s, 8 s apart.</summary>
    public static TaskOptions Activity { get; } = TaskOptions.FromRetryPolicy(new RetryPolicy(4, TimeSpan.FromSeconds(2), backoffCoefficient: 2));

    /// <summary>
    /// Of steps that nobody makes up for when they are given up: the start of a run, what is to follow one that ended well, a challenger that is to be taken from
    /// service. Twelve tries over about 37 minutes, longer than storage is usually away.
    /// </summary>
    public static TaskOptions Lasting { get; } = TaskOptions.FromRetryPolicy(new RetryPolicy(12, TimeSpan.FromSeconds(2), backoffCoefficient: 2, maxRetryInterval: TimeSpan.FromMinutes(10)));
}
