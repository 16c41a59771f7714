using Microsoft.Extensions.Logging;

namespace Microsoft.DurableTask.Engine.Replay;

/// <summary>Retries by policy or handler.</summary>
internal sealed partial class ReplayContext
{
    private Task<T> RetryAsync<T>(Func<Task<T>> attempt, TaskRetryOptions? retry) => retry switch
    {
        { Policy: { } policy } => RetryByPolicyAsync(attempt, policy),
        { Handler: { } handler } => RetryByHandlerAsync(attempt, handler),
        _ => attempt(),
    };

    // Each failed attempt is followed by a timer, the last one too (due at once): the numbering of actions depends on it.
    private async Task<T> RetryByPolicyAsync<T>(Func<Task<T>> attempt, RetryPolicy policy)
    {
        var firstAttempt = CurrentUtcDateTime;
        for (var attemptIndex = 0; ; attemptIndex++)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo failure;
            TaskFailedException failed;
            try
            {
                return await attempt();
            }
            catch (TaskFailedException exception) when (!IsNonRetriable(exception))
            {
                failed = exception;
                failure = System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(exception);
            }

            if (attemptIndex + 1 == policy.MaxNumberOfAttempts)
            {
                await StartTimerAsync(CurrentUtcDateTime, CancellationToken.None);
                failure.Throw();
            }

            var delay = NextDelay(policy, attemptIndex, firstAttempt, failed.FailureDetails);
            if (delay == TimeSpan.Zero)
            {
                failure.Throw();
            }

            await StartTimerAsync(CurrentUtcDateTime.Add(delay), CancellationToken.None);
        }
    }

    // first * coefficient^attempt, at most the maximum; zero ends the attempts (not worth one, or out of time).
    private TimeSpan NextDelay(RetryPolicy policy, int attemptIndex, DateTime firstAttempt, TaskFailureDetails failure)
    {
        try
        {
            if (!policy.ShouldRetry(failure))
            {
                return TimeSpan.Zero;
            }
        }
        catch (Exception exception)
        {
            // A faulty filter must not hide the failure that it was asked about.
            LoggerFactory.CreateLogger("Microsoft.DurableTask").LogError(exception, "The retry filter of orchestrator '{Name}' failed; no further attempt is made.", _started.Name);
            return TimeSpan.Zero;
        }

        var expiry = policy.RetryTimeout == Timeout.InfiniteTimeSpan || policy.RetryTimeout == TimeSpan.MaxValue
            ? DateTime.MaxValue
            : firstAttempt.Add(policy.RetryTimeout);
        if (CurrentUtcDateTime >= expiry)
        {
            return TimeSpan.Zero;
        }

        var milliseconds = policy.FirstRetryInterval.TotalMilliseconds * Math.Pow(policy.BackoffCoefficient, attemptIndex);
        var maximum = policy.MaxRetryInterval == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : policy.MaxRetryInterval;
        return milliseconds < maximum.TotalMilliseconds ? TimeSpan.FromMilliseconds(milliseconds) : maximum;
    }

    private async Task<T> RetryByHandlerAsync<T>(Func<Task<T>> attempt, AsyncRetryHandler handler)
    {
        var start = CurrentUtcDateTime;
        for (var failures = 1; ; failures++)
        {
            try
            {
                return await attempt();
            }
            catch (TaskFailedException exception) when (!IsNonRetriable(exception))
            {
                var retryContext = new RetryContext(this, failures, exception.FailureDetails, CurrentUtcDateTime - start, CancellationToken.None);
                if (!await handler(retryContext))
                {
                    throw;
                }
            }
        }
    }

    private bool IsNonRetriable(TaskFailedException exception) => _nonRetriable.Contains(exception.TaskId);
}
