using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Registry.Cards;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Ingestion;
using ServerlessMlops.Functions.Registry;

namespace ServerlessMlops.Functions.Pipelines;

/// <summary>Specs over HTTP.</summary>
public sealed class PipelinesApi(IPipelineStore pipelines, IModelRegistry registry, SpecChanges changes, UploadReconciler reconciler, HostingOptions hosting)
{
    /// <summary>GET /api/pipelines: the names of all. A page in a browser.</summary>
    [Function("ListPipelines")]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines")] HttpRequest request, CancellationToken cancellation)
    {
        var names = new List<PipelineItem>();
        await foreach (string name in pipelines.ListAsync(cancellation))
        {
            names.Add(new PipelineItem(name));
        }

        return CardAnswer.PageOr(request, () => Json.Ok(new Core.Page<PipelineItem>(names, null)), () => ListPages.Pipelines([.. names.Select(n => n.Name)]));
    }

    /// <summary>GET /api/pipelines/{pipeline}: the spec as YAML, or as JSON where the caller accepts only that.</summary>
    [Function("GetPipeline")]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        if (await pipelines.GetAsync(pipeline, cancellation) is not { } stored)
        {
            return Problem.NoSpec(pipeline);
        }

        request.HttpContext.Response.Headers.ETag = $"\"{stored.ETag}\"";
        string accept = request.Headers.Accept.ToString();
        if (accept.Contains("application/json", StringComparison.OrdinalIgnoreCase) && PipelineSpecParser.Parse(stored.Yaml).Spec is { } spec)
        {
            return Json.Ok(spec);
        }

        return new ContentResult { Content = stored.Yaml, ContentType = "application/yaml; charset=utf-8", StatusCode = StatusCodes.Status200OK };
    }

    /// <summary>
    /// PUT /api/pipelines/{pipeline}, YAML in: checks the spec, puts it in force, and picks up uploads that waited for one. If-Match guards
    /// against overwriting somebody else's change.
    /// </summary>
    [Function("PutPipeline")]
    public async Task<IActionResult> Put(
        [HttpTrigger(AuthorizationLevel.Admin, "put", Route = "api/pipelines/{pipeline}")] HttpRequest request,
        string pipeline,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        if (await RequestBody.ReadBytesAsync(request, cancellation) is not { } bytes)
        {
            return Problem.Of(StatusCodes.Status413PayloadTooLarge, "Too large", $"The spec is larger than {RequestBody.MaxBytes} bytes.");
        }

        string yaml = Encoding.UTF8.GetString(bytes);
        PipelineSpecResult result = PipelineSpecParser.Parse(yaml);
        if (result.Spec is not { } spec)
        {
            return Problem.BadRequest($"The spec has {result.Findings.Count} fault(s); nothing was changed.", [.. result.Findings]);
        }

        string hash = spec.ComputeHash();
        StoredSpec? before = await pipelines.GetAsync(pipeline, cancellation);
        await pipelines.KeepVersionAsync(pipeline, hash, yaml, cancellation);
        string actor = Caller.Of(request, hosting.PlatformAuthentication);
        string? etag = before?.Yaml == yaml ? before.ETag : await pipelines.PutAsync(pipeline, yaml, IfMatch(request), actor, cancellation);
        if (etag is null)
        {
            return Problem.Of(
                StatusCodes.Status412PreconditionFailed, "Changed meanwhile", $"The spec of pipeline '{pipeline}' is no longer the one that If-Match names; read it again and repeat.");
        }

        await registry.ChangeSpecAsync(pipeline, hash, new MoveReason(actor, before is null ? "first spec" : "spec changed", hash), cancellation);

        // Whoever wrote another spec meanwhile has the last word, in the ledger too.
        await changes.RecordAsync(pipeline, cancellation);
        int waiting = await reconciler.ReconcileAsync($"{pipeline}/", durable, cancellation);
        request.HttpContext.Response.Headers.ETag = $"\"{etag}\"";
        return Json.Ok(new PutPipelineAnswer(pipeline, hash, waiting), before is null ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private static string? IfMatch(HttpRequest request) => request.Headers.IfMatch.ToString().Trim('"') is { Length: > 0 } etag ? etag : null;
}

/// <summary>A pipeline in a listing.</summary>
/// <param name="Name">Its name.</param>
public sealed record PipelineItem(string Name);

/// <summary>What a PUT of a spec answers.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="SpecHash">Hash of the spec now in force.</param>
/// <param name="UploadsPickedUp">How many uploads were waiting and are being ingested now.</param>
public sealed record PutPipelineAnswer(string Pipeline, string SpecHash, int UploadsPickedUp);
