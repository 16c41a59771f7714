namespace ServerlessMlops.Core.Training;

/// <summary>The <c>requests</c> table: one row per pipeline, changed by compare-and-swap.</summary>
public interface ITrainingRequests
{
    /// <summary>The row of the pipeline; <see cref="TrainingRequest.None"/> before the first wish.</summary>
    Task<TrainingRequest> GetAsync(string pipeline, CancellationToken cancellation);

    /// <summary>Replaces the row by <paramref name="change"/> of it; asks again when another was faster. Returns the row after.</summary>
    Task<TrainingRequest> UpdateAsync(string pipeline, Func<TrainingRequest, TrainingRequest> change, CancellationToken cancellation);

    /// <summary>Rows whose training runs: those the reconciler looks after.</summary>
    IAsyncEnumerable<(string Pipeline, TrainingRequest Request)> ListRunningAsync(CancellationToken cancellation);
}
