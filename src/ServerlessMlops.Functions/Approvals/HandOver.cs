using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Rollout;

namespace ServerlessMlops.Functions.Approvals;

/// <summary>Hands a registered version over to what brings it into service: a person who is asked (<c>deploy.approval: manual</c>), or the rollout.</summary>
public sealed class HandOver(IModelRegistry registry, SpecReader specs, ApprovalDecisions decisions)
{
    /// <summary>The activity. Repeating it starts nothing twice: both ids follow from the version.</summary>
    [Function(nameof(HandOver))]
    public async Task Run([ActivityTrigger] RolloutInput input, [DurableClient] DurableTaskClient durable, CancellationToken cancellation)
    {
        DeploySpec deploy = await ApprovalActivities.DeployAsync(specs, registry, input, cancellation);
        if (deploy.Approval == DeployApproval.Manual)
        {
            await durable.StartOnceAsync(nameof(ApprovalOrchestrator), ApprovalOrchestrator.RunId(input.Pipeline, input.Version), input, cancellation);
        }
        else
        {
            await decisions.StartRolloutAsync(input, durable, cancellation);
        }
    }
}
