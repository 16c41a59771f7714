using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Registry.Cards;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Registry;

/// <summary>Model cards for people, over HTTP.</summary>
public sealed class CardApi(IModelRegistry registry, IModelStore models, IRunLog runs)
{
    /// <summary>GET /api/pipelines/{pipeline}/models/{version}/card: an HTML page where the caller takes one (a browser), JSON where it asks for that, else Markdown.</summary>
    [Function("GetCard")]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/models/{version:int}/card")] HttpRequest request,
        string pipeline,
        int version,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        if (await registry.GetVersionAsync(pipeline, version, cancellation) is not { } row || await models.LoadCardAsync(pipeline, version, cancellation) is not { } card)
        {
            return Problem.NotFound($"Pipeline '{pipeline}' has no model version {version} with a card; GET /api/pipelines/{pipeline}/models lists those it has.");
        }

        return await CardAnswer.OfAsync(request, card, async () => CardContent.Of(new CardSources(
            card,
            row,
            [.. AliasMoves.Of(await registry.GetHeadAsync(pipeline, cancellation)).Where(a => a.Version == version).Select(a => a.Name)],
            await runs.GetAsync(pipeline, card.RunId, cancellation),
            await models.LoadSearchAsync(pipeline, card.RunId, cancellation))));
    }
}
