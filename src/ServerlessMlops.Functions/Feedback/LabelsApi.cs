using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Feedback;

/// <summary>Labels over HTTP.</summary>
public sealed class LabelsApi(IPipelineStore pipelines, ILabelStore labels, IOutcomeStore outcomes, IModelRegistry registry, TimeProvider time)
{
    /// <summary>
    /// POST /api/pipelines/{pipeline}/labels: a body as a file of labels would be (CSV or JSON Lines). 202 with the run that joins it; the same body twice
    /// is the same run.
    /// </summary>
    [Function("PostLabels")]
    public async Task<IActionResult> Post(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/pipelines/{pipeline}/labels")] HttpRequest request,
        string pipeline,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        if (await pipelines.GetAsync(pipeline, cancellation) is null)
        {
            return Problem.NoSpec(pipeline);
        }

        if (await RequestBody.ReadBytesAsync(request, cancellation) is not { Length: > 0 } body)
        {
            return Problem.BadRequest($"The body is empty or larger than {RequestBody.MaxBytes} bytes; expected CSV or JSON Lines with 'inferenceId' or the key, and the target. Drop larger files under 'labels/{pipeline}/'.");
        }

        string name = ContentAddress.Short(ContentAddress.Of(body)) + (body[0] == (byte)'{' ? ".jsonl" : ".csv");
        Upload file = await labels.PutAsync($"{pipeline}/posted/{name}", body, cancellation);
        await LabelsArrived.StartAsync(file, durable, cancellation);
        string runId = LabelsOrchestrator.RunIdOf(file);
        request.HttpContext.Response.Headers.Location = $"/api/pipelines/{pipeline}/runs/{runId}";
        return Json.Ok(new LabelsAnswer(pipeline, runId), StatusCodes.Status202Accepted);
    }

    /// <summary>GET /api/pipelines/{pipeline}/labels?days=: how many predictions of the live version have their label, and how long those took.</summary>
    [Function("GetLabels")]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/labels")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        string asked = request.Query["days"].ToString();
        if (!int.TryParse(asked.Length == 0 ? "30" : asked, NumberStyles.None, CultureInfo.InvariantCulture, out int days) || days is < 1 or > 366)
        {
            return Problem.BadRequest($"Query parameter 'days' is '{asked}'; expected 1 to 366.");
        }

        if ((await registry.GetHeadAsync(pipeline, cancellation)).Live is not { } live)
        {
            return Problem.NotFound($"Pipeline '{pipeline}' has no live model, so nothing is predicted that labels could join with.");
        }

        DateTimeOffset until = time.GetUtcNow().AddHours(1);
        OutcomeCounts? sum = null;
        await foreach (OutcomeRow row in outcomes.ReadAsync(pipeline, live.Version, until.AddDays(-days), until, cancellation))
        {
            if (sum is null)
            {
                sum = row.Counts;
            }
            else
            {
                sum.Add(row.Counts);
            }
        }

        sum ??= new OutcomeCounts();
        return Json.Ok(new LabelCoverage(
            pipeline, live.Version, days, sum.Predictions, sum.Labelled, sum.Predictions == 0 ? 0 : (double)sum.Labelled / sum.Predictions,
            DelayGroups.Quantile(sum.Delays, 0.5)?.TotalHours, DelayGroups.Quantile(sum.Delays, 0.9)?.TotalHours));
    }
}

/// <summary>What posted labels are answered.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="RunId">The run that joins them.</param>
public sealed record LabelsAnswer(string Pipeline, string RunId);

/// <summary>How many labels have come.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="Version">The live version.</param>
/// <param name="Days">How far back.</param>
/// <param name="Predictions">Logged predictions in the hours that the joiner has looked at.</param>
/// <param name="Labelled">Those with a label.</param>
/// <param name="Coverage">Their share, 0 to 1.</param>
/// <param name="P50DelayHours">Half of the labels came within this, an upper bound; null where later than 90 days or without labels.</param>
/// <param name="P90DelayHours">Nine of ten, the same.</param>
public sealed record LabelCoverage(string Pipeline, int Version, int Days, long Predictions, long Labelled, double Coverage, double? P50DelayHours, double? P90DelayHours);
