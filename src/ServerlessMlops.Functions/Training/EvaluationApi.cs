using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Training;

/// <summary>What models were judged by, over HTTP.</summary>
public sealed class EvaluationApi(IEvaluationStore evaluations)
{
    /// <summary>GET /api/pipelines/{pipeline}/models/{version}/evaluation: what a version was registered on.</summary>
    [Function("GetModelEvaluation")]
    public async Task<IActionResult> OfVersion(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/models/{version:int}/evaluation")] HttpRequest request,
        string pipeline,
        int version,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        return await evaluations.LoadVersionAsync(pipeline, version, cancellation) is { } report
            ? Json.Ok(report)
            : Problem.NotFound($"Pipeline '{pipeline}' has no evaluation of a version {version}; GET /api/pipelines/{pipeline}/models lists the versions it has.");
    }

    /// <summary>GET /api/pipelines/{pipeline}/runs/{id}/evaluation: what a training run decided on, of rejected candidates too.</summary>
    [Function("GetRunEvaluation")]
    public async Task<IActionResult> OfRun(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/runs/{id}/evaluation")] HttpRequest request,
        string pipeline,
        string id,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        return await evaluations.LoadRunAsync(pipeline, id, cancellation) is { } report
            ? Json.Ok(report)
            : Problem.NotFound($"Run '{id}' of pipeline '{pipeline}' has no evaluation: it is none that trained, or it ended before models were judged.");
    }
}
