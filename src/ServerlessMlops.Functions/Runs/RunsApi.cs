using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Runs;

/// <summary>What was done, and how it ended, over HTTP.</summary>
public sealed class RunsApi(IRunLog runs)
{
    /// <summary>GET /api/pipelines/{pipeline}/runs?top=50&amp;next=...: newest first.</summary>
    [Function("ListRuns")]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/runs")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (Listing.PageSize(request) is not { } top)
        {
            return Listing.BadPageSize(request);
        }

        Page<Run> page = await runs.ListAsync(pipeline, top, Listing.Continuation(request), cancellation);
        return Json.Ok(page);
    }

    /// <summary>GET /api/pipelines/{pipeline}/runs/{id}.</summary>
    [Function("GetRun")]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/runs/{id}")] HttpRequest request,
        string pipeline,
        string id,
        CancellationToken cancellation) =>
        await runs.GetAsync(pipeline, id, cancellation) is { } run ? Json.Ok(run) : Problem.NotFound($"Pipeline '{pipeline}' has no run '{id}'.");
}
