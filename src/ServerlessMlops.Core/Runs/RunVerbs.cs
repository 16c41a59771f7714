namespace ServerlessMlops.Core.Runs;

/// <summary>What a person may do with a run, by its kind and how it stands.</summary>
public static class RunVerbs
{
    /// <summary>Whether it can be cancelled: an ingestion or training that runs or waits. The others are short, or have verbs of their own.</summary>
    public static bool CanBeCancelled(this Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run.Kind is RunKind.Ingestion or RunKind.Training && !run.IsEnded;
    }

    /// <summary>
    /// Whether it can be tried again. A training that was rejected cannot: the same data and spec lead to the same judgement. Scoring and joining labels are cancelled
    /// only by a newer version of their file, which has a run of its own.
    /// </summary>
    public static bool CanBeRetried(this Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run.Kind switch
        {
            RunKind.Ingestion => run.Status is RunStatus.Failed or RunStatus.Rejected or RunStatus.Cancelled or RunStatus.Waiting,
            RunKind.Training => run.Status is RunStatus.Failed or RunStatus.Cancelled,
            RunKind.Labels or RunKind.Scoring => run.Status is RunStatus.Failed or RunStatus.Rejected,
            _ => false,
        };
    }
}
