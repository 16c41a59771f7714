namespace ServerlessMlops.Core.Runs;

/// <summary>The <c>runs</c> table. Every call may be repeated: the same call twice leaves what one leaves.</summary>
public interface IRunLog
{
    /// <summary>Inserts the run where its id is new, and returns what stands: the given run, or the one that was there.</summary>
    Task<Run> StartAsync(Run run, CancellationToken cancellation);

    /// <summary>
    /// Replaces the run of that id by <paramref name="change"/> of it, by compare-and-swap. An ended run stays as it is, unless
    /// <paramref name="change"/> starts it again (its status becomes Running).
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no such run.</exception>
    Task<Run> UpdateAsync(string pipeline, string id, Func<Run, Run> change, CancellationToken cancellation);

    /// <summary>The run of that id, or null.</summary>
    Task<Run?> GetAsync(string pipeline, string id, CancellationToken cancellation);

    /// <summary>Runs of the pipeline that have not ended, in no order. Costs one request where there are none.</summary>
    IAsyncEnumerable<Run> ListOpenAsync(string pipeline, CancellationToken cancellation);

    /// <summary>Runs of the pipeline, newest first.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="pageSize">1 to 1000.</param>
    /// <param name="continuation">What <see cref="Page{T}.Next"/> said, or null for the first page.</param>
    /// <param name="cancellation">Ends the call.</param>
    Task<Page<Run>> ListAsync(string pipeline, int pageSize, string? continuation, CancellationToken cancellation);
}
