using Microsoft.DurableTask;

namespace ServerlessMlops.Functions.Hosting;

/// <summary>How activities are tried again. Bad input is not an exception but an outcome, so what is left to retry is what may pass: storage, time-outs, a dying process.</summary>
public static class Retries
{
    /// <summary>Four tries, 2 s, 4 s, 8 s apart.</summary>
    public static TaskOptions Activity { get; } = TaskOptions.FromRetryPolicy(new RetryPolicy(4, TimeSpan.FromSeconds(2), backoffCoefficient: 2));
}
