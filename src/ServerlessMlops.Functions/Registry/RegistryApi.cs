using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Registry.Cards;
using ServerlessMlops.Core.Rollout;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Rollout;

namespace ServerlessMlops.Functions.Registry;

/// <summary>Models, what serves, and the ledger, over HTTP; and the two verbs that move what serves by hand.</summary>
public sealed class RegistryApi(IModelRegistry registry, IModelStore models, ILedgerAnchors anchors, HostingOptions hosting, ILogger<RegistryApi> logger)
{
    /// <summary>GET /api/pipelines/{pipeline}/models: versions, newest first, with their stage, tags and aliases. A page in a browser.</summary>
    [Function("ListModels")]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/models")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        if (Listing.PageSize(request) is not { } top)
        {
            return Listing.BadPageSize(request);
        }

        Page<ModelVersion> page = await registry.ListVersionsAsync(pipeline, top, Listing.Continuation(request), cancellation);
        ILookup<int, string> aliases = AliasMoves.Of(await registry.GetHeadAsync(pipeline, cancellation)).ToLookup(a => a.Version, a => a.Name);
        return CardAnswer.PageOr(
            request,
            () => Json.Ok(new Page<JsonObject>([.. page.Items.Select(version => VersionsApi.View(version, aliases[version.Version]))], page.Next)),
            () => ListPages.Versions(pipeline, page, aliases));
    }

    /// <summary>GET /api/pipelines/{pipeline}/models/{version}: the model card.</summary>
    [Function("GetModel")]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/models/{version:int}")] HttpRequest request,
        string pipeline,
        int version,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        return await models.LoadCardAsync(pipeline, version, cancellation) is { } card
            ? Json.Ok(card)
            : Problem.NoVersion(pipeline, version);
    }

    /// <summary>
    /// GET /api/pipelines/{pipeline}/deployment: what serves, since when, and the running rollout with its step and evidence. With <c>?at=2026-11-21T08:00:00Z</c>: what served then, since and until when, who
    /// made it serve, why, on what evidence, and who approved it.
    /// </summary>
    [Function("GetDeployment")]
    public async Task<IActionResult> Deployment(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/deployment")] HttpRequest request,
        string pipeline,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        string asked = request.Query["at"].ToString();
        if (asked.Length == 0)
        {
            return await DeploymentOfAsync(await registry.GetHeadAsync(pipeline, cancellation), durable, cancellation);
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
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        RegistryHead head = await registry.GetHeadAsync(pipeline, cancellation);
        IReadOnlyList<LedgerAnchor> anchored = await anchors.ListAsync(pipeline, cancellation);

        // Where there are anchors, an empty ledger is a history that was taken away.
        return head.LedgerLength == 0 && anchored.Count == 0
            ? NoHistory(pipeline)
            : Json.Ok(await LedgerVerification.OfAsync(head, registry.ReadLedgerAsync(pipeline, cancellation), anchored));
    }

    /// <summary>GET /api/pipelines/{pipeline}/ledger: newest first. A page in a browser.</summary>
    [Function("ListLedger")]
    public async Task<IActionResult> Ledger(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/ledger")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        if (Listing.PageSize(request) is not { } top)
        {
            return Listing.BadPageSize(request);
        }

        Page<LedgerEntry> page = await registry.ListLedgerAsync(pipeline, top, Listing.Continuation(request), cancellation);
        return page is { Items.Count: 0, Next: null } && Listing.Continuation(request) is null
            ? NoHistory(pipeline)
            : CardAnswer.PageOr(request, () => Json.Ok(page), () => ListPages.Ledger(pipeline, page));
    }

    /// <summary>
    /// POST /api/pipelines/{pipeline}/promote {"version": 2, "why": "..."}, or {"alias": "green"}: makes the version serve, now and whole. Ends a running
    /// rollout.
    /// </summary>
    [Function("Promote")]
    public Task<IActionResult> Promote(
        [HttpTrigger(AuthorizationLevel.Admin, "post", Route = "api/pipelines/{pipeline}/promote")] HttpRequest request,
        string pipeline,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation) =>
        MoveAsync(request, pipeline, (head, body, at) => RegistryMoves.Promote(head, VersionOf(head, body), Reason(request, body), at), namesVersion: true, durable, cancellation);

    /// <summary>
    /// POST /api/pipelines/{pipeline}/rollback {"version": 2, "why": "..."}, or {"alias": "challenger"}: takes the version, which serves, out of service for the one before, or
    /// withdraws it where it is being rolled out. Ends a running rollout.
    /// </summary>
    [Function("RollBack")]
    public Task<IActionResult> RollBack(
        [HttpTrigger(AuthorizationLevel.Admin, "post", Route = "api/pipelines/{pipeline}/rollback")] HttpRequest request,
        string pipeline,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation) =>
        MoveAsync(request, pipeline, (head, body, at) => RegistryMoves.RollBack(head, VersionOf(head, body), Reason(request, body), at), namesVersion: true, durable, cancellation);

    /// <summary>
    /// POST /api/pipelines/{pipeline}/hold {"why": "..."}: keeps the running rollout at its step until it is resumed, promoted or rolled back. It is still
    /// judged, and rolled back by itself where it turns out worse. Holding it again changes nothing.
    /// </summary>
    [Function("HoldRollout")]
    public Task<IActionResult> Hold(
        [HttpTrigger(AuthorizationLevel.Admin, "post", Route = "api/pipelines/{pipeline}/hold")] HttpRequest request,
        string pipeline,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation) =>
        MoveAsync(request, pipeline, (head, body, at) => RolloutMoves.Hold(head, Reason(request, body), at), namesVersion: false, durable, cancellation);

    /// <summary>POST /api/pipelines/{pipeline}/resume {"why": "..."}: lets a rollout that is held go on. Resuming it again changes nothing.</summary>
    [Function("ResumeRollout")]
    public Task<IActionResult> Resume(
        [HttpTrigger(AuthorizationLevel.Admin, "post", Route = "api/pipelines/{pipeline}/resume")] HttpRequest request,
        string pipeline,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation) =>
        MoveAsync(request, pipeline, (head, body, at) => RolloutMoves.Resume(head, Reason(request, body), at), namesVersion: false, durable, cancellation);

    /// <summary>404 for a pipeline that nothing was ever recorded of: neither a spec nor a model.</summary>
    internal static IActionResult NoHistory(string pipeline) =>
        Problem.NotFound($"Nothing was ever recorded of a pipeline '{pipeline}'. GET /api/pipelines lists those there are; PUT /api/pipelines/{pipeline} with a YAML body makes it one.");

    private async Task<IActionResult> MoveAsync(
        HttpRequest request,
        string pipeline,
        Func<RegistryHead, MoveRequest, DateTimeOffset, RegistryChange?> move,
        bool namesVersion,
        DurableTaskClient durable,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        (MoveRequest? body, string? fault) = await RequestBody.ReadAsync<MoveRequest>(request, cancellation);
        if (body is null)
        {
            return Problem.BadRequest(fault!);
        }

        if (namesVersion && body.Version is null == body.Alias is null)
        {
            return Problem.BadRequest("The body names " + (body.Version is null ? "no version" : "both a version and an alias") + "; expected {\"version\": 2, \"why\": \"...\"} or {\"alias\": \"green\", \"why\": \"...\"}.");
        }

        try
        {
            RunningRollout? before = (await registry.GetHeadAsync(pipeline, cancellation)).Live?.Rollout;
            RegistryHead head = await registry.MoveAsync(pipeline, (current, at) => move(current, body, at), cancellation);
            if (before is not null && RolloutMoves.RunningIn(head, before.RunId) != before)
            {
                await durable.WakeAsync(before.RunId, logger, cancellation);
            }

            return await DeploymentOfAsync(head, durable, cancellation);
        }
        catch (RegistryMoveException e)
        {
            return Problem.Conflict(e.Message);
        }
    }

    // An alias is looked up in the head that the move is made on: it cannot have been moved meanwhile.
    private static int VersionOf(RegistryHead head, MoveRequest body) => body.Version ?? AliasMoves.Resolve(head, body.Alias!)
        ?? throw new RegistryMoveException($"Pipeline '{head.Pipeline}' has no alias '{body.Alias}'; it has {string.Join(", ", AliasMoves.Of(head).Select(a => a.Name))}.");

    private static async Task<IActionResult> DeploymentOfAsync(RegistryHead head, DurableTaskClient durable, CancellationToken cancellation)
    {
        RolloutProgress? progress = null;
        if (head.Live?.Rollout is { } running)
        {
            // The orchestration shows its last look as its status; before its first step it shows none.
            OrchestrationMetadata? instance = await durable.GetInstanceAsync(running.RunId, getInputsAndOutputs: true, cancellation);
            progress = instance?.SerializedCustomStatus is { Length: > 0 } status ? JsonSerializer.Deserialize<RolloutProgress>(status, MlopsJson.Options) : null;
        }

        return Json.Ok(new Deployment(head.Live, head.LastVersion, head.SpecHash, progress));
    }

    private MoveReason Reason(HttpRequest request, MoveRequest body) =>
        new(Caller.Of(request, hosting.PlatformAuthentication), body.Why ?? "by hand", "by hand");
}

/// <summary>What serves.</summary>
/// <param name="Live">The live pointer, or null before the first promotion.</param>
/// <param name="LastVersion">The highest version registered.</param>
/// <param name="SpecHash">The spec in force.</param>
/// <param name="Rollout">How the running rollout stands, as of its last look; null where none runs or it has only just begun.</param>
public sealed record Deployment(LivePointer? Live, int LastVersion, string? SpecHash, RolloutProgress? Rollout);

/// <summary>Body of promote, rollback, hold and resume.</summary>
/// <param name="Version">The version to promote, or to take out of service.</param>
/// <param name="Why">For the ledger.</param>
/// <param name="Alias">Its alias, in place of its number.</param>
public sealed record MoveRequest(int? Version, string? Why, string? Alias = null);
