using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Functions.Hosting;

namespace ServerlessMlops.Functions.Alerts;

/// <summary>Silences over HTTP.</summary>
public sealed class SilencesApi(IAlertStore alerts, HostingOptions hosting, TimeProvider time)
{
    private const int LongestText = 1000;

    /// <summary>GET /api/pipelines/{pipeline}/silences?all=: those in force, that which ends last first; with all=true those that are over too.</summary>
    [Function("ListSilences")]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/silences")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValidOrUnassigned(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        bool all = request.Query["all"].ToString() is "true" or "1";
        List<Silence> silences = await ReadAsync(pipeline, cancellation);
        return Json.Ok(silences.Where(s => all || s.IsActive(time.GetUtcNow())).OrderByDescending(s => s.Until).ThenBy(s => s.Id, StringComparer.Ordinal).ToArray());
    }

    /// <summary>POST /api/pipelines/{pipeline}/silences: 201 with the silence; the same asked twice is one.</summary>
    [Function("PostSilence")]
    public async Task<IActionResult> Post(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/pipelines/{pipeline}/silences")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValidOrUnassigned(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        (SilenceWish? wish, string? fault) = await RequestBody.ReadAsync<SilenceWish>(request, cancellation);
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset? until = wish?.Until;
        if (wish is { Until: null, For: { } span })
        {
            until = SpecDuration.TryParse(span, out TimeSpan length) ? now + length : null;
        }

        fault ??= Fault(wish!, until, now);
        if (fault is not null)
        {
            return Problem.BadRequest(fault);
        }

        Silence silence = Silence.Of(pipeline, wish!.Topic, wish.Subject, until!.Value.ToUniversalTime(), wish.Why!, Caller.Of(request, hosting.PlatformAuthentication), now);
        await alerts.SaveSilenceAsync(silence, cancellation);
        return Json.Ok(silence, StatusCodes.Status201Created);
    }

    /// <summary>DELETE /api/pipelines/{pipeline}/silences/{id}: ends it now; it stays on the record. What still holds is told with its next report.</summary>
    [Function("EndSilence")]
    public async Task<IActionResult> End(
        [HttpTrigger(AuthorizationLevel.Function, "delete", Route = "api/pipelines/{pipeline}/silences/{id}")] HttpRequest request,
        string pipeline,
        string id,
        CancellationToken cancellation)
    {
        if (!PipelineName.IsValidOrUnassigned(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        if ((await ReadAsync(pipeline, cancellation)).Find(silence => silence.Id == id) is not { } found)
        {
            return Problem.NotFound($"Pipeline '{pipeline}' has no silence '{id}'; GET /api/pipelines/{pipeline}/silences lists them.");
        }

        DateTimeOffset now = time.GetUtcNow();
        if (found.IsActive(now))
        {
            found = found with { Until = now };
            await alerts.SaveSilenceAsync(found, cancellation);
        }

        return Json.Ok(found);
    }

    private async Task<List<Silence>> ReadAsync(string pipeline, CancellationToken cancellation)
    {
        var silences = new List<Silence>();
        await foreach (Silence silence in alerts.ListSilencesAsync(pipeline, cancellation))
        {
            silences.Add(silence);
        }

        return silences;
    }

    private static string? Fault(SilenceWish wish, DateTimeOffset? until, DateTimeOffset now)
    {
        if (until is not { } end)
        {
            return wish.For is null
                ? "A silence has an end: give 'for' (such as \"2h\") or 'until' (such as \"2026-03-01T12:00:00Z\")."
                : $"'for' is '{wish.For}'; expected a period such as \"30m\", \"2h\" or \"3d\".";
        }

        if (end <= now || end > now + Silence.Longest)
        {
            return $"The silence would end at {end.UtcDateTime:yyyy-MM-dd HH:mm} UTC; expected a time after now and within {Silence.Longest.TotalDays:0} days.";
        }

        if (string.IsNullOrWhiteSpace(wish.Why) || wish.Why.Length > LongestText)
        {
            return $"'why' says for the record why nobody shall be told; expected 1 to {LongestText} characters.";
        }

        return wish.Subject is { } subject && (subject.Length is 0 or > LongestText)
            ? $"'subject' has {subject.Length} characters; expected 1 to {LongestText}, or none for all subjects."
            : null;
    }
}
