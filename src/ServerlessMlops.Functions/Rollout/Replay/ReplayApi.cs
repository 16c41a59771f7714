using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry;
using ServerlessMlops.Core.Rollout.Replay;
using ServerlessMlops.Core.Runs;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Rollout.Replay;

/// <summary>Replays over HTTP.</summary>
public sealed class ReplayApi(IModelStore models, IReplayStore replays, IRunLog runs, TimeProvider time)
{
    private static readonly TimeSpan DefaultPeriod = TimeSpan.FromHours(24);

    /// <summary>
    /// POST /api/pipelines/{pipeline}/replays {"version": 2, "from": "...", "to": "...", "labels": {"key": "label"}}: scores the logged requests of a
    /// period (default: the last 24 hours; 7 days at most) again by a version. Answers with the run; asking the same again answers with the same run.
    /// </summary>
    [Function("StartReplay")]
    public async Task<IActionResult> Start(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/pipelines/{pipeline}/replays")] HttpRequest request,
        string pipeline,
        [DurableClient] DurableTaskClient durable,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        (ReplayBody? body, string? fault) = await RequestBody.ReadAsync<ReplayBody>(request, cancellation);
        if (body?.Version is not { } version)
        {
            return Problem.BadRequest(fault ?? "The body names no version; expected {\"version\": 2, \"from\": \"2026-01-01T00:00:00Z\", \"to\": \"2026-01-02T00:00:00Z\"}.");
        }

        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset to = body.To is { } until && until < now ? until : now;
        DateTimeOffset from = body.From ?? to - DefaultPeriod;
        if (from >= to || to - from > ReplayRequest.Longest)
        {
            return Problem.BadRequest($"The period from {from.UtcDateTime:u} to {to.UtcDateTime:u} is {(from >= to ? "empty" : "too long")}; expected 'from' before 'to', at most {ReplayRequest.Longest.TotalDays:0} days apart.");
        }

        if (await models.LoadCardAsync(pipeline, version, cancellation) is null)
        {
            return Problem.NoVersion(pipeline, version);
        }

        var replay = new ReplayRequest(pipeline, version, from, to, body.Labels ?? new Dictionary<string, string>());
        await replays.SaveRequestAsync(replay, cancellation);
        await durable.StartOnceAsync(nameof(ReplayOrchestrator), replay.RunId, new ReplayInput(pipeline, replay.RunId, version, replay.Hours()), cancellation);
        request.HttpContext.Response.Headers.Location = $"/api/pipelines/{pipeline}/replays/{replay.RunId}";
        return Json.Ok(new ReplayStarted(pipeline, replay.RunId), StatusCodes.Status202Accepted);
    }

    /// <summary>GET /api/pipelines/{pipeline}/replays/{id}: the report; 202 with the run while it is made.</summary>
    [Function("GetReplay")]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/replays/{id}")] HttpRequest request, string pipeline, string id, CancellationToken cancellation)
    {
        if (!PipelineName.IsValid(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        if (await replays.LoadReportAsync(pipeline, id, cancellation) is { } report)
        {
            return Json.Ok(report);
        }

        Run? run = await runs.GetAsync(pipeline, id, cancellation);
        return run is { IsEnded: true } ? Problem.Conflict($"Replay '{id}' ended without a report: {run.Reason}")
            : run is not null || await replays.LoadRequestAsync(pipeline, id, cancellation) is not null ? Json.Ok(new ReplayStarted(pipeline, id), StatusCodes.Status202Accepted)
            : Problem.NotFound($"Pipeline '{pipeline}' has no replay '{id}'; POST /api/pipelines/{pipeline}/replays makes one.");
    }
}

/// <summary>Body of a replay.</summary>
/// <param name="Version">The version that scores again.</param>
/// <param name="From">Begin of the period; by default 24 hours before its end.</param>
/// <param name="To">Its end; by default, and at most, now.</param>
/// <param name="Labels">What came true, by key.</param>
public sealed record ReplayBody(int? Version, DateTimeOffset? From, DateTimeOffset? To, IReadOnlyDictionary<string, string>? Labels);

/// <summary>A replay that has been asked for.</summary>
/// <param name="Pipeline">The pipeline.</param>
/// <param name="RunId">Its run, and where its report will be.</param>
public sealed record ReplayStarted(string Pipeline, string RunId);
