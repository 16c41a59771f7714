using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Scoring;

namespace ServerlessMlops.Functions.Scoring;

/// <summary>Looks up predictions that were answered.</summary>
public sealed class PredictionsApi(PredictionLookup lookup)
{
    private const int DefaultHours = 24;

    /// <summary>
    /// GET /api/predictions/{inferenceId}: what was answered, by which version, on what evidence. An id that a caller made needs
    /// <c>?pipeline=NAME</c> and is searched for in the last <c>&amp;hours=N</c> (default 24).
    /// </summary>
    [Function("GetPrediction")]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/predictions/{inferenceId}")] HttpRequest request, string inferenceId, CancellationToken cancellation)
    {
        string? pipeline = request.Query["pipeline"];
        string? asked = request.Query["hours"];
        int hours = DefaultHours;
        if (asked is not null && (!int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out hours) || hours is < 1 or > PredictionLookup.MostHours))
        {
            return Refuse(request, $"'hours' is not a whole number from 1 to {PredictionLookup.MostHours}.");
        }

        if (pipeline is not null && !PipelineName.IsValid(pipeline))
        {
            return Refuse(request, $"'pipeline' cannot name a pipeline: expected {PipelineName.Rule}.");
        }

        (PredictionEvidence? found, ScoringProblem? problem) = await lookup.FindAsync(inferenceId, pipeline, hours, cancellation);
        return found is null
            ? ScoringProblemResult.Of(problem!, request)
            : new ContentResult
            {
                StatusCode = 200,
                ContentType = "application/json; charset=utf-8",
                Content = System.Text.Json.JsonSerializer.Serialize(found, MlopsJson.Options),
            };
    }

    private static IActionResult Refuse(HttpRequest request, string detail) =>
        ScoringProblemResult.Of(new ScoringProblem(400, "malformed-request", "The query cannot be understood", detail), request);
}
