using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Registry;

namespace ServerlessMlops.Functions.Approvals;

/// <summary>Where people say whether a version may go live, over HTTP.</summary>
public sealed class ApprovalApi(IRunLog runs, IModelRegistry registry, ApprovalDecisions decisions, HostingOptions hosting)
{
    /// <summary>
    /// POST /api/pipelines/{pipeline}/runs/{id}/approval {"decision": "approve", "why": "..."}, of the approval's run or the training's. 200 with the version, also
    /// for the same decision twice; 409 where it is decided otherwise, expired or superseded.
    /// </summary>
    [Function("DecideApproval")]
    public async Task<IActionResult> Decide(
        [HttpTrigger(AuthorizationLevel.Admin, "post", Route = "api/pipelines/{pipeline}/runs/{id}/approval")] HttpRequest request,
        string pipeline,
        string id,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        (ApprovalBody? body, string? fault) = await RequestBody.ReadAsync<ApprovalBody>(request, cancellation);
        if (body is not { Decision: "approve" or "decline", Why.Length: > 0 })
        {
            return Problem.BadRequest(fault ?? "Expected {\"decision\": \"approve\" or \"decline\", \"why\": \"...\"}; the ledger keeps who let a model go live, and why.");
        }

        if (await VersionAsync(pipeline, id, cancellation) is not { } version || await registry.GetVersionAsync(pipeline, version, cancellation) is null)
        {
            return Problem.NotFound($"Run '{id}' of pipeline '{pipeline}' is not about a version that waits for approval.");
        }

        string actor = Caller.Of(request, hosting.PlatformAuthentication);
        try
        {
            ModelVersion after = await decisions.DecideAsync(
                pipeline, version, body.Decision == "approve", new MoveReason(actor, body.Why, ApprovalOrchestrator.RunId(pipeline, version)), durable, cancellation);
            return Json.Ok(VersionsApi.View(after, []));
        }
        catch (RegistryMoveException e)
        {
            return Problem.Conflict(e.Message);
        }
    }

    /// <summary>The version that a run is about: an approval's by its id, a training's by what it registered.</summary>
    private async Task<int?> VersionAsync(string pipeline, string id, CancellationToken cancellation) =>
        ApprovalOrchestrator.VersionOf(pipeline, id)
        ?? (await runs.GetAsync(pipeline, id, cancellation) is { Kind: RunKind.Training } run
            && run.Outputs.FirstOrDefault(o => o.Kind == "version") is { } registered && int.TryParse(registered.Id, out int version)
            ? version
            : null);
}

/// <summary>Body of a decision.</summary>
/// <param name="Decision"><c>approve</c> or <c>decline</c>.</param>
/// <param name="Why">For the ledger.</param>
public sealed record ApprovalBody(string? Decision, string? Why);
