using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Datasets;
using ServerlessMlops.Core.Feedback;
using ServerlessMlops.Core.Labelling;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Scoring;
using ServerlessMlops.Core.Scoring.Predictions;
using ServerlessMlops.Functions.Feedback;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Pipelines;
using ServerlessMlops.Functions.Scoring;

namespace ServerlessMlops.Functions.Labelling;

/// <summary>A prediction that waits for a person.</summary>
/// <param name="InferenceId">Its id.</param>
/// <param name="At">When it was answered.</param>
/// <param name="Version">By which version.</param>
/// <param name="Key">The pipeline's key, where the caller gave it.</param>
/// <param name="Decision">What was answered.</param>
/// <param name="Outputs">The model's outputs.</param>
/// <param name="Usefulness">How sure the model was; null where it does not say.</param>
/// <param name="Features">The inputs.</param>
public sealed record ReviewItem(
    string InferenceId, DateTimeOffset At, int Version, string? Key, string? Decision, IReadOnlyList<float> Outputs, Usefulness? Usefulness, JsonElement Features);

/// <summary>The queue.</summary>
/// <param name="Items">Predictions that wait, newest first.</param>
/// <param name="Hours">How many hours were searched; where there are more items than asked for, the older hours were not.</param>
public sealed record ReviewQueue(IReadOnlyList<ReviewItem> Items, int Hours);

/// <summary>What a person decided.</summary>
/// <param name="Label">The true class or value.</param>
/// <param name="Why">Why, for the record; may be absent.</param>
public sealed record ReviewDecision(string? Label, string? Why);

