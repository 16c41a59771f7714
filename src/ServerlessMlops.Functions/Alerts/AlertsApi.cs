using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using ServerlessMlops.Core;
using ServerlessMlops.Core.Alerts;
using ServerlessMlops.Core.Pipelines;
using ServerlessMlops.Core.Registry.Cards;
using ServerlessMlops.Core.Telemetry;
using ServerlessMlops.Functions.Hosting;
using ServerlessMlops.Functions.Registry;

namespace ServerlessMlops.Functions.Alerts;

/// <summary>Alerts over HTTP. The pipeline <c>_unassigned</c> holds those of no pipeline.</summary>
public sealed class AlertsApi(IAlertStore alerts, AlertPlanner planner, AlertRehearsal rehearsal, HostingOptions hosting)
{
    /// <summary>GET /api/pipelines/{pipeline}/alerts: latest beginning first. A page in a browser.</summary>
    [Function("ListAlerts")]
    public async Task<IActionResult> List(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/alerts")] HttpRequest request, string pipeline, CancellationToken cancellation)
    {
        if (!PipelineName.IsValidOrUnassigned(pipeline))
        {
            return Problem.PipelineName(pipeline);
        }

        if (Listing.PageSize(request) is not { } size)
        {
            return Listing.BadPageSize(request);
        }

        Page<Alert> page = await alerts.ListAsync(pipeline, size, Listing.Continuation(request), cancellation);
        return CardAnswer.PageOr(request, () => Json.Ok(page), () => ListPages.Alerts(pipeline, page));
    }

    /// <summary>GET /api/pipelines/{pipeline}/alerts/{id}: the alert, and how each notification that told it was delivered. A page in a browser.</summary>
    [Function("GetAlert")]
    public async Task<IActionResult> Get(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "api/pipelines/{pipeline}/alerts/{id}")] HttpRequest request,
        string pipeline,
        string id,
        CancellationToken cancellation)
    {
        if (Fault(pipeline, id) is { } fault)
        {
            return fault;
        }

        if (await alerts.GetAsync(pipeline, id, cancellation) is not { } alert)
        {
            return None(pipeline, id);
        }

        var deliveries = new List<AlertDelivery>();
        foreach (string notification in alert.Told.Select(told => told.Notification).Distinct())
        {
            deliveries.AddRange(await alerts.ListDeliveriesAsync(pipeline, notification, cancellation));
        }

        var view = new AlertView(alert, deliveries);
        return CardAnswer.PageOr(request, () => Json.Ok(view), () => ListPages.Of(view));
    }

    /// <summary>
    /// POST /api/pipelines/{pipeline}/alerts/{id}/acknowledge: somebody looks after it; no more reminders, and services that keep incidents are told.
    /// Repeating it changes nothing.
    /// </summary>
    [Function("AcknowledgeAlert")]
    public Task<IActionResult> Acknowledge(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/pipelines/{pipeline}/alerts/{id}/acknowledge")] HttpRequest request,
        string pipeline,
        string id,
        CancellationToken cancellation) => MoveAsync(request, pipeline, id, AlertMoves.Acknowledge, AlertState.Acknowledged, cancellation);

    /// <summary>POST /api/pipelines/{pipeline}/alerts/{id}/resolve: it is over, says a person. Should it be reported again, it begins anew.</summary>
    [Function("ResolveAlert")]
    public Task<IActionResult> Resolve(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/pipelines/{pipeline}/alerts/{id}/resolve")] HttpRequest request,
        string pipeline,
        string id,
        CancellationToken cancellation) => MoveAsync(request, pipeline, id, AlertMoves.Resolve, AlertState.Resolved, cancellation);

    /// <summary>POST /api/pipelines/{pipeline}/alerts/test: a trial notification to every destination of the pipeline, and what came of each.</summary>
    [Function("TestAlerts")]
    public async Task<IActionResult> Test(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "api/pipelines/{pipeline}/alerts/test")] HttpRequest request, string pipeline, CancellationToken cancellation) =>
        PipelineName.IsValidOrUnassigned(pipeline)
            ? Json.Ok(await rehearsal.RunAsync(pipeline, Caller.Of(request, hosting.PlatformAuthentication), cancellation))
            : Problem.PipelineName(pipeline);

    internal static bool IsId(string id) => id.Length == 16 && id.All(char.IsAsciiHexDigitLower);

    private async Task<IActionResult> MoveAsync(
        HttpRequest request, string pipeline, string id, Func<Alert, string, Alert> move, AlertState wanted, CancellationToken cancellation)
    {
        if (Fault(pipeline, id) is { } fault)
        {
            return fault;
        }

        string by = Caller.Of(request, hosting.PlatformAuthentication);
        Alert? before = null;
        Alert? alert = await alerts.UpdateAsync(pipeline, id, current => (before = current) is null ? null : move(current!, by), cancellation);
        if (alert is null)
        {
            return None(pipeline, id);
        }

        if (alert.State != wanted)
        {
            return Problem.Conflict($"Alert '{id}' of pipeline '{pipeline}' is over since {alert.LastAt:yyyy-MM-dd HH:mm} UTC; there is nothing to acknowledge.");
        }

        if (before?.State != alert.State)
        {
            MlopsTelemetry.AlertMoved(alert);
        }

        return Json.Ok(await planner.PlanAsync(alert, cancellation));
    }

    private static IActionResult? Fault(string pipeline, string id) => !PipelineName.IsValidOrUnassigned(pipeline)
        ? Problem.PipelineName(pipeline)
        : IsId(id) ? null : Problem.BadRequest($"'{id}' is no alert id; expected 16 hexadecimal digits, as GET /api/pipelines/{pipeline}/alerts lists them.");

    private static IActionResult None(string pipeline, string id) => Problem.NotFound($"Pipeline '{pipeline}' has no alert '{id}'.");
}
