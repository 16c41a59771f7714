using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Pipelines;

/// <summary>Data sets over HTTP: what trainings saw.</summary>
public sealed class DatasetsApi(IDatasetStore datasets)
{
    /// <summary>GET /api/pipelines/{pipeline}/datasets?top=50&amp;next=...: ids with rows and batches, in the order of their ids, which are hashes.</summary>
    [Function("ListDatasets")]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/datasets")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        if (Listing.PageSize(request) is not { } top)
        {
            return Listing.BadPageSize(request);
        }

        string after = Listing.Continuation(request) ?? "";
        string[] ids = [.. (await datasets.ListDatasetsAsync(pipeline, cancellation)).Where(id => string.CompareOrdinal(id, after) > 0).Order(StringComparer.Ordinal).Take(top + 1)];
        var items = new List<DatasetItem>();
        foreach (string id in ids.Take(top))
        {
            if (await datasets.GetManifestAsync(pipeline, id, cancellation) is { } manifest)
            {
                items.Add(new DatasetItem(id, manifest.Rows, manifest.Batches.Count, manifest.SpecHash));
            }
        }

        return Json.Ok(new Page<DatasetItem>(items, ids.Length > top ? ids[top - 1] : null));
    }

    /// <summary>GET /api/pipelines/{pipeline}/datasets/{id}: the manifest, and how training on it ended.</summary>
    [Function("GetDataset")]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/datasets/{id}")] HttpRequest request, string pipeline, string id, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        // An id is a hash; anything else would be a path into the container.
        return id.Length == ContentAddress.Length && id.All(char.IsAsciiHexDigitLower) && await datasets.GetManifestAsync(pipeline, id, cancellation) is { } manifest
            ? Json.Ok(new DatasetView(id, manifest, await datasets.GetOutcomeAsync(pipeline, id, cancellation)))
            : Problem.NotFound($"Pipeline '{pipeline}' has no data set '{id}'. GET /api/pipelines/{pipeline}/datasets lists what it has.");
    }
}

/// <summary>A data set in a listing.</summary>
/// <param name="Id">Content address.</param>
/// <param name="Rows">Rows of its batches, before any is left out.</param>
/// <param name="Batches">Number of batches.</param>
/// <param name="SpecHash">Hash of the spec that it was assembled by.</param>
public sealed record DatasetItem(string Id, long Rows, int Batches, string SpecHash);

/// <summary>A data set.</summary>
/// <param name="Id">Content address.</param>
/// <param name="Manifest">What it is made of.</param>
/// <param name="Outcome">How training on it ended; null where it has not.</param>
public sealed record DatasetView(string Id, DatasetManifest Manifest, DatasetOutcome? Outcome);
