using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Training;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Training;

/// <summary>Asking for a training by hand.</summary>
public sealed class TrainingApi(IPipelineStore pipelines, TrainingRequests requests, HostingOptions hosting)
{
    /// <summary>POST /api/pipelines/{pipeline}/train: 202 with the run that answers it, which is the one under way if it has not looked at the data yet.</summary>
    [Function("Train")]
    public async Task<IActionResult> Train(
        [HttpTrigger(AuthorizationLevel.Admin, "post", Route = "api/pipelines/{pipeline}/train")] HttpRequest request,
        string pipeline,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        if (await pipelines.GetAsync(pipeline, cancellation) is null)
        {
            return Problem.NoSpec(pipeline);
        }

        string actor = Caller.Of(request, hosting.PlatformAuthentication);
        TrainingRequest row = await requests.AskAsync(new TrainingWish(pipeline, $"asked for by {actor}"), durable, cancellation);
        string runId = TrainingRequest.RunId(pipeline, row.Pending ? row.Generation + 1 : row.Generation);
        request.HttpContext.Response.Headers.Location = $"/api/pipelines/{pipeline}/runs/{runId}";
        return Json.Ok(new TrainAnswer(pipeline, runId), StatusCodes.Status202Accepted);
    }
}

/// <summary>What a wish for a training is answered.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="RunId">The run that answers it; listed once it has begun.</param>
public sealed record TrainAnswer(string Pipeline, string RunId);