/// <summary>The review queue: predictions that a person shall look at and that have no label. A decision is a label as any other.</summary>
public sealed class ReviewsApi(
    UnlabelledRows unlabelled,
    ILabelStore labels,
    IModelRegistry registry,
    IModelStore models,
    PredictionLog log,
    SpecReader specs,
    HostingOptions hosting,
    TimeProvider time)
{
    private const int MostHours = 168;
    private const int LongestText = 1000;

    /// <summary>GET /api/pipelines/{pipeline}/reviews?hours=&amp;margin=&amp;top=: answers that were marked <c>needsReview</c> by the spec's rules (<c>scoring.review</c>), or with <c>margin</c> all decisions closer than that.</summary>
    [Function("ListReviews")]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/reviews")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        string hoursText = request.Query["hours"].ToString(), marginText = request.Query["margin"].ToString();
        if (Listing.PageSize(request) is not { } top)
        {
            return Listing.BadPageSize(request);
        }

        if (!int.TryParse(hoursText.Length == 0 ? "24" : hoursText, NumberStyles.None, CultureInfo.InvariantCulture, out int hours) || hours is < 1 or > MostHours)
        {
            return Problem.BadRequest($"Query parameter 'hours' is '{hoursText}'; expected 1 to {MostHours}.");
        }

        double? margin = null;
        if (marginText.Length > 0)
        {
            if (!double.TryParse(marginText, NumberStyles.Float, CultureInfo.InvariantCulture, out double given) || !(given is >= 0 and <= 1))
            {
                return Problem.BadRequest($"Query parameter 'margin' is '{marginText}'; expected a number from 0 to 1.");
            }

            margin = given;
        }

        try
        {
            return await specs.ReadAsync(pipeline, cancellation) is not null
                ? Json.Ok(await ReadAsync(pipeline, margin, hours, top, cancellation))
                : Problem.NoSpec(pipeline);
        }
        catch (SpecFaultException fault)
        {
            return Problem.Conflict(fault.Message);
        }
    }

    /// <summary>POST /api/pipelines/{pipeline}/reviews/{inferenceId}: the person's decision becomes a label. 202 with the run that joins it; a later decision corrects it.</summary>
    [Function("PostReview")]
    public async Task<IActionResult> Post(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/pipelines/{pipeline}/reviews/{inferenceId}")] HttpRequest request,
        string pipeline,
        string inferenceId,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        if (!InferenceId.IsValid(Encoding.UTF8.GetBytes(inferenceId)) || (InferenceId.TryParse(inferenceId, out InferenceId minted) && minted.Pipeline != pipeline))
        {
            return Problem.BadRequest($"'{inferenceId}' names no prediction of pipeline '{pipeline}'; GET /api/pipelines/{pipeline}/reviews lists those that wait.");
        }

        (ReviewDecision? decision, string? fault) = await RequestBody.ReadAsync<ReviewDecision>(request, cancellation);
        if (fault is not null || decision!.Label is not { Length: > 0 and <= LongestText } label || decision.Why?.Length > LongestText)
        {
            return Problem.BadRequest(fault ?? $"Expected {{\"label\": ..., \"why\": ...}}, the label in 1 to {LongestText} characters and the reason in at most as many.");
        }

        if ((await registry.GetHeadAsync(pipeline, cancellation)).Live is not { } live || await models.LoadCardAsync(pipeline, live.Version, cancellation) is not { } card)
        {
            return Problem.NotFound($"Pipeline '{pipeline}' has no live model, so nothing is predicted that could be reviewed.");
        }

        if (double.IsNaN(new OutcomeTally(card, []).Understand(label)))
        {
            string expected = card.Classes.Count == 0 ? "a number" : $"one of {string.Join(", ", card.Classes)}";
            return Problem.BadRequest($"'{label}' is no value of '{card.Target}'; expected {expected}.");
        }

        string by = Caller.Of(request, hosting.PlatformAuthentication);
        string at = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

        // Close calls are wrong oftener than others: what they turn out to be says nothing of how good the model is, so it counts 0 of that.
        byte[] csv = Encoding.UTF8.GetBytes(
            $"inferenceId,{CsvField.Quote(card.Target)},labelledAt,{LabelFile.WeightName},review.by,review.why\r\n{inferenceId},{CsvField.Quote(label)},{at},0,{CsvField.QuoteForeign(by)},{CsvField.QuoteForeign(decision.Why ?? "")}\r\n");
        Upload file = await labels.PutAsync($"{pipeline}/reviews/{ContentAddress.Short(ContentAddress.Of(csv))}.csv", csv, cancellation);
        await LabelsArrived.StartAsync(file, durable, cancellation);
        string runId = LabelsOrchestrator.RunIdOf(file);
        request.HttpContext.Response.Headers.Location = $"/api/pipelines/{pipeline}/runs/{runId}";
        return Json.Ok(new LabelsAnswer(pipeline, runId), StatusCodes.Status202Accepted);
    }

    private async Task<ReviewQueue> ReadAsync(string pipeline, double? margin, int hours, int top, CancellationToken cancellation)
    {
        await log.FlushAsync(pipeline, cancellation);
        var cards = new Dictionary<int, ModelCard?>();
        var items = new List<ReviewItem>();
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset newest = now.AddTicks(-(now.UtcTicks % TimeSpan.TicksPerHour));
        int searched = 0;
        for (; searched < hours && items.Count < top; searched++)
        {
            DateTimeOffset hour = newest.AddHours(-searched);
            List<PredictionSegmentName> segments = await unlabelled.SegmentsAsync(pipeline, [hour], cancellation);
            JoinedHour joined = segments.Count == 0 ? new JoinedHour() : await unlabelled.LabelsAsync(pipeline, hour, cancellation);
            var found = new List<ReviewItem>();
            foreach (PredictionSegmentName segment in segments)
            {
                foreach (LoggedPrediction row in await unlabelled.ReadAsync(segment, joined, cancellation))
                {
                    if (!cards.TryGetValue(row.Version, out ModelCard? card))
                    {
                        cards[row.Version] = card = await models.LoadCardAsync(pipeline, row.Version, cancellation);
                    }

                    Usefulness? usefulness = card is null ? null : Usefulness.Of(card.Task, row.Outputs, card.Threshold);
                    if (margin is null ? row.NeedsReview : usefulness?.Margin < margin)
                    {
                        found.Add(new ReviewItem(row.InferenceId, row.At, row.Version, row.Key, row.Decision, row.Outputs, usefulness, row.Features));
                    }
                }
            }

            items.AddRange(found.OrderByDescending(item => item.At).ThenBy(item => item.InferenceId, StringComparer.Ordinal));
        }

        return new ReviewQueue([.. items.Take(top)], searched);
    }
}
