using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Registry;

/// <summary>Names for versions, over HTTP. Each has an ETag; a change with If-Match is made only where nobody was faster.</summary>
public sealed class AliasesApi(IModelRegistry registry, HostingOptions hosting)
{
    private const string Route = "api/pipelines/{pipeline}/aliases/{name}";

    /// <summary>GET /api/pipelines/{pipeline}/aliases: all, <c>champion</c> and <c>challenger</c> included.</summary>
    [Function("ListAliases")]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/aliases")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        RegistryHead head = await registry.GetHeadAsync(pipeline, cancellation);
        return head.LedgerLength == 0 ? RegistryApi.NoHistory(pipeline) : Json.Ok(AliasMoves.Of(head));
    }

    /// <summary>GET /api/pipelines/{pipeline}/aliases/{name}.</summary>
    [Function("GetAlias")]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = Route)] HttpRequest request, string pipeline, string name, CancellationToken cancellation) =>
        PipelineName.IsValid(pipeline) ? Answer(request, pipeline, name, await registry.GetHeadAsync(pipeline, cancellation)) : Problem.PipelineName(pipeline);

    /// <summary>PUT /api/pipelines/{pipeline}/aliases/{name} {"version": 2, "why": "..."}: sets it. If-Match: its ETag; If-None-Match: * makes a new one only.</summary>
    [Function("PutAlias")]
    public async Task<IActionResult> Put(
        [HttpTrigger(AuthorizationLevel.Admin, "put", Route = Route)] HttpRequest request, string pipeline, string name, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        if (!AliasMoves.IsName(name))
        {
            return Problem.BadRequest($"'{name}' cannot be an alias: expected {AliasMoves.Rule}.");
        }

        (MoveRequest? body, string? fault) = await RequestBody.ReadAsync<MoveRequest>(request, cancellation);
        if (body?.Version is not { } version)
        {
            return Problem.BadRequest(fault ?? "The body names no version; expected {\"version\": 2, \"why\": \"...\"}.");
        }

        var reason = new MoveReason(Caller.Of(request, hosting.PlatformAuthentication), body.Why ?? "by hand", "by hand");
        return await GuardedAsync(request, async expected =>
        {
            await registry.MoveVersionAsync(pipeline, version, (head, row, at) => AliasMoves.Set(head, row, name, expected, reason, at), cancellation);
            return Answer(request, pipeline, name, await registry.GetHeadAsync(pipeline, cancellation));
        });
    }

    /// <summary>DELETE /api/pipelines/{pipeline}/aliases/{name}?why=...: removes it. If-Match: its ETag. Removing one that is not there changes nothing.</summary>
    [Function("DeleteAlias")]
    public async Task<IActionResult> Delete(
        [HttpTrigger(AuthorizationLevel.Admin, "delete", Route = Route)] HttpRequest request, string pipeline, string name, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        string why = request.Query["why"].ToString() is { Length: > 0 } said ? said : "by hand";
        var reason = new MoveReason(Caller.Of(request, hosting.PlatformAuthentication), why, "by hand");
        return await GuardedAsync(request, async expected =>
        {
            await registry.MoveAsync(pipeline, (head, at) => AliasMoves.Remove(head, name, expected, reason, at), cancellation);
            return new StatusCodeResult(StatusCodes.Status204NoContent);
        });
    }

    private static async Task<IActionResult> GuardedAsync(HttpRequest request, Func<long?, Task<IActionResult>> change)
    {
        string ifMatch = request.Headers.IfMatch.ToString();
        long? expected = request.Headers.IfNoneMatch == "*" ? 0 : null;
        if (ifMatch.Length > 0 && ifMatch != "*")
        {
            if (!long.TryParse(ifMatch.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out long mark))
            {
                return Problem.Of(StatusCodes.Status412PreconditionFailed, "Changed", $"If-Match is {ifMatch}, which is no ETag of an alias. Read the alias again.");
            }

            expected = mark;
        }

        try
        {
            return await change(expected);
        }
        catch (AliasChangedException e)
        {
            return Problem.Of(StatusCodes.Status412PreconditionFailed, "Changed", e.Message);
        }
        catch (RegistryMoveException e)
        {
            return Problem.Conflict(e.Message);
        }
    }

    private static IActionResult Answer(HttpRequest request, string pipeline, string name, RegistryHead head)
    {
        if (AliasMoves.Of(head).FirstOrDefault(a => a.Name == name) is not { } alias)
        {
            return Problem.NotFound($"Pipeline '{pipeline}' has no alias '{name}'; GET /api/pipelines/{pipeline}/aliases lists those it has.");
        }

        request.HttpContext.Response.Headers.ETag = string.Create(CultureInfo.InvariantCulture, $"\"{alias.Move}\"");
        return Json.Ok(alias);
    }
}
