using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Evaluation;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Registry.Cards;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Registry;

namespace ServerlessMlops.Functions.Runs;

/// <summary>What was done, and how it ended, over HTTP; and the verbs on a run.</summary>
public sealed class RunsApi(
    IRunLog runs, RunControl control, IModelStore models, IUploadReports reports, IEvaluationStore evaluations, HostingOptions hosting, TimeProvider time)
{
    /// <summary>GET /api/pipelines/{pipeline}/runs?top=50&amp;next=...: newest first.</summary>
    [Function("ListRuns")]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/runs")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValidOrUnassigned(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        if (Listing.PageSize(request) is not { } top)
        {
            return Listing.BadPageSize(request);
        }

        Page<Run> page = await runs.ListAsync(pipeline, top, Listing.Continuation(request), cancellation);
        return CardAnswer.PageOr(request, () => Json.Ok(page), () => ListPages.Runs(pipeline, page));
    }

    /// <summary>
    /// GET /api/pipelines/{pipeline}/runs/{id}: the run, with <c>progress</c> while it goes on. In a browser a page, with what was found in its upload or what its candidates were judged by.
    /// </summary>
    [Function("GetRun")]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/runs/{id}")] HttpRequest request,
        string pipeline,
        string id,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValidOrUnassigned(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        if (await runs.GetAsync(pipeline, id, cancellation) is not { } run)
        {
            return NoRun(pipeline, id);
        }

        return await CardAnswer.PageOrAsync(request, () => DataAsync(run, durable, cancellation), async () => RunPage.Of(
            run,
            run.Kind == RunKind.Ingestion ? await reports.LoadAsync(pipeline, id, cancellation) : null,
            run.Kind == RunKind.Training ? await evaluations.LoadRunAsync(pipeline, id, cancellation) : null,
            time.GetUtcNow()));
    }

    private static async Task<IActionResult> DataAsync(Run run, DurableTaskClient durable, CancellationToken cancellation)
    {
        if (run.Status == RunStatus.Running
            && await durable.GetInstanceAsync(RunControl.InstanceOf(run), getInputsAndOutputs: true, cancellation) is { SerializedCustomStatus: { Length: > 0 } status })
        {
            JsonObject detailed = JsonSerializer.SerializeToNode(run, MlopsJson.Options)!.AsObject();
            detailed["progress"] = JsonNode.Parse(status);
            return Json.Ok(detailed);
        }

        return Json.Ok(run);
    }

    /// <summary>GET /api/pipelines/{pipeline}/runs/{id}/search: every trial of a training's search.</summary>
    [Function("GetSearch")]
    public async Task<IActionResult> Search(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/runs/{id}/search")] HttpRequest request,
        string pipeline,
        string id,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        return await models.LoadSearchAsync(pipeline, id, cancellation) is { } search
            ? Json.Ok(search)
            : Problem.NotFound($"Run '{id}' of pipeline '{pipeline}' has no search: its spec asks for none ('train.search.trials'), or it is not over.");
    }

    /// <summary>POST /api/pipelines/{pipeline}/runs/{id}/cancel {"why": "..."}: ends an ingestion or training that runs or waits.</summary>
    [Function("CancelRun")]
    public Task<IActionResult> Cancel(
        [HttpTrigger(AuthorizationLevel.Admin, "post", Route = "api/pipelines/{pipeline}/runs/{id}/cancel")] HttpRequest request,
        string pipeline,
        string id,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation) =>
        VerbAsync(request, pipeline, id, (run, body) => control.CancelAsync(run, Caller.Of(request, hosting.PlatformAuthentication), body.Why ?? "no reason given", durable, cancellation), cancellation);

    /// <summary>POST /api/pipelines/{pipeline}/runs/{id}/retry: tries a run again; <see cref="RunVerbs.CanBeRetried"/> says which.</summary>
    [Function("RetryRun")]
    public Task<IActionResult> Retry(
        [HttpTrigger(AuthorizationLevel.Admin, "post", Route = "api/pipelines/{pipeline}/runs/{id}/retry")] HttpRequest request,
        string pipeline,
        string id,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation) =>
        VerbAsync(request, pipeline, id, (run, _) => control.RetryAsync(run, Caller.Of(request, hosting.PlatformAuthentication), durable, cancellation), cancellation);

    private static IActionResult NoRun(string pipeline, string id) => Problem.NotFound($"Pipeline '{pipeline}' has no run '{id}'; GET /api/pipelines/{pipeline}/runs lists those it has.");

    private async Task<IActionResult> VerbAsync(
        HttpRequest request, string pipeline, string id, Func<Run, RunVerb, Task<RunVerbResult>> verb, CancellationToken cancellation)
    {
        if (!PipelineName.IsValidOrUnassigned(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        (RunVerb? body, string? fault) = await RequestBody.ReadAsync(request, cancellation, empty: new RunVerb(null));
        if (body is null)
        {
            return Problem.BadRequest(fault!);
        }

        if (await runs.GetAsync(pipeline, id, cancellation) is not { } run)
        {
            return NoRun(pipeline, id);
        }

        RunVerbResult result = await verb(run, body);
        if (result.Refused is { } refused)
        {
            return Problem.Conflict(refused);
        }

        request.HttpContext.Response.Headers.Location = $"/api/pipelines/{pipeline}/runs/{result.RunId}";
        return Json.Ok(new RunVerbAnswer(pipeline, result.RunId, result.Run.Status), StatusCodes.Status202Accepted);
    }
}

/// <summary>Body of a verb on a run.</summary>
/// <param name="Why">The reason, for the run's row.</param>
public sealed record RunVerb(string? Why);

/// <summary>What a verb on a run is answered.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="RunId">The run to follow.</param>
/// <param name="Status">How the run that the verb was about stands.</param>
public sealed record RunVerbAnswer(string Pipeline, string RunId, RunStatus Status);
