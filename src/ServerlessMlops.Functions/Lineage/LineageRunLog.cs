using System.Text.Json.Nodes;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Lineage;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Runs;

namespace ServerlessMlops.Functions.Lineage;

/// <summary>
/// The run log, with an OpenLineage event for each beginning and end. The row comes first: who dies before the event is written does the same step again,
/// finds the row as it is, and writes the event then.
/// </summary>
public sealed class LineageRunLog(IRunLog inner, ILineageStore lineage, TimeProvider time) : IRunLog
{
    /// <inheritdoc/>
    public async Task<Run> StartAsync(Run run, CancellationToken cancellation)
    {
        Run stands = await inner.StartAsync(run, cancellation);
        if (stands.Attempt == run.Attempt)
        {
            await SaveAsync(stands, OpenLineage.Start(stands, lineage.Account, CodeVersion.Current, stands.StartedAt), cancellation);
        }

        return stands;
    }

    /// <inheritdoc/>
    public async Task<Run> UpdateAsync(string pipeline, string id, Func<Run, Run> change, CancellationToken cancellation)
    {
        Run? before = null;
        Run after = await inner.UpdateAsync(pipeline, id, run => change(before = run), cancellation);
        if (before is not null && before.Attempt < after.Attempt)
        {
            DateTimeOffset now = time.GetUtcNow();
            if (!before.IsEnded)
            {
                await SaveAsync(before, OpenLineage.End(before, lineage.Account, CodeVersion.Current, now), cancellation);
            }

            await SaveAsync(after, OpenLineage.Start(after, lineage.Account, CodeVersion.Current, now), cancellation);
        }

        if (after.IsEnded)
        {
            await SaveAsync(after, OpenLineage.End(after, lineage.Account, CodeVersion.Current, after.EndedAt ?? time.GetUtcNow()), cancellation);
        }

        return after;
    }

    /// <inheritdoc/>
    public Task<Run?> GetAsync(string pipeline, string id, CancellationToken cancellation) => inner.GetAsync(pipeline, id, cancellation);

    /// <inheritdoc/>
    public IAsyncEnumerable<Run> ListOpenAsync(string pipeline, CancellationToken cancellation) => inner.ListOpenAsync(pipeline, cancellation);

    /// <inheritdoc/>
    public Task<Page<Run>> ListAsync(string pipeline, int pageSize, string? continuation, CancellationToken cancellation) =>
        inner.ListAsync(pipeline, pageSize, continuation, cancellation);

    private Task SaveAsync(Run run, JsonObject lineageEvent, CancellationToken cancellation) =>
        lineage.SaveAsync(run.Pipeline, run.Id, run.Attempt, lineageEvent, cancellation);
}
