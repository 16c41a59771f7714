using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Rollout;
using ServerlessMlops.Functions.Runs;

namespace ServerlessMlops.Functions.Approvals;

/// <summary>A look at how an approval stands.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Version">The version.</param>
/// <param name="At">The orchestration's time, which a timer that fired has reached.</param>
public sealed record ApprovalLook(string Pipeline, int Version, DateTimeOffset At);

/// <summary>An approval that is closed.</summary>
/// <param name="Input">What was asked about.</param>
/// <param name="Approval">How it was closed.</param>
public sealed record ClosedApproval(RolloutInput Input, ModelApproval Approval);

/// <summary>The steps of an approval. Each may run twice: the registry's moves are made once.</summary>
public sealed class ApprovalActivities(IModelRegistry registry, IModelStore models, SpecReader specs, RunEnds ends, ApprovalDecisions decisions)
{
    private const string Actor = "system:approval";

    /// <summary>Asks: closes the question about an older version, writes this one down, and shows a person the evidence (run row and alert).</summary>
    [Function(nameof(RequestApproval))]
    public async Task<ModelApproval> RequestApproval([ActivityTrigger] RolloutInput input, [DurableClient] DurableTaskClient durable, CancellationToken cancellation)
    {
        TimeSpan timeout = (await DeployAsync(specs, registry, input, cancellation)).ApprovalTimeout;
        int? older = (await registry.GetHeadAsync(input.Pipeline, cancellation)).PendingApproval;
        int? closed = null;
        ModelVersion version;
        do
        {
            if (older < input.Version)
            {
                closed = older;
                var superseded = new MoveReason(Actor, "", input.Evidence);
                await registry.MoveVersionAsync(input.Pipeline, older.Value, (h, row, at) => ApprovalMoves.Supersede(h, row, input.Version, superseded, at), cancellation);
                await ApprovalDecisions.WakeAsync(input.Pipeline, older.Value, durable, cancellation);
            }

            // Another version may be asked about between the two moves: its question is closed before this one is put, or it would stay open beside it.
            version = await registry.MoveVersionAsync(
                input.Pipeline,
                input.Version,
                (h, row, at) =>
                {
                    older = h.PendingApproval == closed ? null : h.PendingApproval;
                    return older < input.Version ? null : ApprovalMoves.Request(h, row, timeout, new MoveReason(Actor, input.Why, input.Evidence), at);
                },
                cancellation);
        }
        while (older < input.Version);

        ModelApproval approval = version.Approval!;
        if (approval.State == ApprovalState.Pending)
        {
            string runId = ApprovalOrchestrator.RunId(input.Pipeline, input.Version);
            IReadOnlyList<RunArtifact> evidence = ApprovalEvidence.Of(version, await models.LoadCardAsync(input.Pipeline, input.Version, cancellation));
            await ends.EndAsync(
                input.Pipeline,
                runId,
                run => run with
                {
                    Status = RunStatus.Waiting,
                    Stage = "approval",
                    Reason = $"Version {input.Version} waits for a decision until {approval.ExpiresAt.UtcDateTime:u}: {ApprovalEvidence.Describe(evidence)} "
                        + $"Decide with 'mlops approve {input.Version} -p {input.Pipeline} --why ...', or POST /api/pipelines/{input.Pipeline}/runs/{runId}/approval.",
                    Inputs = [.. run.Inputs, .. evidence.Except(run.Inputs)],
                },
                cancellation);
        }

        return approval;
    }

    /// <summary>How the approval stands; closed where its time is over.</summary>
    [Function(nameof(SettleApproval))]
    public async Task<ModelApproval> SettleApproval([ActivityTrigger] ApprovalLook look, CancellationToken cancellation)
    {
        ModelVersion version = await registry.MoveVersionAsync(
            look.Pipeline,
            look.Version,
            (head, row, at) => ApprovalMoves.Expire(head, row, new MoveReason(Actor, "nobody decided in time", ApprovalOrchestrator.RunId(look.Pipeline, look.Version)), at > look.At ? at : look.At),
            cancellation);
        return version.Approval!;
    }

    /// <summary>Lets an approved version roll out, and ends the approval's run.</summary>
    [Function(nameof(CloseApproval))]
    public async Task CloseApproval([ActivityTrigger] ClosedApproval closed, [DurableClient] DurableTaskClient durable, CancellationToken cancellation)
    {
        (RolloutInput input, ModelApproval approval) = closed;
        if (approval.State == ApprovalState.Approved)
        {
            await decisions.StartRolloutAsync(input with { Why = $"{input.Why}; approved by {approval.DecidedBy}: {approval.Why}" }, durable, cancellation);
        }

        await ends.EndAsync(
            input.Pipeline,
            ApprovalOrchestrator.RunId(input.Pipeline, input.Version),
            run => run with
            {
                Status = approval.State switch
                {
                    ApprovalState.Approved => RunStatus.Succeeded,
                    ApprovalState.Superseded => RunStatus.Cancelled,
                    _ => RunStatus.Rejected,
                },
                Stage = approval.State.ToString().ToLowerInvariant(),
                Reason = $"Version {input.Version}: {ApprovalMoves.Describe(approval)}.",
                Outputs = [new RunArtifact("decision", approval.State.ToString().ToLowerInvariant(), approval.DecidedBy)],
            },
            cancellation);
    }

    /// <summary>How the version's own spec wants it to go live.</summary>
    internal static async Task<DeploySpec> DeployAsync(SpecReader specs, IModelRegistry registry, RolloutInput input, CancellationToken cancellation)
    {
        ModelVersion version = await registry.GetVersionAsync(input.Pipeline, input.Version, cancellation)
            ?? throw new InvalidOperationException($"Pipeline '{input.Pipeline}' has no version {input.Version} to hand over.");
        return (await specs.ReadVersionAsync(input.Pipeline, version.SpecHash, cancellation)).Deploy;
    }
}
