using Microsoft.DurableTask.Client;

namespace Microsoft.DurableTask.Engine;

// What is asked of instances, and forgetting those that have ended.
internal sealed partial class EngineClient
{
    public override Task<OrchestrationMetadata> WaitForInstanceStartAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        WaitAsync(instanceId, status => status != InstanceStatus.Pending, getInputsAndOutputs, cancellation);

    public override Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        WaitAsync(instanceId, InstanceStatusExtensions.IsTerminal, getInputsAndOutputs, cancellation);

    public override async Task<OrchestrationMetadata?> GetInstancesAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        await engine.Ready.WaitAsync(cancellation);
        return await Store.GetStateAsync(instanceId, cancellation) is { } state ? ToMetadata(state, getInputsAndOutputs) : null;
    }

    public override AsyncPageable<OrchestrationMetadata> GetAllInstancesAsync(OrchestrationQuery? filter = null)
    {
        var query = filter ?? new OrchestrationQuery();
        var isFirst = true;
        return Pageable.Create<OrchestrationMetadata>(async (token, size, cancellation) =>
        {
            await engine.Ready.WaitAsync(cancellation);
            var start = isFirst ? token ?? query.ContinuationToken : token;
            isFirst = false;
            var page = await Store.QueryAsync(query, start, size ?? query.PageSize, cancellation);
            return new Page<OrchestrationMetadata>(
                [.. page.Values.Select(state => ToMetadata(state, query.FetchInputsAndOutputs))], page.ContinuationToken);
        });
    }

    public override async Task<PurgeResult> PurgeInstanceAsync(
        string instanceId, PurgeInstanceOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        await engine.Ready.WaitAsync(cancellation);
        var state = await Store.GetStateAsync(instanceId, cancellation);
        return new PurgeResult(state is not null && await TryPurgeAsync(state, cancellation) ? 1 : 0, isComplete: true);
    }

    public override async Task<PurgeResult> PurgeAllInstancesAsync(
        PurgeInstancesFilter filter, PurgeInstanceOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        await engine.Ready.WaitAsync(cancellation);
        var query = new OrchestrationQuery(filter.CreatedFrom, filter.CreatedTo, filter.Statuses);
        var started = engine.Time.GetTimestamp();
        var count = 0;
        string? token = null;
        do
        {
            var page = await Store.QueryAsync(query, token, OrchestrationQuery.DefaultPageSize, cancellation);
            foreach (var state in page.Values)
            {
                if (filter.Timeout is { } timeout && engine.Time.GetElapsedTime(started) > timeout)
                {
                    return new PurgeResult(count, isComplete: false);
                }

                count += await TryPurgeAsync(state, cancellation) ? 1 : 0;
            }

            token = page.ContinuationToken;
        }
        while (token is not null);
        return new PurgeResult(count, isComplete: true);
    }

    private static OrchestrationRuntimeStatus ToPublic(InstanceStatus status) => Enum.Parse<OrchestrationRuntimeStatus>(status.ToString());

    private async Task<OrchestrationMetadata> WaitAsync(
        string instanceId, Func<InstanceStatus, bool> reached, bool getInputsAndOutputs, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        await engine.Ready.WaitAsync(cancellation);

        // Within the process the change is told; if another process owns the hub, asking now and then has to do.
        var delay = TimeSpan.FromMilliseconds(250);
        while (true)
        {
            var change = engine.Watch.NextChange(instanceId);
            var state = await Store.GetStateAsync(instanceId, cancellation);
            if (state is not null && reached(state.Status))
            {
                return ToMetadata(state, getInputsAndOutputs);
            }

            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var pause = Task.Delay(engine.IsOwner ? TimeSpan.FromSeconds(30) : delay, engine.Time, waiting.Token);
            await Task.WhenAny(change, pause);
            await waiting.CancelAsync();
            cancellation.ThrowIfCancellationRequested();
            delay = delay < TimeSpan.FromSeconds(5) ? delay * 2 : delay;
        }
    }

    private async Task<bool> TryPurgeAsync(InstanceState state, CancellationToken cancellation) =>
        state.Status.IsTerminal() && await Store.PurgeAsync(state, cancellation);

    private OrchestrationMetadata ToMetadata(InstanceState state, bool withData) => new(state.Name, state.InstanceId)
    {
        DataConverter = withData ? Converter : null,
        RuntimeStatus = ToPublic(state.Status),
        CreatedAt = state.CreatedAt,
        LastUpdatedAt = state.LastUpdatedAt,
        SerializedInput = withData ? state.Input : null,
        SerializedOutput = withData ? state.Output : null,
        SerializedCustomStatus = withData ? state.CustomStatus : null,
        Tags = state.Tags ?? new Dictionary<string, string>(),
        FailureDetails = state.Failure?.ToDetails(),
    };
}
