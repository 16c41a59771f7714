using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Registry;

/// <summary>What people do with a version beside letting it serve: tags, archive, deletion.</summary>
public sealed class VersionsApi(IModelRegistry registry, IModelStore models, HostingOptions hosting)
{
    private const string Route = "api/pipelines/{pipeline}/models/{version:int}";

    /// <summary>A version as listings show it: its row and its aliases.</summary>
    public static JsonObject View(ModelVersion version, IEnumerable<string> aliases)
    {
        JsonObject view = JsonSerializer.SerializeToNode(version, MlopsJson.Options)!.AsObject();
        view["aliases"] = JsonSerializer.SerializeToNode(aliases, MlopsJson.Options);
        return view;
    }

    /// <summary>PUT .../models/{version}/tags/{key} {"value": "...", "why": "..."}: notes something on the version.</summary>
    [Function("PutTag")]
    public Task<IActionResult> PutTag(
        [HttpTrigger(AuthorizationLevel.Admin, "put", Route = Route + "/tags/{key}")] HttpRequest request,
        string pipeline,
        int version,
        string key,
        CancellationToken cancellation) =>
        ChangeAsync(
            request,
            pipeline,
            version,
            body => body.Value is null ? "The body has no value; expected {\"value\": \"...\"}." : null,
            body => (head, row, at) => VersionMoves.Tag(head, row, key, body.Value, Reason(request, body), at),
            cancellation);

    /// <summary>DELETE .../models/{version}/tags/{key}.</summary>
    [Function("DeleteTag")]
    public Task<IActionResult> DeleteTag(
        [HttpTrigger(AuthorizationLevel.Admin, "delete", Route = Route + "/tags/{key}")] HttpRequest request,
        string pipeline,
        int version,
        string key,
        CancellationToken cancellation) =>
        ChangeAsync(request, pipeline, version, _ => null, body => (head, row, at) => VersionMoves.Tag(head, row, key, null, Reason(request, body), at), cancellation);

    /// <summary>PUT .../models/{version}/stage {"stage": "archived", "why": "..."}: puts the version away; <c>registered</c> takes it out again.</summary>
    [Function("PutStage")]
    public Task<IActionResult> PutStage(
        [HttpTrigger(AuthorizationLevel.Admin, "put", Route = Route + "/stage")] HttpRequest request,
        string pipeline,
        int version,
        CancellationToken cancellation) =>
        ChangeAsync(
            request,
            pipeline,
            version,
            body => body.Stage is ModelStage.Archived or ModelStage.Registered
                ? null
                : "'stage' is archived or registered here; serving and retired follow from promote and rollback, deleted from DELETE.",
            body => (head, row, at) => body.Stage == ModelStage.Archived
                ? VersionMoves.Archive(head, row, Reason(request, body), at)
                : VersionMoves.Restore(head, row, Reason(request, body), at),
            cancellation);

    /// <summary>
    /// DELETE .../models/{version} {"why": "..."}: gives up the model's bytes; row, card and ledger lines stay. Refused for what serves, is tried, is rolled back
    /// to, waits for approval or has an alias. The row says so before the bytes go, so a deletion that was cut short is finished by asking again.
    /// </summary>
    [Function("DeleteModel")]
    public async Task<IActionResult> Delete(
        [HttpTrigger(AuthorizationLevel.Admin, "delete", Route = Route)] HttpRequest request, string pipeline, int version, CancellationToken cancellation)
    {
        IActionResult answer = await ChangeAsync(
            request, pipeline, version, _ => null, body => (head, row, at) => VersionMoves.Delete(head, row, Reason(request, body), at), cancellation);
        if (PipelineName.IsValid(pipeline) && await registry.GetVersionAsync(pipeline, version, cancellation) is { Stage: ModelStage.Deleted } deleted)
        {
            await models.DeleteModelAsync(pipeline, deleted, cancellation);
        }

        return answer;
    }

    private async Task<IActionResult> ChangeAsync(
        HttpRequest request,
        string pipeline,
        int version,
        Func<VersionRequest, string?> check,
        Func<VersionRequest, Func<RegistryHead, ModelVersion, DateTimeOffset, RegistryChange?>> move,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        (VersionRequest? body, string? fault) = await RequestBody.ReadAsync(request, cancellation, empty: new VersionRequest());
        if (body is null || (fault = check(body)) is not null)
        {
            return Problem.BadRequest(fault!);
        }

        if (await registry.GetVersionAsync(pipeline, version, cancellation) is null)
        {
            return Problem.NoVersion(pipeline, version);
        }

        try
        {
            ModelVersion after = await registry.MoveVersionAsync(pipeline, version, move(body), cancellation);
            RegistryHead head = await registry.GetHeadAsync(pipeline, cancellation);
            return Json.Ok(View(after, AliasMoves.Of(head).Where(a => a.Version == version).Select(a => a.Name)));
        }
        catch (RegistryMoveException e)
        {
            return Problem.Conflict(e.Message);
        }
    }

    private MoveReason Reason(HttpRequest request, VersionRequest body) =>
        new(Caller.Of(request, hosting.PlatformAuthentication), body.Why ?? "by hand", "by hand");
}

/// <summary>Body of a change to a version.</summary>
public sealed record VersionRequest
{
    /// <summary>Value of a tag.</summary>
    public string? Value { get; init; }

    /// <summary>The stage to bring it to.</summary>
    public ModelStage? Stage { get; init; }

    /// <summary>For the ledger.</summary>
    public string? Why { get; init; }
}
