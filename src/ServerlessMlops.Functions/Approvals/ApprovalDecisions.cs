using Microsoft.DurableTask.Client;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Rollout;

namespace ServerlessMlops.Functions.Approvals;

/// <summary>Decisions of people, written down before anybody is woken.</summary>
public sealed class ApprovalDecisions(IModelRegistry registry)
{
    /// <summary>Writes the decision, then wakes the orchestration that waits for it. Done again, it writes nothing and wakes once more.</summary>
    /// <exception cref="RegistryMoveException">The question is closed otherwise, or was never asked.</exception>
    public async Task<ModelVersion> DecideAsync(string pipeline, int version, bool approve, MoveReason reason, DurableTaskClient durable, CancellationToken cancellation)
    {
        ModelVersion after = await registry.MoveVersionAsync(pipeline, version, (head, row, at) => ApprovalMoves.Decide(head, row, approve, reason, at), cancellation);
        await WakeAsync(pipeline, version, durable, cancellation);
        return after;
    }

    /// <summary>Wakes the orchestration of an approval that is decided while its run still waits. Returns whether it did.</summary>
    public async Task<bool> WakeIfDecidedAsync(Run run, DurableTaskClient durable, CancellationToken cancellation)
    {
        if (ApprovalOrchestrator.VersionOf(run.Pipeline, run.Id) is not { } version
            || await registry.GetVersionAsync(run.Pipeline, version, cancellation) is not { Approval.State: not ApprovalState.Pending }
            || await durable.GetInstanceAsync(run.Id, cancellation) is not { IsCompleted: false })
        {
            return false;
        }

        await WakeAsync(run.Pipeline, version, durable, cancellation);
        return true;
    }

    /// <summary>Starts the rollout of a version, once.</summary>
    public Task<bool> StartRolloutAsync(RolloutInput input, DurableTaskClient durable, CancellationToken cancellation) =>
        durable.StartOnceAsync(nameof(RolloutOrchestrator), RolloutOrchestrator.RunId(input.Pipeline, input.Version), input, cancellation);

    /// <summary>Tells the orchestration of an approval to look.</summary>
    internal static Task WakeAsync(string pipeline, int version, DurableTaskClient durable, CancellationToken cancellation) =>
        durable.RaiseEventAsync(ApprovalOrchestrator.RunId(pipeline, version), ApprovalOrchestrator.Decided, "look", cancellation);
}
