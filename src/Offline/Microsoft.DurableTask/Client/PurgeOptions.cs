namespace Microsoft.DurableTask.Client;

public record PurgeInstanceOptions(bool Recursive = false);

/// <summary>Which ended instances a purge deletes.</summary>
public record PurgeInstancesFilter(
    DateTimeOffset? CreatedFrom = null,
    DateTimeOffset? CreatedTo = null,
    IEnumerable<OrchestrationRuntimeStatus>? Statuses = null)
{
    /// <summary>The purge stops after this time and says that it is not complete; null: no limit.</summary>
    public TimeSpan? Timeout { get; init; }
}

/// <summary>How many instances a purge deleted.</summary>
public class PurgeResult
{
    public PurgeResult(int count)
    {
        if (count < 0)
        {
            throw new ArgumentException("Count must be non-negative", nameof(count));
        }

        PurgedInstanceCount = count;
    }

    public PurgeResult(int count, bool? isComplete)
        : this(count)
    {
        IsComplete = isComplete;
    }

    public int PurgedInstanceCount { get; }

    public bool? IsComplete { get; }
}

public record TerminateInstanceOptions(object? Output = null, bool Recursive = false);
