using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Storage.Uploads;

namespace ServerlessMlops.Functions.Ingestion;

/// <summary>Links by which somebody without any role on the storage account drops one file.</summary>
public sealed partial class UploadLinksApi(IPipelineStore pipelines, UploadLinks links, HostingOptions hosting, ILogger<UploadLinksApi> logger)
{
    private const int MostMinutes = 24 * 60;
    private const int UsualMinutes = 60;

    /// <summary>
    /// POST /api/pipelines/{pipeline}/uploads {"name": "2026/march.csv", "minutes": 60}: 201 with a link that creates that one blob (PUT, with the headers that the answer
    /// names) within 1 to 1440 minutes, 60 if nothing is said. It does not overwrite, read, list or delete. The file is then taken in as any that is dropped.
    /// </summary>
    [Function("PostUpload")]
    public async Task<IActionResult> Post(
        [HttpTrigger(AuthorizationLevel.Admin, "post", Route = "api/pipelines/{pipeline}/uploads")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        (UploadWish? wish, string? fault) = await RequestBody.ReadAsync<UploadWish>(request, cancellation);
        if (wish is null)
        {
            return Problem.BadRequest(fault!);
        }

        if (UploadName.PathOf(pipeline, wish.Name) is not { } path)
        {
            return Problem.BadRequest($"'{wish.Name}' cannot be the name of an upload; expected {UploadName.Rule}.");
        }

        int minutes = wish.Minutes ?? UsualMinutes;
        if (minutes is < 1 or > MostMinutes)
        {
            return Problem.BadRequest($"'minutes' is {minutes}; expected a whole number from 1 to {MostMinutes}.");
        }

        if (await pipelines.GetAsync(pipeline, cancellation) is null)
        {
            return Problem.NoSpec(pipeline);
        }

        if (await links.SignAsync(path, TimeSpan.FromMinutes(minutes), cancellation) is not { } link)
        {
            return Problem.Conflict($"There is a file '{path}' already, and links do not overwrite; give the new one another name.");
        }

        // What is logged opens nothing: no address, no signature.
        string actor = Caller.Of(request, hosting.PlatformAuthentication);
        LogSigned(logger, path, link.ExpiresAt, actor);
        request.HttpContext.Response.Headers.CacheControl = "no-store";
        return Json.Ok(new UploadLinkAnswer(pipeline, path, link.Url, UploadLinkAnswer.PutHeaders, link.ExpiresAt, UploadLinks.LargestFile), StatusCodes.Status201Created);
    }

    [LoggerMessage(EventId = 101, Level = LogLevel.Information, Message = "A link that creates upload {Path} until {ExpiresAt:u} was given to {Actor}.")]
    private static partial void LogSigned(ILogger logger, string path, DateTimeOffset expiresAt, string actor);
}

/// <summary>Body of a wish for an upload link.</summary>
/// <param name="Name">Name of the file below the pipeline; may hold sub-folders.</param>
/// <param name="Minutes">How long the link opens.</param>
public sealed record UploadWish(string? Name, int? Minutes = null);

/// <summary>An upload link.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Path">Path of the blob in the container <c>uploads</c>.</param>
/// <param name="Url">Where to PUT the file. Whoever has it may use it.</param>
/// <param name="Headers">Headers that the PUT needs.</param>
/// <param name="ExpiresAt">When the link ends.</param>
/// <param name="LargestFile">Largest file that it takes, in bytes.</param>
public sealed record UploadLinkAnswer(string Pipeline, string Path, Uri Url, IReadOnlyDictionary<string, string> Headers, DateTimeOffset ExpiresAt, long LargestFile)
{
    /// <summary>What Put Blob asks for.</summary>
    internal static IReadOnlyDictionary<string, string> PutHeaders { get; } = new Dictionary<string, string> { ["x-ms-blob-type"] = "BlockBlob" };
}
