using System.ComponentModel;

namespace Microsoft.DurableTask;

/// <summary>Declarative retries: the delay before attempt n+1 is first * coefficient^(n-1), capped.</summary>
public class RetryPolicy
{
    private readonly Func<TaskFailureDetails, bool>? _handleFailure;

    public RetryPolicy(
        int maxNumberOfAttempts,
        TimeSpan firstRetryInterval,
        double backoffCoefficient = 1.0,
        TimeSpan? maxRetryInterval = null,
        TimeSpan? retryTimeout = null)
    {
        Require(maxNumberOfAttempts > 0, nameof(maxNumberOfAttempts), maxNumberOfAttempts, "greater than zero");
        Require(firstRetryInterval > TimeSpan.Zero, nameof(firstRetryInterval), firstRetryInterval, "greater than zero");
        Require(backoffCoefficient >= 1.0, nameof(backoffCoefficient), backoffCoefficient, "greater or equal to 1.0");
        Require(NotBelow(maxRetryInterval, firstRetryInterval), nameof(maxRetryInterval), maxRetryInterval, "greater or equal to the value for firstRetryInterval");
        Require(NotBelow(retryTimeout, firstRetryInterval), nameof(retryTimeout), retryTimeout, "greater or equal to the value for firstRetryInterval");

        MaxNumberOfAttempts = maxNumberOfAttempts;
        FirstRetryInterval = firstRetryInterval;
        BackoffCoefficient = backoffCoefficient;
        MaxRetryInterval = maxRetryInterval ?? TimeSpan.FromHours(1);
        RetryTimeout = retryTimeout ?? Timeout.InfiniteTimeSpan;
        Handle = _ => true;
    }

    public int MaxNumberOfAttempts { get; }

    public TimeSpan FirstRetryInterval { get; }

    public double BackoffCoefficient { get; }

    public TimeSpan MaxRetryInterval { get; }

    public TimeSpan RetryTimeout { get; }

    [EditorBrowsable(EditorBrowsableState.Never)]
    public Func<Exception, bool> Handle { get; private init; }

    /// <summary>Which failures are worth another attempt; all by default.</summary>
    public Func<TaskFailureDetails, bool> HandleFailure
    {
        init
        {
            _handleFailure = value;
            Handle = exception => value(exception is TaskFailedException failed
                ? failed.FailureDetails
                : throw new InvalidOperationException("Unable to create TaskFailureDetails since no TaskFailedException was received."));
        }
    }

    internal bool ShouldRetry(TaskFailureDetails failure) => _handleFailure is null || _handleFailure(failure);

    private static bool NotBelow(TimeSpan? value, TimeSpan first) => value is null || value == Timeout.InfiniteTimeSpan || value >= first;

    private static void Require(bool holds, string name, object? actual, string rule)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(name, actual, $"The value for {name} must be {rule}.");
        }
    }
}
