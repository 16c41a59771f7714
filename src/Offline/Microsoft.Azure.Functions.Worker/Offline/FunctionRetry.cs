using System.Reflection;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary>A function's retry attribute. The wait of the exponential one doubles, without the chance that the published runtime adds.</summary>
internal sealed class FunctionRetry
{
    private readonly RetryAttribute _attribute;

    private FunctionRetry(RetryAttribute attribute) => _attribute = attribute;

    /// <summary>How many times more a failed invocation is tried; -1: until it succeeds.</summary>
    public int MaxRetryCount => _attribute.MaxRetryCount;

    /// <summary>Null where the function has none.</summary>
    public static FunctionRetry? Of(OfflineFunction function) => function.Method.GetCustomAttribute<RetryAttribute>() is { } attribute ? new(attribute) : null;

    /// <summary>The wait before a retry, the first being number 1.</summary>
    public TimeSpan Delay(int retry) => _attribute switch
    {
        FixedDelayRetryAttribute fixedDelay => fixedDelay.Delay,
        ExponentialBackoffRetryAttribute backoff when retry > 30 || backoff.Minimum * Math.Pow(2, retry - 1) > backoff.Maximum => backoff.Maximum,
        ExponentialBackoffRetryAttribute backoff => backoff.Minimum * Math.Pow(2, retry - 1),
        _ => TimeSpan.Zero,
    };
}
