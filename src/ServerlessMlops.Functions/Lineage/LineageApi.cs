using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Lineage;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Lineage;

/// <summary>What was made from what, over HTTP.</summary>
public sealed class LineageApi(ILineageStore lineage)
{
    /// <summary>GET /api/pipelines/{pipeline}/runs/{id}/lineage: the run's OpenLineage events, as a lineage tool takes them.</summary>
    [Function("GetLineage")]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/runs/{id}/lineage")] HttpRequest request,
        string pipeline,
        string id,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValidOrUnassigned(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        return await lineage.ListAsync(pipeline, id, cancellation) is { Count: > 0 } events
            ? Json.Ok(events)
            : Problem.NotFound($"Pipeline '{pipeline}' has no run '{id}' with lineage; GET /api/pipelines/{pipeline}/runs lists those it has.");
    }
}
