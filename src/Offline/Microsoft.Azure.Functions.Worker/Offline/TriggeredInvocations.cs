using Microsoft.Extensions.Logging;

namespace Microsoft.Azure.Functions.Worker.Offline;

/// <summary>Invocations under <c>functionTimeout</c> and a retry attribute.</summary>
internal sealed partial class TriggeredInvocations(FunctionInvoker invoker, HostJson hostJson, TimeProvider time, ILogger<TriggeredInvocations> logger)
{
    /// <summary>
    /// Calls the function. When its time is up its token is cancelled, and whatever it does after that, it has failed; a function that ignores its token
    /// is waited for (Azure restarts the process).
    /// </summary>
    /// <exception cref="TimeoutException">Its time was up.</exception>
    public async Task<object?> InvokeAsync(
        OfflineFunction function, object? triggerValue, IReadOnlyDictionary<string, object?> bindingData, RetryContext? retry, CancellationToken cancellation)
    {
        if (hostJson.FunctionTimeout is not { } timeout)
        {
            return await invoker.InvokeAsync(function, triggerValue, bindingData, retry, cancellation);
        }

        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        Exception? failure = null;
        object? result = null;
        try
        {
            result = await invoker.InvokeAsync(function, triggerValue, bindingData, retry, either.Token);
        }
        catch (Exception e) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            failure = e;
        }

        return limit.IsCancellationRequested && !cancellation.IsCancellationRequested ? throw TimedOut(function, timeout, failure) : result;
    }

    /// <summary>As above, again and again as the function's retry attribute says.</summary>
    public async Task<object?> InvokeWithRetriesAsync(
        OfflineFunction function, object? triggerValue, IReadOnlyDictionary<string, object?> bindingData, CancellationToken cancellation)
    {
        if (FunctionRetry.Of(function) is not { } retry)
        {
            return await InvokeAsync(function, triggerValue, bindingData, null, cancellation);
        }

        for (int count = 0; ; count++)
        {
            try
            {
                return await InvokeAsync(function, triggerValue, bindingData, new Retried(count, retry.MaxRetryCount), cancellation);
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested && (retry.MaxRetryCount < 0 || count < retry.MaxRetryCount))
            {
                TimeSpan delay = retry.Delay(count + 1);
                LogRetry(logger, function.Name, count + 1, retry.MaxRetryCount, delay, e);
                await Task.Delay(delay, time, cancellation);
            }
        }
    }

    public static TimeoutException TimedOut(OfflineFunction function, TimeSpan timeout, Exception? inner) =>
        new($"Timeout value of {timeout} exceeded by function: {function.Name}.", inner);

    [LoggerMessage(21, LogLevel.Warning, "{Function} failed; retry {Retry} of {MaxRetries} in {Delay}")]
    private static partial void LogRetry(ILogger logger, string function, int retry, int maxRetries, TimeSpan delay, Exception exception);

    private sealed class Retried(int count, int max) : RetryContext
    {
        public override int RetryCount => count;

        public override int MaxRetryCount => max;
    }
}
