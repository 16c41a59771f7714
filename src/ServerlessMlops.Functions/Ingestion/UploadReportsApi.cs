using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Ingestion;

/// <summary>What was found out about uploads, over HTTP.</summary>
public sealed class UploadReportsApi(IUploadReports reports)
{
    /// <summary>GET /api/pipelines/{pipeline}/runs/{id}/report: findings, rejected rows by reason, and how the data differ from the batch before; of rejected uploads too.</summary>
    [Function("GetUploadReport")]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/runs/{id}/report")] HttpRequest request,
        string pipeline,
        string id,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValidOrUnassigned(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        return await reports.LoadAsync(pipeline, id, cancellation) is { } report
            ? Json.Ok(report)
            : Problem.NotFound($"Run '{id}' of pipeline '{pipeline}' has no report: it is no ingestion, or its file was not read (its 'reason' says why).");
    }
}
