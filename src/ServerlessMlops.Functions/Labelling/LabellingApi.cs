using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Labelling;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Pipelines;

namespace ServerlessMlops.Functions.Labelling;

/// <summary>Requests for labels over HTTP.</summary>
public sealed class LabellingApi(LabelRequests requests, ILabelRequestStore store, IPipelineStore pipelines)
{
    /// <summary>GET /api/pipelines/{pipeline}/labelling: names of the requests, newest first.</summary>
    [Function("ListLabelRequests")]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/labelling")] HttpRequest request, string pipeline, CancellationToken cancellation) =>
        PipelineName.IsValid(pipeline) ? Json.Ok(await store.ListAsync(pipeline, cancellation)) : Problem.PipelineName(pipeline);

    /// <summary>GET /api/pipelines/{pipeline}/labelling/{name}: the request as CSV.</summary>
    [Function("GetLabelRequest")]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/labelling/{name}")] HttpRequest request,
        string pipeline,
        string name,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        return DayOf(name) is not null && await store.ReadAsync(pipeline, name, cancellation) is { } csv
            ? new FileContentResult(Encoding.UTF8.GetBytes(csv), "text/csv; charset=utf-8")
            : Problem.NotFound($"Pipeline '{pipeline}' has no request for labels '{name}'; GET /api/pipelines/{pipeline}/labelling lists them.");
    }

    /// <summary>POST /api/pipelines/{pipeline}/labelling?day=: asks for labels of a day now (default: yesterday). 201 with the file, or 200 with why there is none.</summary>
    [Function("PostLabelRequest")]
    public async Task<IActionResult> Post(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/pipelines/{pipeline}/labelling")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        string asked = request.Query["day"].ToString();
        if ((asked.Length == 0 ? requests.Yesterday() : DayOf(asked)) is not { } day)
        {
            return Problem.BadRequest($"Query parameter 'day' is '{asked}'; expected a date such as 2026-03-01.");
        }

        if (await pipelines.GetAsync(pipeline, cancellation) is null)
        {
            return Problem.NoSpec(pipeline);
        }

        try
        {
            LabelRequestOutcome outcome = await requests.WriteAsync(pipeline, day, cancellation);
            return Json.Ok(outcome, outcome.Path is null ? StatusCodes.Status200OK : StatusCodes.Status201Created);
        }
        catch (SpecFaultException fault)
        {
            return Problem.Conflict(fault.Message);
        }
    }

    private static DateOnly? DayOf(string text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day) ? day : null;
}
