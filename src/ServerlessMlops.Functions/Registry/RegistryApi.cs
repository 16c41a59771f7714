using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Registry;

/// <summary>Models, what serves, and the ledger, over HTTP; and the two verbs that move what serves by hand.</summary>
public sealed class RegistryApi(IModelRegistry registry, IModelStore models, ILedgerAnchors anchors, HostingOptions hosting)
{
    /// <summary>GET /api/pipelines/{pipeline}/models: versions, newest first, with their stage, tags and aliases.</summary>
    [Function("ListModels")]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/models")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (Listing.PageSize(request) is not { } top)
        {
            return Listing.BadPageSize(request);
        }

        Page<ModelVersion> page = await registry.ListVersionsAsync(pipeline, top, Listing.Continuation(request), cancellation);
        ILookup<int, string> aliases = AliasMoves.Of(await registry.GetHeadAsync(pipeline, cancellation)).ToLookup(a => a.Version, a => a.Name);
        return Json.Ok(new Page<JsonObject>([.. page.Items.Select(version => VersionsApi.View(version, aliases[version.Version]))], page.Next));
    }

    /// <summary>GET /api/pipelines/{pipeline}/models/{version}: the model card.</summary>
    [Function("GetModel")]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/models/{version:int}")] HttpRequest request,
        string pipeline,
        int version,
        CancellationToken cancellation) =>
        await models.LoadCardAsync(pipeline, version, cancellation) is { } card
            ? Json.Ok(card)
            : Problem.NotFound($"Pipeline '{pipeline}' has no model version {version}; GET /api/pipelines/{pipeline}/models lists those it has.");

    /// <summary>
    /// GET /api/pipelines/{pipeline}/deployment: what serves, since when. With <c>?at=2026-11-21T08:00:00Z</c>: what served then, since and until when, who
    /// made it serve, why, on what evidence, and who approved it.
    /// </summary>
    [Function("GetDeployment")]
    public async Task<IActionResult> Deployment(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/deployment")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        string asked = request.Query["at"].ToString();
        if (asked.Length == 0)
        {
            RegistryHead head = await registry.GetHeadAsync(pipeline, cancellation);
            return Json.Ok(new Deployment(head.Live, head.LastVersion, head.SpecHash));
        }

        if (!DateTimeOffset.TryParse(asked, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at))
        {
            return Problem.BadRequest($"Query parameter 'at' is '{asked}'; expected a time such as 2026-11-21T08:00:00Z.");
        }

        return await LedgerReading.ServedAtAsync(registry.ReadLedgerAsync(pipeline, cancellation), at) is { } served
            ? Json.Ok(served)
            : Problem.NotFound($"Nothing served in pipeline '{pipeline}' at {at.UtcDateTime:u}.");
    }

    /// <summary>GET /api/pipelines/{pipeline}/ledger/verify: recomputes the chain and holds it against the anchors.</summary>
    [Function("VerifyLedger")]
    public async Task<IActionResult> Verify(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/ledger/verify")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        RegistryHead head = await registry.GetHeadAsync(pipeline, cancellation);
        return Json.Ok(await LedgerVerification.OfAsync(head, registry.ReadLedgerAsync(pipeline, cancellation), await anchors.ListAsync(pipeline, cancellation)));
    }

    /// <summary>GET /api/pipelines/{pipeline}/ledger: newest first.</summary>
    [Function("ListLedger")]
    public async Task<IActionResult> Ledger(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/ledger")] HttpRequest request, string pipeline, CancellationToken cancellation) =>
        Listing.PageSize(request) is { } top
            ? Json.Ok(await registry.ListLedgerAsync(pipeline, top, Listing.Continuation(request), cancellation))
            : Listing.BadPageSize(request);

    /// <summary>POST /api/pipelines/{pipeline}/promote {"version": 2, "why": "..."}: makes the version serve.</summary>
    [Function("Promote")]
    public Task<IActionResult> Promote(
        [HttpTrigger(AuthorizationLevel.Admin, "post", Route = "api/pipelines/{pipeline}/promote")] HttpRequest request, string pipeline, CancellationToken cancellation) =>
        MoveAsync(request, body => registry.PromoteAsync(pipeline, body.Version!.Value, Reason(request, body), cancellation), cancellation);

    /// <summary>POST /api/pipelines/{pipeline}/rollback {"version": 2, "why": "..."}: takes the version, which serves, out of service for the one before.</summary>
    [Function("RollBack")]
    public Task<IActionResult> RollBack(
        [HttpTrigger(AuthorizationLevel.Admin, "post", Route = "api/pipelines/{pipeline}/rollback")] HttpRequest request, string pipeline, CancellationToken cancellation) =>
        MoveAsync(request, body => registry.RollBackAsync(pipeline, body.Version!.Value, Reason(request, body), cancellation), cancellation);

    private async Task<IActionResult> MoveAsync(HttpRequest request, Func<MoveRequest, Task<RegistryHead>> move, CancellationToken cancellation)
    {
        (MoveRequest? body, string? fault) = await RequestBody.ReadAsync<MoveRequest>(request, cancellation);
        if (body is null)
        {
            return Problem.BadRequest(fault!);
        }

        if (body.Version is null)
        {
            return Problem.BadRequest("The body names no version; expected {\"version\": 2, \"why\": \"...\"}.");
        }

        try
        {
            RegistryHead head = await move(body);
            return Json.Ok(new Deployment(head.Live, head.LastVersion, head.SpecHash));
        }
        catch (RegistryMoveException e)
        {
            return Problem.Conflict(e.Message);
        }
    }

    private MoveReason Reason(HttpRequest request, MoveRequest body) =>
        new(Caller.Of(request, hosting.PlatformAuthentication), body.Why ?? "by hand", "by hand");
}

/// <summary>What serves.</summary>
/// <param name="Live">The live pointer, or null before the first promotion.</param>
/// <param name="LastVersion">The highest version registered.</param>
/// <param name="SpecHash">The spec in force.</param>
public sealed record Deployment(LivePointer? Live, int LastVersion, string? SpecHash);

/// <summary>Body of promote and rollback.</summary>
/// <param name="Version">The version to promote, or to take out of service.</param>
/// <param name="Why">For the ledger.</param>
public sealed record MoveRequest(int? Version, string? Why);
